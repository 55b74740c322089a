"""Group commit: all that gathers while one append is in flight goes into the next."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from time import perf_counter

import structlog

from pointsman.domain.entry import Entry
from pointsman.journal.port import Batch, Done, Fenced, InDoubt, Journal, JournalError, Outcome
from pointsman.metrics import COMMIT_FACTS, COMMIT_SECONDS, MOMENTS, SIZES, Histogram, Metric, Value
from pointsman.runtime.lane import Lane, Unavailable
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.05, 1.0
"""Seconds between tries of the same batch, doubled each time. Real time: the disk knows no other."""
GATHER_SECONDS = 0.001
BUSY_FACTS = 16
"""An append costs the CPU of some fifty facts: after one of so many facts, the next waits a moment for company."""
LEAST_PATIENCE = 1.0
"""Seconds that one write may take even if the setting says 0."""


class CommitLoop:
    """Writes what lanes hand over. While the journal fails, the very same batches are tried again and again."""

    def __init__(self, journal: Journal, settings: Settings, on_hopeless: Callable[[], None]) -> None:
        self._journal = journal
        self._settings = settings
        self._on_hopeless = on_hopeless
        self._dirty: dict[Lane, None] = {}
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.healthy = True
        self._facts = 0
        self._bytes = 0
        self._sizes, self._durations = Histogram(SIZES), Histogram(MOMENTS)

    def figures(self) -> dict[Metric, Value]:
        """How much one write takes, and how long."""
        return {COMMIT_FACTS: self._sizes, COMMIT_SECONDS: self._durations}

    def admit(self) -> None:
        """Raises Unavailable if no further command can be taken."""
        if not self.healthy:
            raise Unavailable("The journal cannot be written at the moment")
        if self._facts > self._settings.max_undurable_facts or self._bytes > self._settings.max_undurable_bytes:
            raise Unavailable("Too much is waiting to be written")

    def add(self, lane: Lane, entries: list[Entry]) -> None:
        """Take what the lane's engine has decided. The writer wakes at the end of this pass of the event loop."""
        self._bytes += lane.accept(entries)
        self._facts += len(entries)
        self._dirty[lane] = None
        self._idle.clear()
        self._wake.set()

    @property
    def waiting(self) -> bool:
        """Something that was taken is not on disk."""
        return not self._idle.is_set()

    async def idle(self) -> None:
        """Return when everything that was taken is on disk."""
        await self._idle.wait()

    async def run(self) -> None:
        """Write until cancelled."""
        busy = False
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._dirty:
                if busy:
                    await asyncio.sleep(GATHER_SECONDS)
                lanes, self._dirty = list(self._dirty), {}
                busy = sum(len(lane.rows) for lane in lanes) >= BUSY_FACTS
                await self._write([(lane, lane.batch(secrets.token_hex(8))) for lane in lanes if lane.rows])
            self._facts = self._bytes = 0
            self._idle.set()

    async def _write(self, work: list[tuple[Lane, Batch]]) -> None:
        """Append until all is on disk. A journal that hangs is given up like one that answers with failures."""
        patience = self._settings.unavailable_exit_seconds or LEAST_PATIENCE
        giving_up = asyncio.get_running_loop().call_later(patience, self._on_hopeless)
        pause = FIRST_PAUSE
        try:
            while work := await self._try(work):
                self.healthy = False
                await asyncio.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
        finally:
            giving_up.cancel()
        if not self.healthy:
            log.info("journal.recovered")
        self.healthy = True

    async def _try(self, work: list[tuple[Lane, Batch]]) -> list[tuple[Lane, Batch]]:
        """Append once; what must be tried again."""
        again = []
        began = perf_counter()
        outcomes = await self._append([batch for _, batch in work]) if work else []
        if work:
            self._sizes.observe(sum(len(batch.rows) for _, batch in work))
            self._durations.observe(perf_counter() - began)
        for (lane, batch), outcome in zip(work, outcomes, strict=True):
            match outcome:
                case Done():
                    self._forget(batch.rows)
                    lane.written(batch.head + len(batch.rows))
                case Fenced():
                    log.error("journal.fenced", stream=lane.stream)
                    self._forget(batch.rows + lane.rows)
                    lane.lost()
                case _:
                    if self.healthy:
                        log.error("journal.unavailable", stream=lane.stream, reason=outcome.reason)
                    again.append((lane, batch))
        return again

    async def _append(self, batches: list[Batch]) -> list[Outcome]:
        try:
            return await self._journal.append(batches)
        except JournalError as error:  # nobody can tell what was written; the loop must outlive it
            return [InDoubt(str(error))] * len(batches)

    def _forget(self, rows: list[bytes]) -> None:
        """These wait no more. Counted at once: under steady load the loop may never come to rest."""
        self._facts -= len(rows)
        self._bytes -= sum(map(len, rows))
