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


class Mark(NamedTuple):
    """One countable event. Queues, workflows, workers and channels are numbers of the stream's names."""

    at: int
    """In seconds."""
    place: int
    """Tells marks of a second apart."""
    kind: int
    channel: int
    queue: int
    workflow: int
    worker: int
    wait: int
    """Seconds from the task's creation to its acceptance or cancelation."""
    queue_wait: int
    """Seconds from entering the queue to acceptance."""


class Subject(NamedTuple):
    """Whose statistics: the field of a mark that names it, and which kinds it counts."""

    field: str
    kinds: frozenset[int]
    waits: bool
    """False where only numbers are counted."""


_SHARED = frozenset(range(MOVED, ACCEPTED_TRANSFER + 1))
WORKSPACE = Subject("", _SHARED | {CREATED}, True)
WORKFLOW = Subject("workflow", _SHARED | {ENTERED_WORKFLOW}, True)
QUEUE = Subject("queue", _SHARED | {ENTERED_QUEUE, WAITED_IN_QUEUE}, True)
WORKER = Subject("worker", frozenset(range(RESERVED, ACCEPTED_TRANSFER + 1)), False)
