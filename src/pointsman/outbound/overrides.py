"""Connection overrides: what the fragment of a callback's URL says about time-outs and retries.

`https://example.com/events#ct=2000&rp=5xx,ct&rc=3`: Twilio's Webhooks Connection Overrides. The fragment is never sent
nor signed. `sni` (always sent) and `e` (there is one place to connect from) are known and change nothing.
"""

from __future__ import annotations

import re
from functools import lru_cache

import msgspec

FAILURES = frozenset({"4xx", "5xx", "ct", "rt", "all"})

_PAIRS_MOST = 20
_RANGES = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}
_WITHOUT_EFFECT = frozenset({"sni", "e"})


class Overrides(msgspec.Struct, frozen=True):
    """Time-outs in milliseconds; `retries` and `policy` are None where the URL does not speak of retries."""

    connect: int = 5_000
    read: int = 15_000
    total: int = 15_000
    retries: int | None = None
    policy: frozenset[str] | None = None
    ignored: tuple[str, ...] = ()
    """What could not be understood: defaults hold in its place."""

    @property
    def speak_of_retries(self) -> bool:
        """The URL says itself what is tried again."""
        return self.retries is not None or self.policy is not None

    def allow_retry(self, failure: str, tried: int) -> bool:
        """Whether Twilio would try again after the `tried`-th try ended in 4xx, 5xx, ct or rt."""
        retries = 1 if self.retries is None else self.retries
        policy = self.policy or frozenset({"ct"})
        return tried <= retries and (failure in policy or "all" in policy)


NONE = Overrides()


@lru_cache(maxsize=1_000)
def split(url: str) -> tuple[str, Overrides]:
    """The URL without its fragment, and what the fragment says. A value out of its range counts as not given."""
    bare, _, fragment = url.partition("#")
    return bare, _parsed(fragment) if fragment else NONE


def _parsed(fragment: str) -> Overrides:
    numbers: dict[str, int] = {}
    policy: frozenset[str] | None = None
    ignored: list[str] = []
    for pair in fragment.split("&", _PAIRS_MOST)[:_PAIRS_MOST]:
        name, _, value = pair.partition("=")
        if name in _RANGES and (number := _number(value, *_RANGES[name])) is not None:
            numbers[name] = number
        elif name == "rp" and (words := frozenset(value.split(","))) <= FAILURES:
            policy = words
        elif name not in _WITHOUT_EFFECT:
            ignored.append(pair[:100])
    return Overrides(
        numbers.get("ct", NONE.connect),
        numbers.get("rt", NONE.read),
        numbers.get("tt", NONE.total),
        numbers.get("rc"),
        policy,
        tuple(ignored),
    )


def _number(text: str, least: int, most: int) -> int | None:
    number = int(text) if re.fullmatch(r"[0-9]{1,5}", text) else -1
    return number if least <= number <= most else None
