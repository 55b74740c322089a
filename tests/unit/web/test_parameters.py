"""Typed readers: what they take, and that they name the parameter they refuse."""

from collections.abc import Callable
from typing import Any

import pytest

from pointsman.domain.refusal import Refusal
from pointsman.web.parameters import Parameters

SID = "WK" + "0a" * 16


def of(value: str) -> Parameters:
    return Parameters({"P": [value]})


@pytest.mark.parametrize(
    ("read", "text", "value"),
    [
        (Parameters.text, "", ""),
        (Parameters.whole, "007", 7),
        (Parameters.whole, "-5", -5),
        (Parameters.whole, "", None),
        (Parameters.number, "1.5", 1.5),
        (Parameters.boolean, "TRUE", True),
        (Parameters.boolean, "no", False),
        (Parameters.truth, "yes", True),
        (Parameters.truth, "1", True),
        (Parameters.truth, "sure", False),
        (Parameters.truth, "", None),
        (Parameters.date, "1970-01-02", 86_400_000_000),
        (Parameters.date, "1970-01-01T00:00:01Z", 1_000_000),
        (Parameters.date, "1970-01-01T01:00:00+01:00", 0),
        (Parameters.date, "1970-01-01T00:00:00.25Z", 250_000),
        (lambda p, n: p.sid(n, "WK", "WQ"), SID, SID),
        (lambda p, n: p.choices(n, ("a", "b")), "a, b", {"a", "b"}),
        (lambda p, n: p.choices(n, ("a", "b")), "", None),
    ],
)
def test_what_can_be_read(read: Callable[[Parameters, str], Any], text: str, value: Any) -> None:
    assert read(of(text), "P") == value
    assert Parameters({}).text("P") is None


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (Parameters.whole, "1.0"),
        (Parameters.whole, " 1"),
        (Parameters.whole, "1" * 19),
        (Parameters.whole, "٣"),
        (Parameters.number, "one"),
        (Parameters.boolean, "maybe"),
        (Parameters.date, "tomorrow"),
        (Parameters.date, "2020-13-01"),
        (lambda p, n: p.sid(n, "WQ"), SID),
        (lambda p, n: p.sid(n, "WK"), SID[:-1]),
        (lambda p, n: p.sid(n, "WK"), SID + "0"),
        (lambda p, n: p.sid(n, "WK"), SID[:-1] + "g"),
        (lambda p, n: p.choice(n, ("a",)), "A"),
        (lambda p, n: p.choices(n, ("a",)), "a,c"),
    ],
)
def test_what_cannot_be_read_names_the_parameter(read: Callable[[Parameters, str], Any], text: str) -> None:
    with pytest.raises(Refusal, match=r"\bP\b") as caught:
        read(of(text), "P")
    assert (caught.value.status, caught.value.code) == (400, 20001)


def test_a_repeated_single_value_is_the_last_one() -> None:
    assert Parameters({"P": ["1", "2"]}).whole("P") == 2


def test_a_missing_required_one_is_named() -> None:
    with pytest.raises(Refusal, match="FriendlyName"):
        Parameters({}).required("FriendlyName")
