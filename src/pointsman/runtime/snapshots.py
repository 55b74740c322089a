"""Snapshots: the tables of a stream as of some seq, so that a start need not replay everything.

A child process makes them while the server runs: it replays from the last one, which checks replay every time.
"""

from __future__ import annotations

import asyncio
import sys

import structlog

from pointsman.domain.limits import SECOND
from pointsman.journal.port import Journal, Snapshot
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.lane import Lane
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

FACTS_BETWEEN = 50_000
FACTS_AT_STOP = 1_000
DAY = 86_400 * SECOND
KEPT_LATEST = 2
CHILD_SECONDS = 600.0


class Snapshots:
    def __init__(self, journal: Journal, settings: Settings) -> None:
        self._journal = journal
        self._settings = settings

    async def take(self, lane: Lane) -> None:
        """At the end: in this process, if it spares the next start something."""
        engine = lane.engine
        if engine is None or engine.head != lane.durable or engine.head - lane.snapshot_at < FACTS_AT_STOP:
            return
        await self._save(lane, Snapshot(lane.stream, engine.head, engine.now, engine.snapshot()))

    async def take_if_due(self, lane: Lane, now: int) -> None:
        """While running: by a child, every so many facts."""
        if lane.durable - lane.snapshot_at < FACTS_BETWEEN or not isinstance(self._journal, SqliteJournal):
            return
        snapshot = await _from_child(str(self._journal.path), lane.stream)
        if snapshot is not None:
            await self._save(lane, snapshot)
            await self._thin_out(lane, now)

    async def _save(self, lane: Lane, snapshot: Snapshot) -> None:
        await self._journal.save_snapshot(snapshot)
        lane.snapshot_at = snapshot.seq

    async def _thin_out(self, lane: Lane, now: int) -> None:
        """Keep the latest ones, and one a day for as long as events are kept."""
        taken = await self._journal.snapshots(lane.stream)
        oldest_day = (now - self._settings.retention_days * DAY) // DAY
        days: set[int] = set()
        for seq, at in taken[:-KEPT_LATEST]:
            day = at // DAY
            if day in days or day < oldest_day:
                await self._journal.drop_snapshot(lane.stream, seq)
            days.add(day)


async def _from_child(path: str, stream: str) -> Snapshot | None:
    """Ask a child for a snapshot of what is on disk now; None if it fails."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pointsman.runtime.snapshot_child",
        path,
        stream,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(CHILD_SECONDS):
            output, _ = await child.communicate()
    except TimeoutError:
        child.kill()
        output = b""
    head, found, body = output.partition(b"\n")
    if child.returncode != 0 or not found:
        log.error("snapshot.failed", stream=stream, code=child.returncode)
        return None
    seq, at = map(int, head.split())
    return Snapshot(stream, seq, at, body)
