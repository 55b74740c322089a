"""A centre in memory: one workspace's engine with its commands, a clock that the benchmark moves, and no I/O.

50 queues ask for one of 20 skills and a level, and each has a filter of the one workflow. Every worker has four skills.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from itertools import cycle
from time import thread_time
from typing import Any, NamedTuple, TypeVar

from bench.report import Wrong
from pointsman.domain.entry import SYSTEM, Entry
from pointsman.domain.nouns import Task
from pointsman.engine.workspace import reservations, task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.envelope import encode
from pointsman.runtime.ids import SeededIds
from pointsman.settings import Settings

T = TypeVar("T")

SECOND = 1_000_000
BIRTH = 10**15
STREAM = "WS" + "be" * 16
SKILLS, QUEUES, LANGUAGES, LEVELS = 20, 50, 10, 3
SKILLS_EACH = 4
SLICE = 64
"""Steps of settling in one turn, as the server does it."""
BETWEEN = SECOND // 200
"""How far the clock moves with every command: some 70 lives a second, and finished tasks are removed meanwhile."""

DRIVEN = Settings(task_removal_seconds=5)


class Shape(NamedTuple):
    """What a centre is like."""

    workers: int
    skewed: bool = False
    """Skills as they are in life: some that many have, and many that few have."""
    max_reserved: int = 1
    target: dict[str, str] | None = None
    """What each target says besides its queue."""
    targets: tuple[dict[str, str], ...] = ()
    """Or one filter for each of these, all to a queue of all workers."""
    attributes_bytes: int = 0
    """Pads each task's attributes to so many bytes."""


class Floor:
    """`do` runs a command and settles, a turn at a time.

    While `watched`, `longest` is kept: the CPU seconds of the longest turn. To ask the system costs as much as some
    turns do.
    """

    watched = False
    longest = 0.0

    def __init__(self, shape: Shape, seed: int = 1, gathering: bool = False) -> None:
        self.shape = shape
        self.random = random.Random(seed)
        self.now = BIRTH
        self.rows: list[bytes] | None = [] if gathering else None
        """What the journal would be given, all from the beginning."""
        self.ws = WorkspaceEngine(STREAM, DRIVEN, SeededIds(seed))
        self.do(workspaces.create, sid=STREAM, account_sid="AC" + "be" * 16, friendly_name="Bench")
        self.available = next(each.sid for each in self.ws.tables.activities if each.available)
        kinds = self._workflow()
        self.kinds = cycle(self.random.choices(range(kinds), self._weights(kinds), k=9973))
        self.texts = cycle([self.task_attributes() for _ in range(9973)])
        for number in range(shape.workers):
            self.worker(number)

    def _workflow(self) -> int:
        """Queues and the workflow; how many kinds of tasks there are."""
        texts = [f"skills HAS 's{number % SKILLS}' AND level >= {1 + number // SKILLS}" for number in range(QUEUES)]
        sids = [self._queue(f"Queue {number}", text) for number, text in enumerate(texts)]
        everybody = self._queue("Everybody", "1==1")
        if self.shape.targets:
            targets = [{"queue": everybody} | target for target in self.shape.targets]
        else:
            targets = [{"queue": sid} | (self.shape.target or {}) for sid in sids]
        filters = [{"expression": f"kind == {kind}", "targets": [target]} for kind, target in enumerate(targets)]
        text = json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": everybody}}})
        self.workflow = self.do(workflows.create, friendly_name="Main", configuration=text).sid
        self.queues = [*sids, everybody]
        return len(filters)

    def _queue(self, name: str, text: str) -> str:
        most = self.shape.max_reserved
        return self.do(task_queues.create, friendly_name=name, target_workers=text, max_reserved_workers=most).sid

    def _weights(self, count: int) -> list[float]:
        return [1 / (1 + index % SKILLS) if self.shape.skewed else 1.0 for index in range(count)]

    def worker(self, number: int) -> str:
        """A new worker who is available."""
        text = json.dumps(self.worker_attributes())
        name = f"Worker {number}"
        return self.do(workers.create, friendly_name=name, attributes=text, activity_sid=self.available).sid

    def worker_attributes(self) -> dict[str, Any]:
        skills: dict[str, None] = {}
        while len(skills) < SKILLS_EACH:
            skills[f"s{self.random.choices(range(SKILLS), self._weights(SKILLS))[0]}"] = None
        return {
            "skills": list(skills),
            "level": self.random.randint(1, LEVELS),
            "rank": self.random.randint(1, 99),
            "language": [f"l{number}" for number in self.random.sample(range(LANGUAGES), 2)],
        }

    # -- turns

    def do(self, command: Callable[..., T], *args: Any, **options: Any) -> T:
        """Let time pass, fire what is due, run a command, settle."""
        self.now += BETWEEN
        while (due := self.ws.next_due()) is not None and due <= self.now:
            self._turn(self.ws.run_due, (self.now, SLICE), {})
        return self._turn(command, (self.ws, *args), options)

    def _turn(self, work: Callable[..., T], args: tuple[Any, ...], options: dict[str, Any]) -> T:
        """Some work with the first slice of settling; then the other slices, each a turn of its own."""
        begun = thread_time() if self.watched else 0.0
        self.ws.begin(self.now, SYSTEM)
        answer = work(*args, **options)
        while not self.ws.settle(SLICE):
            begun = self._turn_over(begun)
        self._turn_over(begun)
        return answer

    def _turn_over(self, begun: float) -> float:
        self._take(self.ws.take())
        if not self.watched:
            return 0.0
        now = thread_time()
        self.longest = max(self.longest, now - begun)
        return now

    def _take(self, entries: list[Entry]) -> None:
        self.ws.take_texts()
        if self.rows is not None:
            self.rows += map(encode, entries)
        elif self.watched:  # the server encodes them in the same turn
            for entry in entries:
                encode(entry)

    # -- a task's life

    def task_attributes(self) -> str:
        attributes = {
            "kind": next(self.kinds),
            "language": f"l{self.random.randrange(LANGUAGES)}",
            "tried": [f"WK{self.random.getrandbits(128):032x}"],
        }
        text = json.dumps(attributes)
        missing = self.shape.attributes_bytes - len(text)
        return text if missing <= 0 else json.dumps(attributes | {"note": "x" * max(0, missing - 12)})

    def create(self) -> Task:
        return self.do(tasks.create, attributes=next(self.texts))

    def accept(self, task: Task) -> None:
        """The first worker who was offered it does."""
        if not task.open_reservations:
            raise Wrong(f"task {task.sid} is {task.status} and was offered to nobody")
        self.do(reservations.update, task.open_reservations[0], reservation_status="accepted")

    def complete(self, task: Task) -> None:
        self.do(tasks.update, task.sid, assignment_status="completed")
        if task.status != "completed":
            raise Wrong(f"task {task.sid} is {task.status} after it was completed")

    def life(self) -> None:
        """With workers waiting: a task is created, offered, accepted and completed."""
        task = self.create()
        self.accept(task)
        self.complete(task)
