"""Advancing a virtual clock: from one due instant to the next, with everything at rest in between."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.turns import Turns


async def advance(clock: VirtualClock, turns: Turns, at_rest: Callable[[], Awaitable[None]], by: int) -> int:
    """Move the clock on by so many microseconds; answers the new time."""
    target = clock.now() + by
    await at_rest()
    while (due := turns.next_due()) is not None and due <= target:
        clock.reach(due)
        await at_rest()
    clock.reach(target)
    return clock.now()
