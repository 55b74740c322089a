"""Connection overrides in the fragment of a callback's URL."""

from __future__ import annotations

import pytest

from pointsman.outbound.overrides import NONE, Overrides, split


def test_a_url_without_a_fragment_has_twilios_defaults() -> None:
    assert split("https://example.com/a?b=c") == ("https://example.com/a?b=c", NONE)
    assert (NONE.connect, NONE.read, NONE.total, NONE.speak_of_retries) == (5_000, 15_000, 15_000, False)


def test_every_override_is_read() -> None:
    url, how = split("https://example.com/a#ct=100&rt=15000&tt=2000&rc=5&rp=4xx,rt&sni=n&e=ashburn,dublin")
    assert url == "https://example.com/a"
    assert how == Overrides(100, 15_000, 2_000, 5, frozenset({"4xx", "rt"}))
    assert how.speak_of_retries


@pytest.mark.parametrize(
    "pair",
    ["ct=99", "ct=10001", "rt=15001", "tt=0", "rc=6", "rc=-1", "rc=", "rc=1.0", "rc=٣", "rp=", "rp=3xx", "rp=ct;rt",
     "CT=200", "x=1", "top"],
)  # fmt: skip
def test_what_is_out_of_its_range_counts_as_not_given_and_is_told(pair: str) -> None:
    assert split(f"http://h/#rt=200&{pair}") == ("http://h/", Overrides(read=200, ignored=(pair,)))


def test_a_long_fragment_is_read_no_further_than_twenty_pairs() -> None:
    _, how = split("http://h/#" + "x=1&" * 1_000 + "rc=2")
    assert (how.retries, len(how.ignored)) == (None, 20)


@pytest.mark.parametrize(
    ("fragment", "failure", "retries"),
    [
        ("rc=2", "ct", 2),
        ("rc=2", "5xx", 0),  # Twilio's default policy is ct
        ("rc=0", "ct", 0),
        ("rp=5xx", "5xx", 1),  # and its default count is 1
        ("rp=5xx", "ct", 0),
        ("rc=5&rp=all", "4xx", 5),
        ("rc=3&rp=ct,rt", "rt", 3),
    ],
)
def test_retries_are_as_twilio_documents_them(fragment: str, failure: str, retries: int) -> None:
    _, how = split(f"http://h/#{fragment}")
    assert [how.allow_retry(failure, tried) for tried in range(1, 8)] == [tried <= retries for tried in range(1, 8)]
