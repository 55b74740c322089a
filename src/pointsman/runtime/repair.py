"""Repair: an engine that raised something unforeseen is dropped, and rebuilt from the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from pointsman.engine.core.stream import Ids, TimerFailed
from pointsman.journal.port import Journal
from pointsman.runtime.commit import CommitLoop
from pointsman.runtime.lane import Lane
from pointsman.runtime.loading import load
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Real seconds before the second rebuild of a lane that has not come to rest since, doubled for each further one."""

Rebuilt = Callable[[Lane, TimerFailed | None], None]
"""Told when a lane has an engine again, with the timer that had spoilt the last one."""


class Repair:
    def __init__(self, journal: Journal, commit: CommitLoop, settings: Settings, ids: Ids, rebuilt: Rebuilt) -> None:
        self._journal = journal
        self._commit = commit
        self._settings = settings
        self._ids = ids
        self._rebuilt = rebuilt
        self._tasks: set[asyncio.Task[None]] = set()

    def spoilt(self, lane: Lane, failure: TimerFailed | None = None) -> None:
        """Drop the engine, with what it had not handed over."""
        lane.engine = None
        self.rebuild(lane, failure)

    def rebuild(self, lane: Lane, failure: TimerFailed | None = None) -> asyncio.Task[None]:
        """The task that rebuilds the lane; it ends with or without success, and is followed by another without."""
        if lane.rebuild is None:
            lane.rebuild = asyncio.create_task(self._run(lane, failure))
            self._tasks.add(lane.rebuild)
            lane.rebuild.add_done_callback(self._tasks.discard)
        return lane.rebuild

    async def stop(self) -> None:
        """End what is under way."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, lane: Lane, failure: TimerFailed | None) -> None:
        if lane.rebuilds:
            await asyncio.sleep(min(FIRST_PAUSE * 2 ** min(lane.rebuilds - 1, 10), LONGEST_PAUSE))
        lane.rebuilds += 1
        try:
            while lane.decided > lane.durable:  # what earlier commands were promised is still on its way
                await self._commit.idle()
                await asyncio.sleep(0)
            await load(self._journal, lane, self._settings, self._ids)
        except Exception:
            log.exception("lane.rebuild-failed", stream=lane.stream)
            lane.rebuild = None
            self.rebuild(lane, failure)
        else:
            lane.rebuild = None
            self._rebuilt(lane, failure)
