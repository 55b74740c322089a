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
    """What of a snapshot still refers to old facts."""

    tasks: list[Task] = []
    workers: list[Worker] = []


async def forget(journal: Journal, settings: Settings, stream: str, now: int) -> int:
    """Delete the stream's facts that are beyond the retention; how many were deleted.

    Only a prefix goes, up to the newest snapshot that is itself old enough; facts that hold an attribute text to which
    a living task or worker refers stay.
    """
    edge = now - settings.retention_days * DAY
    through = max([seq for seq, at in await journal.snapshots(stream) if at < edge], default=0)
    snapshot = await journal.latest_snapshot(stream)
    if not through or snapshot is None:
        return 0
    keep, deleted = _referred(snapshot), 0
    while True:
        count = await journal.prune(stream, through, keep, SLICE)
        deleted += count
        if count < SLICE:
            return deleted
        await asyncio.sleep(0)


def _referred(snapshot: Snapshot) -> frozenset[int]:
    picture = msgspec.json.decode(snapshot.body, type=_Picture)
    referring: list[Task | Worker] = [*picture.tasks, *picture.workers]
    return frozenset(record.attributes_seq for record in referring)
