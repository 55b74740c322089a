"""When a callback that failed is tried again (ruling 14), unless its URL says so itself (`rc`, `rp`, `tt`)."""

from __future__ import annotations

import random

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.outbound.overrides import Overrides

OLDEST = 4 * 3600 * SECOND
"""An event of this age is given up."""
TRIES_IF_REFUSED = 3
"""So often the other side may answer that it does not want it."""
FIRST_PAUSE, LONGEST_PAUSE = SECOND // 2, 60 * SECOND
PASSING = frozenset({408, 425, 429})
"""Answers of the 400s that may be different the next time."""
ENDPOINTS = frozenset({429, 502, 503, 504})
"""Answers that are about the endpoint and not about the event."""


class Outcome(msgspec.Struct, frozen=True):
    """How a try ended: with a status, or (status 0) without an answer, for a reason of outbound/failures.py."""

    status: int = 0
    kind: str = ""
    code: int = 0
    text: str = ""

    @property
    def delivered(self) -> bool:
        return 200 <= self.status < 300

    @property
    def may_pass(self) -> bool:
        """The other side did not get it, or asks for patience."""
        return self.status >= 500 or self.status in PASSING or (self.status == 0 and self.kind != "forbidden")

    @property
    def is_down(self) -> bool:
        """It is the endpoint that fails, whatever the event."""
        return self.status in ENDPOINTS or (self.status == 0 and self.kind != "forbidden")

    @property
    def failure(self) -> str:
        """Twilio's name for it in a retry policy; empty for what only `all` covers."""
        if self.status:
            return "5xx" if self.status >= 500 else "4xx" if self.status >= 400 else ""
        return {"connect": "ct", "tls": "ct", "timeout": "rt", "closed": "rt"}.get(self.kind, "")


def next_try(
    outcome: Outcome, how: Overrides, tried: int, begun: int, born: int, now: int, chance: random.Random
) -> int | None:
    """When to try again what failed for the `tried`-th time; None to give up.

    `begun` is the time of the first try, `born` that of the event.
    """
    due = now + _pause(tried, chance)
    if how.speak_of_retries:
        again = how.allow_retry(outcome.failure, tried) and due < begun + how.total * 1000
    else:
        again = outcome.may_pass or tried < TRIES_IF_REFUSED
    return due if again and due < born + OLDEST else None


def _pause(tried: int, chance: random.Random) -> int:
    """Twice as long each time; between half and all of it, so that many that failed at once do not return at once."""
    whole = min(LONGEST_PAUSE, FIRST_PAUSE << min(tried - 1, 20))
    return round(whole * chance.uniform(0.5, 1.0))
