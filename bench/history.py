"""History of a month: what folding and indexing cost the engine, and what questions about the past cost.

In this process, without HTTP: an engine with 1,000 workers and 50 queues lives through task lives, spread as a million
of them would be over 30 days; its entries go to a journal on disk and to history, as in a server. Then come the
questions, while the event loop is watched.
"""

from __future__ import annotations

import asyncio
import json
import random
import tempfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from heapq import heappop, heappush
from time import perf_counter, process_time, thread_time
from typing import Any

import uvloop

from bench.report import Figure, Wrong
from pointsman.domain.entry import SYSTEM, Entry
from pointsman.engine.workspace import reservations, task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history import figures
from pointsman.history.events import EventFilter, newest
from pointsman.history.figures import NOBODY, Window
from pointsman.history.history import Followed, History
from pointsman.history.marks import QUEUE, WORKER, WORKSPACE, Subject
from pointsman.journal import Batch, Done
from pointsman.journal.envelope import encode
from pointsman.journal.sqlite import SqliteJournal
from pointsman.operations import statistics_views as views
from pointsman.settings import Settings

LIVES, QUICK = 1_000_000, 15_000
WORKERS, QUEUES = 1_000, 50
SECOND, DAY = 1_000_000, 86_400
STEP = 30 * DAY * SECOND // LIVES
BATCH = 400
STREAM = "WS" + "b" * 32
SPLITS = (5, 20)


