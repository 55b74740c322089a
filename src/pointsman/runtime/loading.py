"""Rebuilding an engine from the journal: the latest snapshot, then every entry since."""

from __future__ import annotations

import asyncio

from pointsman.engine.core.stream import Ids, StreamEngine
from pointsman.journal.envelope import DamagedJournal, decode
from pointsman.journal.port import Journal, Snapshot
from pointsman.runtime.engines import engine_for
from pointsman.runtime.lane import Lane
from pointsman.settings import Settings

SLICE = 500


async def load(journal: Journal, lane: Lane, settings: Settings, ids: Ids) -> None:
    """Claim the stream and give the lane a fresh engine. Raises DamagedJournal."""
    head = await journal.claim(lane.stream)
    engine = engine_for(lane.stream, settings, ids)
    snapshot = await replay(journal, engine)
    if snapshot is not None:
        lane.snapshot_seq, lane.snapshot_at = snapshot.seq, snapshot.at
    if engine.head != head.head:
        raise DamagedJournal(f"{lane.stream} ends at entry {engine.head}, but its directory row says {head.head}")
    engine.ready()
    lane.listing = engine.listing()
    lane.engine, lane.epoch, lane.decided, lane.durable = engine, head.epoch, head.head, head.head


async def replay(journal: Journal, engine: StreamEngine) -> Snapshot | None:
    """Fold the latest snapshot and the entries since, in slices; the snapshot, if there was one."""
    snapshot = await journal.latest_snapshot(engine.stream)
    if snapshot is not None:
        engine.restore(snapshot.seq, snapshot.at, snapshot.body)
    while rows := await journal.read(engine.stream, engine.head, SLICE):
        for row in rows:
            engine.replay(row.seq, decode(row.body, engine.stream, row.seq))
        await asyncio.sleep(0)
    return snapshot
