"""The server's time, which a virtual clock lets a client advance."""

from __future__ import annotations

import math

from pointsman.domain.refusal import Refusal, not_found
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.node import Node

MOST_SECONDS = 315_360_000.0
"""Ten years at a time."""


def read(node: Node) -> int:
    """The time in microseconds; 404 when the clock is real."""
    _check(node)
    return node.clock.now()


async def advance(node: Node, seconds: float) -> int:
    """Run everything that is due within so many seconds, in order, and answer the new time in microseconds."""
    _check(node)
    if not (math.isfinite(seconds) and 0 <= seconds <= MOST_SECONDS):
        raise Refusal(f"Advance must be between 0 and {MOST_SECONDS:.0f} seconds")
    return await node.advance(seconds)


def _check(node: Node) -> None:
    if not isinstance(node.clock, VirtualClock):
        raise not_found("/pointsman/v1/Clock")
