"""Snapshots: the tables of a stream as of some seq, so that a start need not replay everything.

A child process makes them while the server runs: it replays from the last one, which checks replay every time.
"""

from __future__ import annotations

import asyncio
import sys

import structlog

from pointsman.domain.limits import SECOND
from pointsman.engine.core.stream import StreamEngine
from pointsman.journal.port import Journal, Snapshot
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.lane import Lane

log = structlog.get_logger(__name__)

FACTS_BETWEEN = 50_000
FACTS_AT_STOP = 1_000
DAY = 86_400 * SECOND
KEPT_LATEST = 2
CHILD_SECONDS = 600.0


class Snapshots:
    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def take_at_stop(self, lane: Lane) -> None:
        """In this process, if it spares the next start something."""
        engine = lane.engine
        if engine is not None and engine.head == lane.durable and engine.head - lane.snapshot_seq >= FACTS_AT_STOP:
            await self._save(lane, _of(engine))

    async def take_if_due(self, lane: Lane, now: int) -> None:
        """Every so many facts, and once a day if there were any."""
        engine, behind = lane.engine, lane.durable - lane.snapshot_seq
        if engine is None or not (behind >= FACTS_BETWEEN or (behind > 0 and now - lane.snapshot_at >= DAY)):
            return
        if isinstance(self._journal, SqliteJournal):
            snapshot = await _from_child(str(self._journal.path), lane.stream)
        else:
            snapshot = _of(engine) if engine.head == lane.durable else None
        if snapshot is not None:
            await self._save(lane, snapshot)
            await self._thin_out(lane)

    async def _save(self, lane: Lane, snapshot: Snapshot) -> None:
        await self._journal.save_snapshot(snapshot)
        lane.snapshot_seq, lane.snapshot_at = snapshot.seq, snapshot.at

    async def _thin_out(self, lane: Lane) -> None:
        """Keep the latest ones and one a day; who forgets old facts forgets old snapshots, too."""
        days: set[int] = set()
        for seq, at in (await self._journal.snapshots(lane.stream))[:-KEPT_LATEST]:
            if at // DAY in days:
                await self._journal.drop_snapshot(lane.stream, seq)
            days.add(at // DAY)


def _of(engine: StreamEngine) -> Snapshot:
    return Snapshot(engine.stream, engine.head, engine.now, engine.snapshot())


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
        output = b""
    finally:
        if child.returncode is None:
            child.kill()
    head, found, body = output.partition(b"\n")
    if child.returncode != 0 or not found:
        log.error("snapshot.failed", stream=stream, code=child.returncode)
        return None
    seq, at = map(int, head.split())
    return Snapshot(stream, seq, at, body)
