"""A centre with very many waiting tasks, made quickly: from facts, as a start would make it from a journal."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from bench.floor import Floor, Shape
from pointsman.domain.entry import Entry
from pointsman.domain.facts import TaskCreated, TaskStepped
from pointsman.domain.nouns import Task

ATTRIBUTES_BYTES = 170
WORKERS = 1000


def model(gathering: bool = False) -> tuple[Floor, Task]:
    """A centre whose workers are all busy, and a task that waits there."""
    floor = Floor(Shape(WORKERS, attributes_bytes=ATTRIBUTES_BYTES), gathering=gathering)
    while (task := floor.create()).status != "pending":
        floor.accept(task)
    return floor, task


def waiting(floor: Floor, task: Task, count: int) -> Iterator[Entry]:
    """The facts of `count` more tasks like this one, each with attributes of its own. Fold each before the next."""
    assert task.task_queue_sid is not None
    created = TaskCreated(
        sid="",
        attributes="",
        workflow_sid=task.workflow_sid,
        workflow_version=task.workflow_version,
        task_channel_sid=task.task_channel_sid,
        timeout=task.timeout,
        virtual_start_time=task.virtual_start_time,
        priority=task.priority,
    )
    stepped = TaskStepped("", "created", task.filter, task.target, task.task_queue_sid, task.priority, task.base, 1)  # type: ignore[arg-type]
    for number in range(count):
        sid, text = floor.ws.ids("WT"), task.attributes[:-1] + f', "n": "{number:06}"}}'
        yield Entry(floor.now, msgspec.structs.replace(created, sid=sid, attributes=text))
        yield Entry(floor.now, msgspec.structs.replace(stepped, sid=sid))


def fill(floor: Floor, task: Task, count: int) -> None:
    """So many more tasks wait."""
    ws = floor.ws
    for entry in waiting(floor, task, count):
        ws.replay(ws.head + 1, entry)
    ws.ready()
    while not ws.settle(10**9):
        pass
    ws.take()
    ws.take_texts()
