"""The engine alone, without I/O: what a task's life costs, and what changes that touch many workers or tasks cost.

A life is three commands: a task is created and offered, the offer accepted, the task completed; its events are
rendered, and finished tasks are removed on the way. With tasks waiting, all workers are busy, and who completes gets
the next one.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from statistics import median
from time import process_time
from typing import Any, NamedTuple

from bench.floor import QUEUES, Floor, Shape
from bench.report import Figure, Wrong
from pointsman.domain.nouns import Task
from pointsman.engine.workspace import task_queues, workers, workflows
from pointsman.runtime import collector

REPEATS = 5


class Size(NamedTuple):
    workers: tuple[int, ...]
    waiting: int
    lives: int
    """In each of the repeats."""
    own_tasks: int
    own_workers: int
    changed_tasks: int


FULL = Size((1_000, 10_000, 100_000), 100_000, 2_000, 10_000, 5_000, 100_000)
QUICK = Size((1_000, 5_000), 5_000, 200, 500, 250, 5_000)

OWN = {"expression": "worker.sid NOT IN task.tried"}
ROWS: dict[str, Shape] = {
    "skewed_skills": Shape(1_000, skewed=True),
    "pools_30": Shape(1_000, targets=tuple({"expression": f"worker.rank != {100 + n}"} for n in range(30))),
    "reserved_5": Shape(1_000, max_reserved=5),
    "order_by": Shape(1_000, target={"order_by": "worker.rank DESC"}),
    "order_by_load": Shape(1_000, target={"order_by": "worker.channel.default.assigned_tasks ASC"}),
    "keyed": Shape(1_000, targets=({"expression": "worker.language HAS task.language"},) * 10),
}
"""One thing is different from the plain centre in each."""


def run(quick: bool) -> list[Figure]:
    size = QUICK if quick else FULL
    collector.keep_pauses_short()  # as the server does it
    figures = _plain(size)
    base = figures[0].value
    for name, shape in ROWS.items():
        figures.append(_lives(f"lives_{name}", Busy(shape, 0), size, base))
    figures += _own_expressions(size)
    figures += _changes(size)
    return figures


class Busy(Floor):
    """So many tasks wait because every worker is busy; without any, the workers wait."""

    def __init__(self, shape: Shape, waiting: int) -> None:
        super().__init__(shape)
        self.held: deque[Task] = deque()
        """Accepted tasks, the oldest first."""
        self.waits: deque[Task] = deque()
        if waiting:
            self._fill(waiting)

    def _fill(self, waiting: int) -> None:
        while len(self.waits) < waiting:
            task = self.create()
            if task.status == "reserved":
                self.accept(task)
                self.held.append(task)
            else:
                self.waits.append(task)

    def overloaded_life(self) -> None:
        """A task joins those that wait, and another one is completed: its worker takes one that waits."""
        self.waits.append(self.create())
        done = self.held.popleft()
        [reservation] = done.open_reservations
        worker = self.ws.tables.reservations[reservation].worker_sid
        self.complete(done)
        pending = self.ws.seat(worker).pending()
        if len(pending) != 1:
            raise Wrong(f"worker {worker} was offered {len(pending)} tasks, although {len(self.waits)} wait")
        task = self.ws.task(pending[0].task_sid)
        self.accept(task)
        self.held.append(task)


def _plain(size: Size) -> list[Figure]:
    figures: list[Figure] = []
    for workers_count in size.workers:
        for waiting in (0, size.waiting):
            name = f"lives_{workers_count}_workers_{waiting}_waiting"
            base = figures[0].value if figures else 0.0
            figures.append(_lives(name, Busy(Shape(workers_count), waiting), size, base))
    return figures


def _lives(name: str, busy: Busy, size: Size, base: float) -> Figure:
    life = busy.overloaded_life if busy.held else busy.life
    rate = 1 / _each(life, size.lives)
    busy.watched = True
    for _ in range(size.lives):
        life()
    against = f"{base / rate:.2f} times the cost of the first row; " if base else ""
    return Figure(name, rate, "1/s", f"{against}longest turn {busy.longest * 1000:.1f} ms")


def _each(work: Callable[[], Any], times: int) -> float:
    """CPU seconds of one, the median of several rounds."""
    rounds = []
    for _ in range(REPEATS):
        begun = process_time()
        for _ in range(times):
            work()
        rounds.append((process_time() - begun) / times)
    return median(rounds)


def _own_expressions(size: Size) -> list[Figure]:
    """Every waiting task excludes workers of its own."""
    busy = Busy(Shape(size.own_workers, targets=(OWN,)), size.own_tasks)
    note = f"{size.own_tasks} tasks that exclude workers of their own wait for {size.own_workers} workers"
    figure = _lives("lives_own_expressions", busy, size._replace(lives=size.lives // 4), 0.0)
    return [figure._replace(note=f"{note}; {figure.note}")]


def _changes(size: Size) -> list[Figure]:
    floor = Busy(Shape(size.workers[-1]), 0)
    sids = [worker.sid for worker in floor.ws.tables.workers]

    def another() -> None:
        sid, text = floor.random.choice(sids), json.dumps(floor.worker_attributes())
        floor.do(workers.update, sid, attributes=text)

    figures = [Figure("worker_attributes", _each(another, 200) * 1e6, "µs", f"a worker's change, {QUEUES} queues")]
    texts = ["skills HAS 's1' AND level >= 2", "skills HAS 's2' AND level >= 1", "skills HAS 's1' OR level > 2"]
    changes = [
        _change(floor, lambda text=text: floor.do(task_queues.update, floor.queues[0], target_workers=text))  # type: ignore[misc]
        for text in texts
    ]
    figures += _said("target_workers", changes, f"of a queue, {len(sids)} workers")
    return [*figures, *_new_targets(floor), *_reevaluation(size)]


def _new_targets(floor: Floor) -> list[Figure]:
    """A workflow gets targets that were never there; the first task of one finds out who fits."""
    changes, firsts = [], []
    for rank in (10, 20, 30):
        target = {"queue": floor.queues[-1], "expression": f"worker.rank > {rank}"}
        text = json.dumps({"task_routing": {"default_filter": target}})
        changes.append(_change(floor, lambda text=text: floor.do(workflows.update, floor.workflow, configuration=text)))  # type: ignore[misc]
        firsts.append(_change(floor, floor.life))
    note = f"{len(floor.ws.tables.workers)} workers in its queue"
    return [
        *_said("workflow_change", changes, "with a new target"),
        *_said("first_task_of_a_target", firsts, note),
    ]


def _reevaluation(size: Size) -> list[Figure]:
    busy = Busy(Shape(50), size.changed_tasks)
    workflow = busy.ws.tables.workflows[busy.workflow]
    changes = []
    for _ in range(2):
        text = workflow.versions[workflow.current].configuration + " "
        changes.append(
            _change(
                busy,
                lambda text=text: busy.do(  # type: ignore[misc]
                    workflows.update, busy.workflow, configuration=text, re_evaluate_tasks=True
                ),
            )
        )
    if any(task.workflow_version != workflow.current for task in busy.waits):
        raise Wrong("a waiting task does not follow the new version of its workflow")
    return _said("reevaluate_tasks", changes, f"{size.changed_tasks} waiting tasks, {QUEUES} filters")


def _change(floor: Floor, work: Callable[[], Any]) -> tuple[float, float]:
    """CPU seconds of a change as a whole, and of its longest turn."""
    floor.watched, floor.longest = True, 0.0
    begun = process_time()
    work()
    return process_time() - begun, floor.longest


def _said(name: str, changes: list[tuple[float, float]], note: str) -> list[Figure]:
    totals, longest = zip(*changes, strict=True)
    return [
        Figure(name, median(totals) * 1000, "ms", f"CPU, {note}"),
        Figure(f"{name}_longest_turn", median(longest) * 1000, "ms", "while the others wait"),
    ]
