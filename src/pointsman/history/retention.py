"""Forgetting: facts older than the retention are deleted, in small slices, once a kept snapshot covers them."""

from __future__ import annotations

import asyncio

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Task, Worker
from pointsman.journal.port import Journal, Snapshot
from pointsman.settings import Settings

DAY = 86_400 * SECOND
SLICE = 500


class _Picture(msgspec.Struct):
    """What of a snapshot refers to old facts."""

    tasks: list[Task] = []
    workers: list[Worker] = []


async def forget(journal: Journal, settings: Settings, stream: str, now: int) -> int:
    """Delete the stream's facts that are beyond the retention; how many were deleted.

    Only a prefix goes, up to the newest snapshot that is itself old enough; facts that hold an attribute text to which
    a task or worker of that moment refers stay, because later events may point there.
    """
    edge = now - settings.retention_days * DAY
    old = [seq for seq, at in await journal.snapshots(stream) if at < edge]
    snapshot = await journal.latest_snapshot(stream, old[-1]) if old else None
    if snapshot is None:
        return 0
    keep, deleted = _referred(snapshot), 0
    while True:
        count = await journal.prune(stream, snapshot.seq, keep, SLICE)
        deleted += count
        if count < SLICE:
            break
        await asyncio.sleep(0)
    for seq in old[:-1]:
        await journal.drop_snapshot(stream, seq)
    return deleted


def _referred(snapshot: Snapshot) -> frozenset[int]:
    picture = msgspec.json.decode(snapshot.body, type=_Picture)
    referring: list[Task | Worker] = [*picture.tasks, *picture.workers]
    return frozenset(record.attributes_seq for record in referring)
