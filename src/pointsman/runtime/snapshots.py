"""Snapshots: so that a start need not replay everything, and old entries can go."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import structlog

from pointsman.journal.port import Journal, JournalError, Snapshot
from pointsman.runtime.lane import Lane
from pointsman.runtime.snapshot_child import HEADER
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

FACTS_BETWEEN = 50_000
DAY = 86_400_000_000
LATEST_KEPT = 2

Spawn = Callable[[Coroutine[Any, Any, None]], "asyncio.Task[None]"]


class SnapshotFailed(Exception):
    """The child process made no snapshot; the text ends with what it said."""


async def take_snapshot(journal_path: str, stream: str) -> Snapshot:
    """A snapshot of what is on disk now, made by a child process of low priority. Raises SnapshotFailed."""
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "pointsman.runtime.snapshot_child",
        journal_path,
        stream,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, errors = await child.communicate()
    except asyncio.CancelledError:
        child.kill()
        await child.wait()
        raise
    if child.returncode != 0 or len(output) < HEADER.size:
        raise SnapshotFailed(f"{stream}: {errors.decode(errors='replace')[-1_000:]}")
    length, seq, at = HEADER.unpack_from(output)
    body = output[HEADER.size :]
    if len(body) != length:
        raise SnapshotFailed(f"{stream}: {len(body)} bytes instead of {length}")
    return Snapshot(stream, seq, at, body)


class Snapshots:
    """Decides when a lane is due for one, stores it, and forgets old ones."""

    def __init__(self, journal: Journal, settings: Settings) -> None:
        self._journal = journal
        self._settings = settings
        self._under_way = False

    def consider(self, lane: Lane, spawn: Spawn) -> None:
        """Start one in the background if enough has happened; one at a time in the whole process."""
        if not self._under_way and lane.durable - lane.snapshot_seq > FACTS_BETWEEN:
            self._under_way = True
            spawn(self._take(lane))

    async def take_all(self, lanes: Sequence[Lane]) -> None:
        """One of every lane that has changed, in this process: at a stop nobody else needs it."""
        for lane in lanes:
            if lane.engine is not None and lane.durable == lane.engine.head > lane.snapshot_seq:
                await self._store_safely(
                    lane, Snapshot(lane.stream, lane.durable, lane.engine.now, lane.engine.snapshot())
                )

    async def _take(self, lane: Lane) -> None:
        path = getattr(self._journal, "path", None)
        try:
            if path is not None:
                await self._store_safely(lane, await take_snapshot(path, lane.stream))
            elif lane.engine is not None and lane.durable == lane.engine.head:  # in memory: no other process sees it
                await self._store_safely(
                    lane, Snapshot(lane.stream, lane.durable, lane.engine.now, lane.engine.snapshot())
                )
        except SnapshotFailed as error:
            log.error("no snapshot", error=str(error))
            lane.snapshot_seq = lane.durable  # not again for every batch: after as many facts
        finally:
            self._under_way = False

    async def _store_safely(self, lane: Lane, snapshot: Snapshot) -> None:
        try:
            await store_snapshot(self._journal, snapshot, self._settings.retention_days)
        except JournalError as error:
            log.error("a snapshot was not stored", stream=lane.stream, error=str(error))
        else:
            lane.snapshot_seq = snapshot.seq


async def store_snapshot(journal: Journal, snapshot: Snapshot, retention_days: int) -> None:
    """Save it and drop those that are not needed any more."""
    await journal.save_snapshot(snapshot)
    kept = await journal.snapshots(snapshot.stream)
    for seq in superfluous(kept, snapshot.at, retention_days):
        await journal.drop_snapshot(snapshot.stream, seq)


def superfluous(snapshots: Sequence[tuple[int, int]], now: int, retention_days: int) -> list[int]:
    """The seqs to drop, of (seq, at) ascending: all but the latest two, the last of each day within the retention,
    and the last one before it, below which retention deletes."""
    keep = {seq for seq, _ in snapshots[-LATEST_KEPT:]}
    since = now - retention_days * DAY
    last_of: dict[int, int] = {}
    for seq, at in snapshots:
        last_of[at // DAY if at > since else -1] = seq
    keep.update(last_of.values())
    return [seq for seq, _ in snapshots if seq not in keep]
