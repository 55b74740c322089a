"""A lane: one stream with its engine, the entries on their way to the journal, and who waits for them."""

from __future__ import annotations

import asyncio
from collections import Counter, deque
from collections.abc import Callable

import msgspec

from pointsman.domain.entry import Entry
from pointsman.engine.core.stream import Listing as EngineListing
from pointsman.engine.core.stream import StreamEngine
from pointsman.journal.envelope import encode
from pointsman.journal.port import Batch, Listing

GIVEN_UP = 4
"""Rebuilds in a row after which nobody waits for a lane any more."""


class Unavailable(Exception):
    """The journal cannot be written now, or too much waits to be: try again later (503)."""


class Lane:
    def __init__(self, stream: str, engine: StreamEngine | None = None) -> None:
        self.stream = stream
        self.engine = engine
        """None while it must be rebuilt from the journal."""
        self.epoch = 0
        self.decided = 0
        """The last seq that was handed over to be written."""
        self.durable = 0
        """The last seq on disk."""
        self.rows: list[bytes] = []
        self.times: list[int] = []
        self.waiters: deque[tuple[int, float, asyncio.Future[None]]] = deque()
        """Who waits for which seq, and until when (time of the loop): both only rise."""
        self._impatience: asyncio.TimerHandle | None = None
        self.releases: deque[tuple[int, Callable[[], None]]] = deque()
        """What is to be done when a seq is on disk (the live feed)."""
        self.listing: EngineListing | None = None
        self.listing_changed = False
        self.slicing = False
        """A further slice of settling is scheduled."""
        self.rebuild: asyncio.Task[None] | None = None
        self.rebuilds = 0
        """How many there were since the lane last came to rest."""
        self.timer: asyncio.TimerHandle | None = None
        self.timer_due: int | None = None
        """What the timer is set for; None if it is only to look again later."""
        self.timer_failures: Counter[tuple[str, str]] = Counter()
        self.snapshot_seq = 0
        self.snapshot_at = 0
        """Seq and time of the last snapshot."""

    @property
    def deleted(self) -> bool:
        return self.listing is not None and self.listing.deleted

    @property
    def given_up(self) -> bool:
        """It fails again and again: it is still tried now and then, but holds nobody up."""
        return self.rebuilds >= GIVEN_UP

    @property
    def busy(self) -> bool:
        """It has not come to rest, and may be expected to."""
        return (self.slicing or self.rebuild is not None) and not self.given_up

    def accept(self, entries: list[Entry]) -> int:
        """Take entries that were just decided; how many bytes they are."""
        rows = [encode(entry) for entry in entries]
        self.rows += rows
        self.times += [entry.at for entry in entries]
        self.decided += len(rows)
        assert self.engine is not None
        listing = self.engine.listing()
        if listing != self.listing:
            self.listing, self.listing_changed = listing, True
        return sum(map(len, rows))

    def batch(self, batch_id: str) -> Batch:
        """All that has gathered, as one batch; the lane begins to gather anew."""
        listing = None
        if self.listing_changed and self.listing is not None:
            listing = Listing(**msgspec.structs.asdict(self.listing))
        batch = Batch(self.stream, self.durable, self.epoch, batch_id, self.rows, self.times, listing)
        self.rows, self.times, self.listing_changed = [], [], False
        return batch

    async def wait(self, seq: int, patience: float) -> None:
        """Return when `seq` is on disk. Raises Unavailable when it is not after `patience` seconds."""
        if seq <= self.durable:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self.waiters.append((seq, loop.time() + patience, waiter))
        if self._impatience is None:
            self._impatience = loop.call_later(patience, self._lose_patience, loop)
        await waiter

    def _lose_patience(self, loop: asyncio.AbstractEventLoop) -> None:
        """One timer for all who wait: nearly none of them ever needs it, and timers are dear."""
        self._impatience, now = None, loop.time()
        while self.waiters and self.waiters[0][1] <= now:
            waiter = self.waiters.popleft()[2]
            if not waiter.done():
                text = "The journal could not be written in time; what was asked may still be done"
                waiter.set_exception(Unavailable(text))
        if self.waiters:
            self._impatience = loop.call_at(self.waiters[0][1], self._lose_patience, loop)

    def written(self, seq: int) -> None:
        """All up to `seq` is on disk."""
        self.durable = seq
        while self.waiters and self.waiters[0][0] <= seq:
            waiter = self.waiters.popleft()[2]
            if not waiter.done():
                waiter.set_result(None)
        while self.releases and self.releases[0][0] <= seq:
            # A pass of the loop later: the answers that waited leave first.
            asyncio.get_running_loop().call_soon(self.releases.popleft()[1])

    def lost(self) -> None:
        """Another writer has the stream: what was not written never will be."""
        self.engine = None
        self.rows, self.times = [], []
        self.decided = self.durable
        for _, _, waiter in self.waiters:
            if not waiter.done():
                waiter.set_exception(Unavailable(f"{self.stream} is written by another process"))
        self.waiters.clear()
        self.releases.clear()
