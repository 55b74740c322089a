"""What statistics count: each countable event becomes a mark, which says when, where, and after what wait.

All is in whole seconds, and taken from the event itself, so a count of the Events resource comes to the same figures.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import msgspec

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


Sort = tuple[int, int, int, int, int, int, int]
"""What is alike in marks. In this order:

- kind;
- channel, queue, workflow and worker: numbers of the stream's names;
- seconds from the task's creation to its acceptance or cancelation, or NO_WAIT;
- seconds from entering the queue to acceptance, or NO_WAIT.

A plain tuple, because there are several in every task's life.
"""
Row = tuple[int, int, int, int, int]
"""(entity, channel, kind, wait, how many)."""


class Marks:
    """The marks of a run of facts, in their order: when each was made, in whole seconds, and of which sort it is."""

    def __init__(self, packed: bytes | None = None) -> None:
        self.times, self.numbers = array("q"), array("I")
        self.sorts: list[Sort] = []
        if packed is not None:
            self.sorts, times, numbers = _decoder.decode(packed)
            self.times.frombytes(times)
            self.numbers.frombytes(numbers)

    def pack(self) -> bytes:
        return msgspec.msgpack.encode((self.sorts, self.times.tobytes(), self.numbers.tobytes()))

    def between(self, since: int, until: int) -> Callable[[], list[tuple[Sort, int]]]:
        """Counts those of some seconds, both ends included; to be called wherever there is time for it."""
        first, end = bisect_left(self.times, since), bisect_right(self.times, until)
        return partial(_counted, self.sorts, self.numbers[first:end])


_decoder = msgspec.msgpack.Decoder(tuple[list[Sort], bytes, bytes])


def _counted(sorts: list[Sort], numbers: array[int]) -> list[tuple[Sort, int]]:
    return [(sorts[number], n) for number, n in Counter(numbers).items()]


class Subject(NamedTuple):
    """Whose statistics, and which kinds they count."""

    place: int
    """Where it stands in a mark's sort; NOWHERE for the workspace."""
    kinds: frozenset[int]
    waits: bool
    """False where only numbers are counted."""


_SHARED = frozenset(range(MOVED, ACCEPTED_TRANSFER + 1))
WORKSPACE = Subject(NOWHERE, _SHARED | {CREATED}, True)
QUEUE = Subject(2, _SHARED | {ENTERED_QUEUE, WAITED_IN_QUEUE}, True)
WORKFLOW = Subject(3, _SHARED | {ENTERED_WORKFLOW}, True)
WORKER = Subject(4, frozenset(range(RESERVED, ACCEPTED_TRANSFER + 1)), False)
SUBJECTS = (WORKSPACE, QUEUE, WORKFLOW, WORKER)


def rows(
    counted: Iterable[tuple[Sort, int]],
    subject: Subject,
    entities: Collection[int] | None = None,
    channel: int | None = None,
) -> Iterator[Row]:
    """What marks count for a subject's entities, these or all, in a channel or in all. A row may come several times."""
    place, kinds, waits = subject.place, subject.kinds, subject.waits
    in_queue = WAITED_IN_QUEUE in kinds
    for sort, n in counted:
        kind, of_channel = sort[0], sort[1]
        entity = sort[place] if place else NOWHERE
        if kind not in kinds or (place and not entity) or channel not in (None, of_channel):
            continue
        if entities is None or entity in entities:
            yield entity, of_channel, kind, sort[5] if waits else NO_WAIT, n
            if in_queue and sort[6] >= 0:
                yield entity, of_channel, WAITED_IN_QUEUE, sort[6], n
