"""The cyclic collector, kept from stopping the server for long.

Tasks and workers are freed without it, but it would look at each of them again and again: a second for half a million.
So what has outlived a collection that took long is frozen, which takes it out of the collector's sight; and now and
then all is thawed, for what only a collection can free may have been frozen as well.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Iterator
from contextlib import contextmanager
from time import thread_time

LONG_SECONDS = 0.003
"""CPU time of a collection after which the survivors are frozen."""
THRESHOLDS = (700, 10, 3)
"""Python's own, but for the last: a full collection comes after 20,000 new objects and not after 70,000."""
THAW_SECONDS = 86_400.0

_begun = 0.0


@contextmanager
def paused() -> Iterator[None]:
    """No collections while very much is built that will stay; what there is afterwards is frozen."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()


def keep_pauses_short() -> None:
    """From now on, for the whole process."""
    gc.set_threshold(*THRESHOLDS)
    if _freeze_after_long not in gc.callbacks:
        gc.callbacks.append(_freeze_after_long)


async def keep_thawing() -> None:
    """Once a day, everything is looked at: a pause of about a microsecond for each waiting task."""
    while True:
        await asyncio.sleep(THAW_SECONDS)
        gc.unfreeze()
        gc.collect()


def _freeze_after_long(phase: str, info: dict[str, int]) -> None:
    global _begun
    if info["generation"] != 2:
        return
    if phase == "start":
        _begun = thread_time()
    elif thread_time() - _begun > LONG_SECONDS:
        gc.freeze()
