"""Forgetting: facts older than the retention are deleted, in small slices, once a kept snapshot covers them."""

from __future__ import annotations

import asyncio

import msgspec
import structlog

from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Task, Worker
from pointsman.history.history import History
from pointsman.journal.port import Journal, Snapshot, StreamHead
from pointsman.runtime.node import Node
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

DAY = 86_400 * SECOND
SLICE = 500
LOOK_SECONDS = 60.0
"""Real time between two looks at the clock."""


class _Picture(msgspec.Struct):
    """What of a snapshot refers to old facts."""

    tasks: list[Task] = []
    workers: list[Worker] = []


async def keep_forgetting(node: Node, history: History | None = None) -> None:
    """Forget at the start, then once on each day of the node's clock, until cancelled."""
    last = None
    while True:
        if (today := node.clock.now() // DAY) != last:
            await forget_everywhere(node, history)
            last = today
        await asyncio.sleep(LOOK_SECONDS)


async def forget_everywhere(node: Node, history: History | None = None) -> None:
    """Forget in every workspace; where it fails, the others go on."""
    try:
        after = ""
        while heads := await node.journal.streams(after, SLICE):
            for head in heads:
                if head.stream.startswith("WS"):
                    await _try_to_forget(node, head, history)
            after = heads[-1].stream
    except Exception:  # the journal may be down, and the next day is soon enough
        log.exception("retention.failed")


async def _try_to_forget(node: Node, head: StreamHead, history: History | None) -> None:
    stream, now = head.stream, node.clock.now()
    try:
        deleted = await forget(node.journal, node.settings, stream, now)
        if history is not None:
            await _forget_history(history, head, now - node.settings.retention_days * DAY)
    except Exception:
        log.exception("retention.failed", stream=stream)
        return
    if deleted:
        log.info("retention.forgot", stream=stream, facts=deleted)


async def _forget_history(history: History, head: StreamHead, edge: int) -> None:
    """A day more than the journal, whose facts go a day later, too: figures of a whole day go together."""
    if head.deleted:
        await history.drop(head.stream)
    else:
        await history.forget(head.stream, head.floor, (edge - DAY) // SECOND)


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
