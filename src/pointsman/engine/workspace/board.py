"""The board: how many unfinished tasks there are where and in which state, and who has waited longest.

It follows facts as the floor does, so what it shows costs what is shown, however many tasks there are. A *corner* holds
the tasks of one queue, workflow and channel: few in number, they are summed up when asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from pointsman.domain import facts
from pointsman.domain.facts import AnyFact, Fact
from pointsman.domain.nouns import Task

if TYPE_CHECKING:
    from pointsman.engine.workspace.tables import Tables

WAITING = ("pending", "reserved")
STATUSES = ("pending", "reserved", "assigned", "wrapping")

Key = tuple[str, str, str]
"""(queue, workflow, channel); the queue is empty before a task's first routing step."""
Longest = tuple[int, int, str]
"""(since when, number of the task, its sid)."""


class _Place(NamedTuple):
    key: Key
    status: str
    priority: int
    entered: int
    """When the task came into its queue."""

    @property
    def waits(self) -> bool:
        return self.status in WAITING


class _Corner:
    __slots__ = ("by_age", "by_entry", "count", "priorities", "statuses", "waiting")

    def __init__(self) -> None:
        self.statuses: Counter[str] = Counter()
        self.priorities: Counter[int] = Counter()
        self.count = self.waiting = 0
        self.by_age: list[Longest] = []
        self.by_entry: list[Longest] = []

    def add(self, place: _Place, by: int) -> None:
        self.statuses[place.status] += by
        self.priorities[place.priority] += by
        if not self.priorities[place.priority]:
            del self.priorities[place.priority]
        self.count += by
        self.waiting += by * place.waits


class Figures(NamedTuple):
    """What is on the board of some corners together."""

    statuses: dict[str, int]
    priorities: dict[int, int]
    total: int
    oldest: Longest | None
    """The waiting task that was created first."""
    longest_in_queue: Longest | None
    """The waiting task that entered its queue first."""


class Board:
    def __init__(self) -> None:
        self._places: dict[str, _Place] = {}
        self._corners: dict[Key, _Corner] = {}
        self._of: dict[str, dict[Key, _Corner]] = {}
        """The corners of a queue or workflow."""

    def follow(self, tables: Tables, fact: AnyFact) -> None:
        """A fact was just applied."""
        task_of = _TASK_OF.get(type(fact))
        if task_of is not None:
            sid = task_of(tables, fact)
            self.show(sid, tables.tasks.get(sid))

    def rebuild(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            self.show(task.sid, task)

    def show(self, sid: str, task: Task | None) -> None:
        """Put the task where it belongs now; None takes it off, as being finished does."""
        old, new = self._places.get(sid), _place_of(task)
        if old == new:
            return
        if task is not None and new is not None:
            self._places[sid] = new
            corner = self._corners.get(new.key) or self._open(new.key)
            corner.add(new, 1)
            self._line_up(corner, task, old, new)
        else:
            del self._places[sid]
        if old is not None:
            corner = self._corners[old.key]
            corner.add(old, -1)
            if not corner.count:
                self._close(old.key)

    def _line_up(self, corner: _Corner, task: Task, old: _Place | None, new: _Place) -> None:
        """Enter the heaps, unless the task is in them already."""
        if not new.waits:
            return
        stays = old is not None and old.waits and old.key == new.key
        if not stays:
            self._push(corner, new.key, corner.by_age, (task.date_created, task.number, task.sid))
        if not stays or (old is not None and old.entered != new.entered):
            self._push(corner, new.key, corner.by_entry, (new.entered, task.number, task.sid))

    def _close(self, key: Key) -> None:
        del self._corners[key]
        for name in key[:2]:
            del self._of[name][key]
            if not self._of[name]:
                del self._of[name]

    def _open(self, key: Key) -> _Corner:
        corner = self._corners[key] = _Corner()
        for name in key[:2]:
            self._of.setdefault(name, {})[key] = corner
        return corner

    # -- who has waited longest: heaps, from which what is out of date falls when it comes to the top

    def _push(self, corner: _Corner, key: Key, heap: list[Longest], entry: Longest) -> None:
        heappush(heap, entry)
        if len(heap) > 64 and len(heap) > 2 * corner.waiting:
            heap[:] = {entry for entry in heap if self._holds(corner, key, heap, entry)}
            heapify(heap)

    def _holds(self, corner: _Corner, key: Key, heap: list[Longest], entry: Longest) -> bool:
        place = self._places.get(entry[2])
        if place is None or not place.waits or place.key != key:
            return False
        return heap is corner.by_age or place.entered == entry[0]

    def _first(self, corner: _Corner, key: Key, heap: list[Longest]) -> Longest | None:
        while heap and not self._holds(corner, key, heap, heap[0]):
            heappop(heap)
        return heap[0] if heap else None

    # -- looking

    def figures(self, owner: str | None = None, channel: str | None = None) -> Figures:
        """Of a queue or workflow, or of the whole workspace; of one channel, or of all."""
        corners = self._corners if owner is None else self._of.get(owner, {})
        statuses: Counter[str] = Counter()
        priorities: Counter[int] = Counter()
        oldest: list[Longest] = []
        longest: list[Longest] = []
        for key, corner in corners.items():
            if channel is not None and key[2] != channel:
                continue
            statuses.update(corner.statuses)
            priorities.update(corner.priorities)
            for firsts, heap in ((oldest, corner.by_age), (longest, corner.by_entry)):
                if (first := self._first(corner, key, heap)) is not None:
                    firsts.append(first)
        return Figures(
            {status: statuses[status] for status in STATUSES},
            dict(sorted(priorities.items())),
            sum(statuses.values()),
            min(oldest, default=None),
            min(longest, default=None),
        )


def _place_of(task: Task | None) -> _Place | None:
    if task is None or task.finished_at is not None:
        return None
    key = (task.task_queue_sid or "", task.workflow_sid, task.task_channel_sid)
    return _Place(key, task.status, task.priority, task.task_queue_entered_date or task.date_created)


# -- which task a fact is about


def _itself(tables: Tables, fact: Any) -> str:
    sid: str = fact.sid
    return sid


def _of_reservation(tables: Tables, fact: Any) -> str:
    return tables.reservations[fact.sid].task_sid


def _of_transfer(tables: Tables, fact: Any) -> str:
    return tables.transfers[fact.sid].task_sid


_TASK_OF: dict[type[Fact], Callable[[Tables, Any], str]] = (
    dict.fromkeys(
        (
            facts.TaskCreated,
            facts.TaskUpdated,
            facts.TaskStepped,
            facts.TaskWrapped,
            facts.TaskCompleted,
            facts.TaskCanceled,
            facts.TaskDeleted,
            facts.TaskRemoved,
        ),
        _itself,
    )
    | dict.fromkeys(
        (
            facts.ReservationCreated,
            facts.ReservationAccepted,
            facts.ReservationClosed,
            facts.ReservationWrapped,
            facts.ReservationCompleted,
        ),
        _of_reservation,
    )
    | dict.fromkeys(
        (
            facts.TransferInitiated,
            facts.TransferAttemptFailed,
            facts.TransferCompleted,
            facts.TransferFailed,
            facts.TransferCanceled,
        ),
        _of_transfer,
    )
)
