"""A line: the tasks that wait with one pool and one binding, in workspace order. All of them fit the same workers."""

from __future__ import annotations

from collections.abc import Hashable
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Any

from pointsman.domain.nouns import Task
from pointsman.expressions import Expression

if TYPE_CHECKING:
    from pointsman.engine.workspace.matching.pool import Pool
    from pointsman.engine.workspace.matching.seat import Seat

Order = tuple[int, int, int]
"""FIFO: (-priority, virtual start, number). LIFO: (0, -virtual start, -number), for priority is ignored (ruling 20)."""
Rank = tuple[Order, int, "Line"]
"""A line's head: its order and its task's number, which no other line's head has."""


class Waiting:
    """A task's place in a line."""

    __slots__ = ("avoid", "line", "order", "serial", "task")

    def __init__(self, task: Task, line: Line, order: Order, serial: int, avoid: frozenset[str]) -> None:
        self.task = task
        self.line: Line | None = line
        self.order = order
        self.serial = serial
        """Tells a task that rejoins its line from its dead entry."""
        self.avoid = avoid
        """Workers who have just let the task go: last in line for it (ruling 1b)."""


class Line:
    __slots__ = (
        "_heap",
        "barred",
        "binding",
        "count",
        "document",
        "ignore_capacity",
        "keys",
        "live",
        "pool",
        "rank",
        "residual",
    )

    def __init__(self, pool: Pool, binding: Hashable, keys: tuple[Hashable, ...], document: dict[str, Any]) -> None:
        self.pool = pool
        self.binding = binding
        self.keys = keys
        self.document = document
        """Any waiting task's document: on the bound paths they are all alike."""
        self.residual: Expression | None = None
        self.live: Expression | None = None
        self.barred: dict[str, int] = {}
        """Worker sids that are no candidates before a time; such a line has a single task."""
        self.ignore_capacity = False
        self.count = 0
        self.rank: Rank | None = None
        """As its pool knows it."""
        self._heap: list[tuple[Order, int, Waiting]] = []

    def join(self, waiting: Waiting) -> None:
        self.count += 1
        heappush(self._heap, (waiting.order, waiting.serial, waiting))
        if len(self._heap) > 64 and len(self._heap) > 2 * self.count:
            self._heap = [entry for entry in self._heap if entry[2].line is self]
            heapify(self._heap)

    def leave(self, waiting: Waiting) -> None:
        waiting.line = None
        self.count -= 1

    def head(self) -> Waiting | None:
        """The task that is served next."""
        heap = self._heap
        while heap and heap[0][2].line is not self:
            heappop(heap)
        return heap[0][2] if heap else None

    def fits(self, seat: Seat, clock: dict[str, Any], now: int) -> bool:
        """The terms that the pool could not decide: residual, live and barred workers."""
        if self.barred.get(seat.worker.sid, 0) > now:
            return False
        if self.residual is not None and not self.residual.matches(self.document, seat.document, clock, {}):
            return False
        return self.live is None or self.live.matches(self.document, seat.document, clock, {})
