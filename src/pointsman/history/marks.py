"""What statistics count: each countable event becomes a mark, which says when, where, and after what wait.

All is in whole seconds, and taken from the event itself, so a count of the Events resource comes to the same figures.
"""

from __future__ import annotations

from typing import NamedTuple

CREATED, ENTERED_WORKFLOW, ENTERED_QUEUE, MOVED, TIMED_OUT_IN_WORKFLOW, CANCELED, COMPLETED, DELETED = range(1, 9)
RESERVED, ACCEPTED, REJECTED, TIMED_OUT, WITHDRAWN, RESCINDED, ACCEPTED_TRANSFER = range(9, 16)
WAITED_IN_QUEUE = 16
"""Made of acceptances: the wait since the task entered the queue. Only queues have it."""

KINDS = {
    "task.created": CREATED,
    "workflow.entered": ENTERED_WORKFLOW,
    "task-queue.entered": ENTERED_QUEUE,
    "task-queue.moved": MOVED,
    "workflow.timeout": TIMED_OUT_IN_WORKFLOW,
    "task.canceled": CANCELED,
    "task.completed": COMPLETED,
    "task.deleted": DELETED,
    "task.system-deleted": DELETED,
    "reservation.created": RESERVED,
    "reservation.accepted": ACCEPTED,
    "reservation.rejected": REJECTED,
    "reservation.timeout": TIMED_OUT,
    "reservation.canceled": WITHDRAWN,
    "reservation.rescinded": RESCINDED,
}
"""Event types that are counted. Numbers are stored: they are never given another meaning."""

NO_WAIT = -1
NOWHERE = 0
"""The number of a queue, workflow, worker or channel that there is none of; as an entity, the workspace itself."""


Where = tuple[int, int, int, int]
"""Channel, queue, workflow and worker: numbers of the stream's names."""
Mark = tuple[int, int, int, Where, int, int]
"""One countable event. In this order:

- when, in whole seconds;
- its place, which tells marks of a second apart;
- its kind;
- where;
- seconds from the task's creation to its acceptance or cancelation, or NO_WAIT;
- seconds from entering the queue to acceptance, or NO_WAIT.

A plain tuple, because there are several in every task's life.
"""


class Subject(NamedTuple):
    """Whose statistics, and which kinds they count."""

    field: str
    """What names it in the file; "" for the workspace."""
    place: int
    """Where it stands in a mark's Where; -1 for the workspace."""
    kinds: frozenset[int]
    waits: bool
    """False where only numbers are counted."""


_SHARED = frozenset(range(MOVED, ACCEPTED_TRANSFER + 1))
WORKSPACE = Subject("", -1, _SHARED | {CREATED}, True)
WORKFLOW = Subject("workflow", 2, _SHARED | {ENTERED_WORKFLOW}, True)
QUEUE = Subject("queue", 1, _SHARED | {ENTERED_QUEUE, WAITED_IN_QUEUE}, True)
WORKER = Subject("worker", 3, frozenset(range(RESERVED, ACCEPTED_TRANSFER + 1)), False)