class Month:
    """The engine and what it has decided. `engine` is the time that deciding took, in seconds."""

    def __init__(self, journal: SqliteJournal, history: History, lives: int) -> None:
        self.journal, self.history, self.lives = journal, history, lives
        self.random = random.Random(1)
        self.ws = WorkspaceEngine(STREAM, Settings(), lambda prefix: f"{prefix}{self.random.getrandbits(128):032x}")
        self.now = 1_700_000_000 * SECOND
        self.out: list[Entry] = []
        self.held: list[list[Entry]] = []
        self.engine = self.append = self.fold = self.store = 0.0
        self.epoch = 0
        self.known: list[str] = []
        """Sids of some tasks."""
        self.queues: list[str] = []

    def do(self, command: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        self.ws.begin(self.now, SYSTEM)
        answer = command(self.ws, *args, **kw)
        while not self.ws.settle(64):
            pass
        self.out += self.ws.take()
        return answer

    def open(self) -> str:
        """The workspace with all that is in it; the workflow's sid."""
        self.do(workspaces.create, sid=STREAM, account_sid="AC" + "b" * 32, friendly_name="Month")
        for number in range(QUEUES):
            fields = {"friendly_name": f"Queue {number}", "target_workers": f"team == {number}"}
            self.queues.append(self.do(task_queues.create, **fields).sid)
        rules = [
            {"expression": f"team == {number}", "targets": [{"queue": sid}]} for number, sid in enumerate(self.queues)
        ]
        text = json.dumps({"task_routing": {"filters": rules}})
        available = next(row.sid for row in self.ws.tables.activities if row.available)
        for number in range(WORKERS):
            attributes = json.dumps({"team": number % QUEUES})
            self.do(workers.create, friendly_name=f"Worker {number}", attributes=attributes, activity_sid=available)
        sid: str = self.do(workflows.create, friendly_name="Flow", configuration=text).sid
        return sid

    async def live(self) -> None:
        """Every task is reserved, accepted after some seconds and completed."""
        self.epoch = (await self.journal.claim(STREAM)).epoch
        workflow = self.open()
        open_tasks: list[tuple[int, int, Any]] = []
        for number in range(self.lives):
            self.now += STEP
            began = thread_time()
            task = self.do(tasks.create, attributes=json.dumps({"team": number % QUEUES}), workflow_sid=workflow)
            heappush(open_tasks, (self.now + self.random.randint(1, 60) * SECOND, number, task))
            while open_tasks[0][0] <= self.now:
                (sid,) = heappop(open_tasks)[2].reservations
                self.do(reservations.update, sid, reservation_status="accepted")
                self.do(reservations.update, sid, reservation_status="completed")
            self.do(lambda ws: ws.run_due(self.now, 64))
            self.engine += thread_time() - began
            if number % (self.lives // 50) == 0:
                self.known.append(task.sid)
            if len(self.out) >= BATCH:
                await self.write()
        await self.write()

    async def write(self) -> None:
        """To the journal, and then, as the live feed does, to history; nothing else happens while it folds."""
        entries, self.out = self.out, []
        self.held = [*self.held[-1:], entries]  # or letting them go would count as history's
        began = thread_time()
        rows = [encode(entry) for entry in entries]
        self.engine += thread_time() - began
        head = self.ws.head - len(entries)
        batch = Batch(STREAM, head, self.epoch, str(head), rows, [each.at for each in entries])
        began = process_time()
        if await self.journal.append([batch]) != [Done()]:
            raise Wrong("the journal did not take a batch")
        self.append += process_time() - began
        began = thread_time()
        release = self.history.decided(STREAM, head + 1, entries, {})
        assert release is not None
        release()
        await self.history.caught_up(STREAM, self.ws.head)
        self.fold += thread_time() - began

    def time_storing(self) -> None:
        """Count what the thread that writes history uses."""
        write = self.history.file.write

        async def timed(work: Callable[[Any], Any]) -> Any:
            def job(db: Any) -> Any:
                began = thread_time()
                try:
                    return work(db)
                finally:
                    self.store += thread_time() - began

            return await write(job)

        self.history.file.write = timed  # type: ignore[method-assign]


class Watch:
    """How late the event loop was at the latest, in milliseconds."""

    def __init__(self) -> None:
        self.worst = 0.0

    async def run(self) -> None:
        while True:
            due = perf_counter() + 0.001
            await asyncio.sleep(0.001)
            self.worst = max(self.worst, (perf_counter() - due) * 1000)


@asynccontextmanager
async def watched() -> AsyncIterator[Watch]:
    watch = Watch()
    task = asyncio.create_task(watch.run())
    try:
        yield watch
    finally:
        task.cancel()


async def questions(month: Month) -> list[Figure]:
    """The costliest questions, each after one that warms the caches of the disk."""
    followed = await month.history.caught_up(STREAM, month.ws.head)
    until = month.now // SECOND
    window = Window(until - 30 * DAY + 100, until)
    found = []
    for name, subject, sids in (
        ("workspace", WORKSPACE, [NOBODY]),
        ("one queue", QUEUE, month.queues[:1]),
        ("50 queues", QUEUE, month.queues),
        ("1,000 workers", WORKER, [worker.sid for worker in month.ws.tables.workers]),
    ):
        await cumulative(month, followed, subject, sids, window)
        async with watched() as watch:
            began = process_time()
            await cumulative(month, followed, subject, sids, window)
            spent = (process_time() - began) * 1000
        found.append(Figure(f"statistics of {name}, 30 days", spent, "ms of CPU", f"stall {watch.worst:.1f} ms"))
    found += [await events_of(month, "a task", {"task_sid": sid}) for sid in month.known[25:26]]
    found += [
        await events_of(month, "a worker", {"worker_sid": next(iter(month.ws.tables.workers)).sid}),
        await events_of(month, "a queue", {"task_queue_sid": month.queues[7]}),
        await events_of(month, "a rare type", {}, "workspace.created"),
    ]
    return found


async def cumulative(
    month: Month, followed: Followed, subject: Subject, sids: list[str], window: Window
) -> dict[str, Any]:
    counted = await figures.counts(month.history, followed, subject, sids, None, window)
    return {sid: views.cumulative(counts, window, SPLITS, views.OF_QUEUE) for sid, counts in counted.items()}


async def events_of(month: Month, name: str, data: dict[str, str], type: str | None = None) -> Figure:
    """A page of 50 events, in all that there are."""
    filter = EventFilter(since=0, until=month.now + DAY * SECOND, data=data, event_type=type)
    for _ in range(2):
        began = process_time()
        found, _place = await newest(month.journal, STREAM, filter, None, 50, month.history)
        spent = (process_time() - began) * 1000
    if not found:
        raise Wrong(f"no events of {name}")
    return Figure(f"events of {name}", spent, "ms of CPU", f"{len(found)} found")


async def _run(lives: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        journal = SqliteJournal(f"{folder}/bench.db")
        await journal.start()
        history = History(journal)
        await history.start()
        month = Month(journal, history, lives)
        month.time_storing()
        began = perf_counter()
        await month.live()
        seconds = perf_counter() - began
        history_us, engine_us = (month.fold + month.store) / lives * 1e6, month.engine / lives * 1e6
        whole_us = engine_us + month.append / lives * 1e6
        note = f"{lives:,} lives, {month.ws.head / lives:.1f} facts each, in {seconds:.0f} s"
        found = [
            Figure("engine, with events and their JSON", engine_us, "µs a life", note),
            Figure("folding and indexing", history_us, "µs a life", f"{month.fold / lives * 1e6:.0f} on the loop"),
            Figure("folding and indexing, of the engine's time", history_us / engine_us * 100, "%"),
            Figure(
                "… of the engine's and the journal's", history_us / whole_us * 100, "%", f"{whole_us:.0f} µs a life"
            ),
            *await questions(month),
        ]
        await history.stop()
        await journal.close()
        return found


def run(quick: bool) -> list[Figure]:
    return uvloop.run(_run(QUICK if quick else LIVES))
