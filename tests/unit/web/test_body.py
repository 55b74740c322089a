"""Forms: the server sees exactly what the client sent."""

from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.domain.refusal import Refusal
from pointsman.server.asgi import body_limit
from pointsman.web.body import FIELDS_MOST, parse_form


@pytest.mark.parametrize(
    ("raw", "fields"),
    [
        (b"", {}),
        (b"A=1&A=2&B=3", {"A": ["1", "2"], "B": ["3"]}),
        (b"A=&B&C=1", {"A": [""], "B": [""], "C": ["1"]}),
        (b"A=a+b%2Bc%20d", {"A": ["a b+c d"]}),
        (b"na%2Bme=x%5B0%5D", {"na+me": ["x[0]"]}),
        (b"A=%zz&B=%", {"A": ["%zz"], "B": ["%"]}),
        (b"A=a=b", {"A": ["a=b"]}),
        ("A=é".encode(), {"A": ["é"]}),
        (b"A=%EF%BF%BD", {"A": ["\ufffd"]}),
    ],
)
def test_forms(raw: bytes, fields: dict[str, list[str]]) -> None:
    assert parse_form(raw) == fields


@pytest.mark.parametrize("raw", [b"A=%FF", b"A=\xff", b"%C3=1", b"A=1&B=%E2%82"])
def test_bad_utf8_is_refused(raw: bytes) -> None:
    with pytest.raises(Refusal, match="UTF-8") as caught:
        parse_form(raw)
    assert caught.value.status == 400


def test_the_number_of_fields_is_bounded() -> None:
    assert len(parse_form(urlencode([(f"f{n}", n) for n in range(FIELDS_MOST)]).encode())) == FIELDS_MOST
    with pytest.raises(Refusal, match="fields"):
        parse_form(urlencode([(f"f{n}", n) for n in range(FIELDS_MOST + 1)]).encode())


@given(st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=8))
def test_what_was_encoded_is_decoded(pairs: list[tuple[str, str]]) -> None:
    raw = urlencode(pairs).encode()
    expected: dict[str, list[str]] = {}
    for name, value in parse_qsl(raw.decode(), keep_blank_values=True, errors="strict"):
        expected.setdefault(name, []).append(value)
    assert parse_form(raw) == expected


def test_a_workflow_may_be_larger_than_the_rest() -> None:
    assert body_limit("/v1/Workspaces/WS1/Tasks", 1_000) == 1_000
    assert body_limit("/v1/Workspaces/WS1/Workflows/WW1", 1_000) >= 3 * 1_038_576
