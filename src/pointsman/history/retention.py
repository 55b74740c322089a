"""Retention: entries older than the retention go, as a prefix, below a snapshot and below every reader."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pointsman.journal.port import Snapshot
from pointsman.runtime.engines import engine_for
from pointsman.runtime.node import Node

DAY = 86_400_000_000
ROWS_A_SLICE = 500

Hold = Callable[[str], Awaitable[int | None]]
"""The seq up to which a reader has read a stream; None if it does not read it."""


class Retention:
    """Whoever composes the server calls `run_once` now and then. `holds` are the readers that must not lose rows."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self.holds: list[Hold] = []

    async def run_once(self, now: int) -> int:
        """Prune every stream; how many rows went."""
        oldest = now - self._node.settings.retention_days * DAY
        gone = 0
        after = ""
        while heads := await self._node.journal.streams(after):
            for head in heads:
                if head.stream.startswith("WS"):  # an account's stream is small, and its keys are never too old
                    gone += await self._prune(head.stream, oldest)
            after = heads[-1].stream
        return gone

    async def _prune(self, stream: str, oldest: int) -> int:
        """Below the newest snapshot that is old enough and that every reader has passed."""
        journal = self._node.journal
        read = [seq for hold in self.holds if (seq := await hold(stream)) is not None]
        candidates = [
            seq
            for seq, at in await journal.snapshots(stream)
            if at <= oldest and all(seq <= reached for reached in read)
        ]
        snapshot = await self._snapshot(stream, candidates[-1]) if candidates else None
        if snapshot is None:
            return 0
        keep = self._texts_in_use(snapshot)
        gone = 0
        while pruned := await journal.prune(stream, snapshot.seq, keep, ROWS_A_SLICE):
            gone += pruned
            if pruned < ROWS_A_SLICE:
                break
        return gone

    async def _snapshot(self, stream: str, seq: int) -> Snapshot | None:
        """Events after the snapshot may show the attributes of anybody in it, so it is that very one that counts."""
        read = getattr(self._node.journal, "snapshot", None)
        found: Snapshot | None = await read(stream, seq) if read is not None else None
        return found

    def _texts_in_use(self, snapshot: Snapshot) -> set[int]:
        """The entries that hold the attributes of the tasks and workers of a snapshot: each text is stored once."""
        engine: Any = engine_for(snapshot.stream, self._node.settings, self._node.ids)
        engine.restore(snapshot.seq, snapshot.at, snapshot.body)
        records: Iterable[Any] = (*engine.tables.tasks, *engine.tables.workers)
        return {record.attributes_seq for record in records if record.attributes_seq <= snapshot.seq}
