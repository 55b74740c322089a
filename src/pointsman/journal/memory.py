"""A journal in memory: nothing outlives the object. For tests, simulations and `--data :memory:`."""

from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import islice

import msgspec

from pointsman.journal.port import (
    Batch,
    Done,
    Fenced,
    JournalClosed,
    Listing,
    Outcome,
    Row,
    Snapshot,
    StreamHead,
)


class _Stream:
    """One stream: its directory row, kept rows by seq, batch ids by their first seq, snapshots by seq."""

    def __init__(self, name: str) -> None:
        self.head = StreamHead(name, "", "", 0, 0, False, head=0, epoch=0, floor=0)
        self.rows: dict[int, Row] = {}
        self.batch_ids: dict[int, str] = {}
        self.snapshots: dict[int, Snapshot] = {}

    def change(self, **fields: int) -> None:
        self.head = msgspec.structs.replace(self.head, **fields)

    def enlist(self, listing: Listing) -> None:
        self.head = msgspec.structs.replace(self.head, **msgspec.structs.asdict(listing))

    def append(self, batch: Batch) -> Outcome:
        first = batch.head + 1
        if (self.head.epoch, self.head.head) != (batch.epoch, batch.head):
            return Done() if self.batch_ids.get(first) == batch.batch_id else Fenced()
        for seq, (at, body) in enumerate(zip(batch.at, batch.rows, strict=True), first):
            self.rows[seq] = Row(seq, at, body)
        self.batch_ids[first] = batch.batch_id
        self.change(head=batch.head + len(batch.rows))
        if batch.listing is not None:
            self.enlist(batch.listing)
        return Done()

    def prune(self, through: int, keep: Collection[int], limit: int) -> int:
        kept = frozenset(keep)
        # The dict holds its seqs in ascending order: rows are only ever added at the end.
        doomed = list(islice((seq for seq in self.rows if seq <= through and seq not in kept), max(limit, 0)))
        for seq in doomed:
            del self.rows[seq]
            self.batch_ids.pop(seq, None)
        reached = through if len(doomed) < limit else max(doomed, default=0)
        self.change(floor=max(self.head.floor, reached))
        return len(doomed)


class MemoryJournal:
    """Keeps its content over close() and start(), so that a test can restart what runs on it."""

    def __init__(self) -> None:
        self._open = False
        self._streams: dict[str, _Stream] = {}
        self._cursors: dict[str, int] = {}
        self._last_beat: int | None = None

    async def start(self) -> None:
        self._open = True

    async def close(self) -> None:
        self._open = False

    async def claim(self, stream: str) -> StreamHead:
        self._check_open()
        entry = self._streams.setdefault(stream, _Stream(stream))
        entry.change(epoch=entry.head.epoch + 1)
        return entry.head

    async def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        self._check_open()
        known = [self._streams.get(batch.stream) for batch in batches]
        return [stream.append(batch) if stream else Fenced() for stream, batch in zip(known, batches, strict=True)]

    async def find(self, stream: str) -> StreamHead | None:
        self._check_open()
        entry = self._streams.get(stream)
        return entry.head if entry else None

    async def streams(self, after: str = "", limit: int = 1000) -> list[StreamHead]:
        self._check_open()
        names = sorted(name for name in self._streams if name > after)
        return [self._streams[name].head for name in names[: max(limit, 0)]]

    async def read(self, stream: str, after: int, limit: int) -> list[Row]:
        entry = self._stream(stream)
        start = max(after, entry.head.floor) + 1
        return [entry.rows[seq] for seq in range(start, min(start + limit, entry.head.head + 1))]

    async def read_back(self, stream: str, before: int, limit: int) -> list[Row]:
        entry = self._stream(stream)
        start = min(before, entry.head.head + 1) - 1
        return [entry.rows[seq] for seq in range(start, max(start - limit, entry.head.floor), -1)]

    async def seek(self, stream: str, at: int) -> int:
        entry = self._stream(stream)
        kept = range(entry.head.floor + 1, entry.head.head + 1)
        return kept.start + bisect_left(kept, at, key=lambda seq: entry.rows[seq].at)

    async def pick(self, stream: str, seqs: Sequence[int]) -> dict[int, bytes]:
        rows = self._stream(stream).rows
        return {seq: rows[seq].body for seq in seqs if seq in rows}

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        entry = self._stream(snapshot.stream)
        if snapshot.seq > entry.head.head:
            raise ValueError(f"a snapshot of {snapshot.stream} at {snapshot.seq} is beyond its head {entry.head.head}")
        entry.snapshots[snapshot.seq] = snapshot

    async def latest_snapshot(self, stream: str, at_most: int | None = None) -> Snapshot | None:
        snapshots = self._stream(stream).snapshots
        seqs = [seq for seq in snapshots if at_most is None or seq <= at_most]
        return snapshots[max(seqs)] if seqs else None

    async def snapshots(self, stream: str) -> list[tuple[int, int]]:
        return sorted((snapshot.seq, snapshot.at) for snapshot in self._stream(stream).snapshots.values())

    async def drop_snapshot(self, stream: str, seq: int) -> None:
        self._stream(stream).snapshots.pop(seq, None)

    async def prune(self, stream: str, through: int, keep: Collection[int], limit: int) -> int:
        entry = self._stream(stream)
        if through > entry.head.head:
            raise ValueError(f"cannot prune {stream} through {through}: its head is {entry.head.head}")
        return entry.prune(through, keep, limit)

    async def beat(self, now: int) -> None:
        self._check_open()
        self._last_beat = now

    async def last_beat(self) -> int | None:
        self._check_open()
        return self._last_beat

    async def cursor(self, name: str) -> int:
        self._check_open()
        return self._cursors.get(name, 0)

    async def save_cursor(self, name: str, seq: int) -> None:
        self._check_open()
        self._cursors[name] = seq

    def _check_open(self) -> None:
        if not self._open:
            raise JournalClosed("the journal is not open")

    def _stream(self, name: str) -> _Stream:
        """The stream, or an empty stand-in for one that nobody claimed."""
        self._check_open()
        return self._streams.get(name) or _Stream(name)
