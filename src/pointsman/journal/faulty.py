"""A journal that fails on demand, for tests and drills."""

import asyncio
from collections import deque
from collections.abc import Collection, Sequence
from typing import Literal

from pointsman.journal.port import (
    Batch,
    Done,
    InDoubt,
    Journal,
    JournalUnavailable,
    Outcome,
    Row,
    Snapshot,
    StreamHead,
    Unavailable,
)

Fault = Literal["unavailable", "in_doubt_written", "in_doubt_lost", "fenced", "full"]


class FaultyJournal:
    """Passes everything to the journal inside, but for what `fail_next` and `hold` ask."""

    def __init__(self, inner: Journal) -> None:
        self.inner = inner
        self._faults: deque[Fault] = deque()
        self._full = False
        self._free = asyncio.Event()
        self._free.set()
        self._reached = asyncio.Event()

    def fail_next(self, kind: Fault, times: int = 1) -> None:
        """Makes the next `times` appends fail, after those already asked for. "full" lasts until `heal`."""
        if kind == "full":
            self._full = True
        else:
            self._faults.extend([kind] * times)

    def heal(self) -> None:
        """Ends "full" and forgets the faults still to come."""
        self._full = False
        self._faults.clear()

    def hold(self) -> None:
        """Keeps appends waiting, before anything is written. One that is cancelled while it waits writes nothing."""
        self._free.clear()

    def release(self) -> None:
        """Lets the waiting appends go on."""
        self._free.set()
        self._reached.clear()

    async def until_held(self) -> None:
        """Returns when an append waits."""
        await self._reached.wait()

    async def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        if not self._free.is_set():
            self._reached.set()
            await self._free.wait()
        if self._full:
            return [Unavailable("no space left (injected)")] * len(batches)
        if not self._faults:
            return await self.inner.append(batches)
        return await self._fail(self._faults.popleft(), batches)

    async def _fail(self, kind: Fault, batches: Sequence[Batch]) -> list[Outcome]:
        if kind == "unavailable":
            return [Unavailable("injected")] * len(batches)
        if kind == "in_doubt_lost":
            return [InDoubt("injected")] * len(batches)
        if kind == "fenced":  # what another writer would do: so the fence is real and stays
            for stream in {batch.stream: None for batch in batches}:
                await self.inner.claim(stream)
            return await self.inner.append(batches)
        outcomes = await self.inner.append(batches)
        return [InDoubt("injected") if isinstance(outcome, Done) else outcome for outcome in outcomes]

    def _check_space(self) -> None:
        if self._full:
            raise JournalUnavailable("no space left (injected)")

    async def start(self) -> None:
        await self.inner.start()

    async def close(self) -> None:
        await self.inner.close()

    async def claim(self, stream: str) -> StreamHead:
        self._check_space()
        return await self.inner.claim(stream)

    async def find(self, stream: str) -> StreamHead | None:
        return await self.inner.find(stream)

    async def streams(self, after: str = "", limit: int = 1000) -> list[StreamHead]:
        return await self.inner.streams(after, limit)

    async def read(self, stream: str, after: int, limit: int) -> list[Row]:
        return await self.inner.read(stream, after, limit)

    async def read_back(self, stream: str, before: int, limit: int) -> list[Row]:
        return await self.inner.read_back(stream, before, limit)

    async def seek(self, stream: str, at: int) -> int:
        return await self.inner.seek(stream, at)

    async def pick(self, stream: str, seqs: Sequence[int]) -> dict[int, bytes]:
        return await self.inner.pick(stream, seqs)

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        self._check_space()
        await self.inner.save_snapshot(snapshot)

    async def latest_snapshot(self, stream: str, at_most: int | None = None) -> Snapshot | None:
        return await self.inner.latest_snapshot(stream, at_most)

    async def snapshots(self, stream: str) -> list[tuple[int, int]]:
        return await self.inner.snapshots(stream)

    async def drop_snapshot(self, stream: str, seq: int) -> None:
        self._check_space()
        await self.inner.drop_snapshot(stream, seq)

    async def prune(self, stream: str, through: int, keep: Collection[int], limit: int) -> int:
        self._check_space()
        return await self.inner.prune(stream, through, keep, limit)

    async def beat(self, now: int) -> None:
        self._check_space()
        await self.inner.beat(now)

    async def last_beat(self) -> int | None:
        return await self.inner.last_beat()

    async def cursor(self, name: str) -> int:
        return await self.inner.cursor(name)

    async def save_cursor(self, name: str, seq: int) -> None:
        self._check_space()
        await self.inner.save_cursor(name, seq)
