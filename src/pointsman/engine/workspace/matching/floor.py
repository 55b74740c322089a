"""The floor: all seats, rosters and waiting tasks of a workspace, and the settling of who gets what.

Invariant at rest: a non-empty line means that no ready worker fits it. So only lines that were just opened (`fresh`)
and workers who have just become ready (`woken`) need to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from heapq import heapify, heappop, heappush
from typing import Any

import msgspec

from pointsman.domain.nouns import Task
from pointsman.engine.workspace.matching.line import Line, Order, Waiting
from pointsman.engine.workspace.matching.pool import ALL, NOBODY, Place, Pool, PoolKey
from pointsman.engine.workspace.matching.roster import Roster
from pointsman.engine.workspace.matching.seat import Seat
from pointsman.engine.workspace.workflow_document import Target
from pointsman.expressions import Expression, lookup

Reserve = Callable[[Task, list[Seat]], None]
Candidate = tuple[int, Order, int, Line]

_ENCODER = msgspec.json.Encoder(order="deterministic")


class Floor:
    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self.rosters: dict[str, Roster] = {}
        self.waiting: dict[str, Waiting] = {}
        self.fresh: dict[Line, None] = {}
        self.woken: dict[str, Seat] = {}
        self.lifo_first = False
        self._serial = 0
        self.live_lines: dict[Line, None] = {}
        """Non-empty lines with live terms: a change of load or of the clock makes their workers ask again."""

    # -- workers

    def wake(self, seat: Seat) -> None:
        """The worker may fit lines that it did not fit before."""
        self.woken[seat.worker.sid] = seat

    def wake_if_live(self, seat: Seat) -> None:
        if self.live_lines:
            self.wake(seat)

    def reseat(self, seat: Seat, clock: dict[str, Any]) -> None:
        """After a change of the worker's document: membership of every queue and places in every pool, anew."""
        for roster in self.rosters.values():
            if roster.queue.sid in seat.rosters:
                roster.unseat(seat)
            if roster.wants(seat, clock):
                roster.seat(seat)
        self.wake(seat)

    def recheck(self, roster: Roster, seats: Iterable[Seat], clock: dict[str, Any]) -> None:
        """Membership of one queue, anew for some workers."""
        for seat in seats:
            member, wanted = roster.queue.sid in seat.rosters, roster.wants(seat, clock)
            if wanted and not member:
                roster.seat(seat)
                self.wake(seat)
            elif member and not wanted:
                roster.unseat(seat)

    def reorder(self, seat: Seat) -> None:
        """After a change of load: new places in the pools whose order_by looks at it."""
        pools = {place.pool: None for place in seat.places if place.pool.order_by.live}
        if not pools:
            return
        for place in seat.places:
            place.gone = place.gone or place.pool in pools
        seat.places = [place for place in seat.places if not place.gone]
        for pool in pools:
            seat.places.extend(pool.admit(seat))
        self.wake(seat)

    # -- tasks

    def join(
        self, task: Task, document: dict[str, Any], target: Target, now: int, avoid: frozenset[str] = frozenset()
    ) -> None:
        """A task starts to wait for a worker of its routing step."""
        roster = self.rosters[target.queue]
        key = PoolKey(
            task.task_channel_sid,
            target.static.text if target.static else "",
            target.order_by.text,
            target.keyed,
        )
        pool = roster.pool(key, target.static, target.order_by)
        keys = (ALL,) if target.keyed is None else target.keyed.task_keys(document) or (NOBODY,)
        line = self._line(pool, task, document, target, keys, now)
        self._serial += 1
        waiting = Waiting(task, line, self._order(roster, task), self._serial, avoid)
        self.waiting[task.sid] = waiting
        line.join(waiting)
        if avoid:
            self.fresh[line] = None

    def _line(
        self,
        pool: Pool,
        task: Task,
        document: dict[str, Any],
        target: Target,
        keys: tuple[Hashable, ...],
        now: int,
    ) -> Line:
        barred = {sid: failure.until for sid, failure in task.failures.items() if failure.until > now}
        binding = (
            keys,
            _bound(target.residual, document),
            _bound(target.live, document),
            bool(task.ignore_capacity),
            task.number if barred else 0,
        )
        line = pool.lines.get(keys[0], {}).get(binding)
        if line is None:
            line = Line(pool, binding, keys, document)
            line.residual, line.live, line.barred = target.residual, target.live, barred
            line.ignore_capacity = bool(task.ignore_capacity)
            pool.open_line(line)
            self.fresh[line] = None
            if line.live is not None:
                self.live_lines[line] = None
        return line

    def _order(self, roster: Roster, task: Task) -> Order:
        if roster.queue.task_order == "LIFO":
            return (0, -task.virtual_start_time, -task.number)
        return (-task.priority, task.virtual_start_time, task.number)

    def leave(self, task_sid: str) -> None:
        """A task waits no longer; harmless if it did not."""
        waiting = self.waiting.pop(task_sid, None)
        if waiting is None or waiting.line is None:
            return
        line = waiting.line
        line.leave(waiting)
        if line.count == 0:
            line.pool.close_line(line)
            self.fresh.pop(line, None)
            self.live_lines.pop(line, None)

    def freshen(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.fresh[line] = None

    # -- settling

    def at_rest(self) -> bool:
        return not self.fresh and not self.woken

    def match(self, limit: int, clock: dict[str, Any], now: int, reserve: Reserve) -> int:
        """Match until nothing more can be, or about `limit` lines were asked: the best waiting task chooses first.

        Returns the work done, in lines asked and workers seated.
        """
        lines = dict(self.fresh)
        seats = list(self.woken.values())[:limit]
        self.fresh.clear()
        for seat in seats:
            del self.woken[seat.worker.sid]
            for place in seat.places:
                self._sit_down(place, lines, clock, now)
        queue = [self._candidate(line, head) for line in lines if (head := line.head()) is not None]
        heapify(queue)
        asked = 0
        while queue and asked < limit:
            candidate = heappop(queue)
            line, head = candidate[3], candidate[3].head()
            if head is None:
                continue
            if head.order != candidate[1]:  # the head was served by way of another line of the same turn
                heappush(queue, self._candidate(line, head))
                continue
            asked += 1
            if self._ask(line, head, clock, now, reserve) and (head := line.head()) is not None:
                heappush(queue, self._candidate(line, head))
        self.freshen(candidate[3] for candidate in queue)
        return asked + len(seats)

    def _sit_down(self, place: Place, lines: dict[Line, None], clock: dict[str, Any], now: int) -> None:
        """Enter the heap if ready; the lines that this worker fits are to be asked."""
        pool = place.pool
        if not place.seat.ready(pool.channel):
            return
        pool.enter(place)
        for line in pool.lines.get(place.key, {}).values():
            if line not in lines and line.fits(place.seat, clock, now):
                lines[line] = None

    def _candidate(self, line: Line, head: Waiting) -> Candidate:
        lifo = line.pool.roster.queue.task_order == "LIFO"
        return (int(lifo is not self.lifo_first), head.order, head.task.number, line)

    def _ask(self, line: Line, head: Waiting, clock: dict[str, Any], now: int, reserve: Reserve) -> bool:
        count = line.pool.roster.queue.max_reserved_workers
        if line.ignore_capacity:
            seat = self.seats.get(head.task.routing_target or "")
            seats = [seat] if seat is not None and line.fits(seat, clock, now) else []
        else:
            seats = line.pool.pick(line, count, head.avoid, clock, now)
        if not seats:
            return False
        reserve(head.task, seats)
        return True


def _bound(expression: Expression | None, document: dict[str, Any]) -> tuple[str, bytes] | None:
    """What the answer of an expression depends on besides the worker."""
    if expression is None:
        return None
    return expression.text, _ENCODER.encode([lookup(document, path) for path in expression.task_paths])
