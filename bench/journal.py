"""The journal on this machine's disk: appending, replaying, starting from a snapshot, and how the file grows."""

from __future__ import annotations

import asyncio
import gc
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from statistics import median
from time import perf_counter, process_time
from typing import NamedTuple

from bench import crowd
from bench.floor import DRIVEN, STREAM, Floor, Shape
from bench.report import Figure, Wrong
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.envelope import encode
from pointsman.journal.port import Batch, Done, Snapshot
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime import collector
from pointsman.runtime.ids import random_sid
from pointsman.runtime.lane import Lane
from pointsman.runtime.loading import load

BATCHES = (1, 10, 100, 1000)
REPEATS = 5


class Size(NamedTuple):
    lives: int
    appended: int
    """Rows per batch size and repeat, and at most a hundred batches."""
    open_tasks: int


FULL = Size(lives=20_000, appended=10_000, open_tasks=500_000)
QUICK = Size(lives=1_000, appended=1_000, open_tasks=20_000)


def run(quick: bool) -> list[Figure]:
    return asyncio.run(_measure(QUICK if quick else FULL))


class Writer:
    """Appends rows to a journal of its own."""

    def __init__(self, journal: SqliteJournal) -> None:
        self.journal = journal
        self.head = 0
        self.epoch = 0

    async def append(self, rows: list[bytes], batch: int) -> None:
        for start in range(0, len(rows), batch):
            some = rows[start : start + batch]
            at = [crowd_time(self.head)] * len(some)
            [outcome] = await self.journal.append(
                [Batch(STREAM, self.head, self.epoch, f"{self.head}", some, at)],
            )
            if outcome != Done():
                raise Wrong(f"appending was answered with {outcome}")
            self.head += len(some)


def crowd_time(head: int) -> int:
    """Times do not matter here, but for their order."""
    return 10**15 + head


@asynccontextmanager
async def opened() -> AsyncIterator[Writer]:
    with tempfile.TemporaryDirectory() as folder:
        writer = Writer(SqliteJournal(f"{folder}/bench.db"))
        await writer.journal.start()
        try:
            writer.epoch = (await writer.journal.claim(STREAM)).epoch
            yield writer
        finally:
            await writer.journal.close()


async def _measure(size: Size) -> list[Figure]:
    rows = _rows_of_lives(size.lives)
    figures = [
        Figure("fact_bytes", sum(map(len, rows)) / len(rows), "B", "as it is stored, events included"),
        Figure("life_bytes", sum(map(len, rows)) / size.lives, "B", f"{len(rows) / size.lives:.1f} facts a life"),
    ]
    for batch in BATCHES:
        figures += await _appending(rows, batch, size)
    figures += await _replaying(rows, size)
    gc.collect()
    return figures + await _start(size.open_tasks)


def _rows_of_lives(lives: int) -> list[bytes]:
    """All that the journal of a centre holds after so many lives."""
    floor = Floor(Shape(200, attributes_bytes=crowd.ATTRIBUTES_BYTES), gathering=True)
    for _ in range(lives):
        floor.life()
    assert floor.rows is not None
    return floor.rows


async def _appending(rows: list[bytes], batch: int, size: Size) -> list[Figure]:
    some = rows[: min(size.appended, 100 * batch)]
    walls, cpus = [], []
    async with opened() as writer:
        for _ in range(REPEATS):
            cpu, begun = process_time(), perf_counter()
            await writer.append(some, batch)
            walls.append(len(some) / (perf_counter() - begun))
            cpus.append((process_time() - cpu) / len(some))
    note = f"CPU {median(cpus) * 1e6:.1f} µs each; by wall time, so the disk is in it"
    return [Figure(f"append_by_{batch}", median(walls), "facts/s", note)]


async def _replaying(rows: list[bytes], size: Size) -> list[Figure]:
    """A whole start without a snapshot."""
    async with opened() as writer:
        await writer.append(rows, 1000)
        size_of_file = os.path.getsize(writer.journal.path) + os.path.getsize(f"{writer.journal.path}-wal")
        rates = []
        for _ in range(REPEATS):
            begun = process_time()
            await load(writer.journal, Lane(STREAM), DRIVEN, random_sid)
            rates.append(len(rows) / (process_time() - begun))
        await writer.journal.close()  # moves the log into the file
        grown = os.path.getsize(writer.journal.path) / size.lives
    return [
        Figure("replay", median(rates), "facts/s", f"CPU, {len(rows)} facts read, decoded and folded, indexes made"),
        Figure(
            "million_lives",
            grown * 1e6 / 2**20,
            "MiB",
            f"file, told from {size.lives} lives; {size_of_file} B with log",
        ),
    ]


async def _start(count: int) -> list[Figure]:
    """From a snapshot with so many tasks that wait."""
    floor, task = crowd.model(gathering=True)
    ws = floor.ws
    assert floor.rows is not None
    async with opened() as writer:
        await writer.append(floor.rows, 1000)
        rows = []
        for entry in crowd.waiting(floor, task, count):
            ws.replay(ws.head + 1, entry)
            rows.append(encode(entry))
        await writer.append(rows, 1000)
        snapshot = Snapshot(STREAM, ws.head, ws.now, ws.snapshot())
        await writer.journal.save_snapshot(snapshot)
        megabytes = len(snapshot.body) / 2**20
        del floor, task, ws, snapshot, rows, entry
        gc.collect()
        cpu, begun = process_time(), perf_counter()
        lane = Lane(STREAM)
        with collector.paused():
            await load(writer.journal, lane, DRIVEN, random_sid)
        used, took = process_time() - cpu, perf_counter() - begun
        assert isinstance(lane.engine, WorkspaceEngine)
        if len(lane.engine.floor.waiting) < count:
            raise Wrong(f"{len(lane.engine.floor.waiting)} tasks wait after a start, not {count}")
    note = f"CPU, {count} tasks that wait, from a snapshot of {megabytes:.0f} MiB; {took:.1f} s by wall time"
    return [Figure("start_with_open_tasks", used, "s", note)]
