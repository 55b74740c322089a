"""The floor: all seats, rosters and waiting tasks of a workspace, and the settling of who gets what.

Invariant at rest: a non-empty line means that no ready worker fits it. So only lines that were just opened (`fresh`)
and workers who have just become ready (`woken`) need to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from heapq import heappop, heappush
from typing import Any

import msgspec

from pointsman.domain.nouns import Task
from pointsman.engine.workspace.matching.line import Line, Order, Waiting
from pointsman.engine.workspace.matching.pool import ALL, NOBODY, Place, Pool, PoolKey
from pointsman.engine.workspace.matching.roster import EVERYONE, Roster
from pointsman.engine.workspace.matching.seat import Seat
from pointsman.engine.workspace.workflow_document import Target
from pointsman.expressions import Expression, lookup

Reserve = Callable[[Task, list[Seat]], None]
Call = tuple[int, Order, int, int, Line, Place | None]
"""A line that is to be asked, in the order of the floor: for one worker's place, or (None) for whoever is ready."""

LOOKS_A_STEP = 16
"""So many lines that a worker is compared with are worth a step."""
_FOR_EVER = 1 << 62
_ENCODER = msgspec.json.Encoder(order="deterministic")


class Floor:
    def __init__(self) -> None:
        self.seats: dict[str, Seat] = {}
        self.rosters: dict[str, Roster] = {}
        self.load_rosters: list[Roster] = []
        """Those whose membership depends on load or activity."""
        self.waiting: dict[str, Waiting] = {}
        self.fresh: dict[Line, None] = {}
        self.woken: dict[str, Seat] = {}
        self.lifo_first = False
        self._calls: list[Call] = []
        """A heap; what it says of lines and places may be out of date, which is seen when a call's turn comes."""
        self._serial = 0
        self.live_lines: dict[Line, None] = {}
        """Non-empty lines with live terms: a change of load or of the clock makes their workers ask again."""

    def rosters_changed(self) -> None:
        """A queue came, went, or has a new expression."""
        self.load_rosters = [roster for roster in self.rosters.values() if roster.uses_load]

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
        for roster in seat.rosters.values():
            if roster.live_pools:
                roster.reorder(seat)
                self.wake(seat)

    def sort_anew(self, task_channel_sid: str) -> None:
        """Idle times on a channel are counted in another way now."""
        for roster in self.rosters.values():
            for pool in roster.pools.values():
                if pool.channel == task_channel_sid:
                    pool.sort_anew()

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
        pool.rank(line)
        roster.ranking.add(waiting.order)
        if avoid or self._calls:  # a call that is open may have passed by this head
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
        barred: dict[str, int] = {}
        if task.failures or target.never:
            barred = {sid: failure.until for sid, failure in task.failures.items() if failure.until > now}
            barred |= dict.fromkeys(target.never, _FOR_EVER)
        ignore_capacity = bool(task.ignore_capacity) and target.queue == EVERYONE  # not in a queue of a transfer
        binding = (
            keys,
            _bound(target.residual, document),
            _bound(target.live, document),
            ignore_capacity,
            task.number if barred else 0,
        )
        lines = pool.lines.get(keys[0])
        line = None if lines is None else lines.get(binding)
        if line is None:
            line = Line(pool, binding, keys, document)
            line.residual, line.live, line.barred = target.residual, target.live, barred
            line.ignore_capacity = ignore_capacity
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
        line.pool.rank(line)
        line.pool.roster.ranking.remove(waiting.order)
        if line.count == 0:
            line.pool.close_line(line)
            self.fresh.pop(line, None)
            self.live_lines.pop(line, None)

    def place(self, task_sid: str) -> tuple[int, int] | None:
        """Where a waiting task stands among all that wait for the same workers' queue, and how many those are.

        None if it does not wait. A task that is meant for one worker stands among those for the same one.
        """
        waiting = self.waiting.get(task_sid)
        if waiting is None or waiting.line is None:
            return None
        roster = waiting.line.pool.roster
        if roster.queue.sid != EVERYONE:
            return roster.ranking.position(waiting.order), roster.ranking.count
        rivals = [each for each in self.waiting.values() if each.task.routing_target == waiting.task.routing_target]
        return 1 + sum(each.order < waiting.order for each in rivals), len(rivals)

    def forgive(self, task_sid: str) -> None:
        """Whoever let the task go is no longer last in line: that held for the first look only (ruling 1b)."""
        self.waiting[task_sid].avoid = frozenset()

    def clocked_lines(self) -> list[Line]:
        """Those that look at the clock."""
        return [line for line in self.live_lines if line.live is not None and line.live.uses_clock]

    def freshen(self, lines: Iterable[Line]) -> None:
        for line in lines:
            self.fresh[line] = None

    # -- settling

    def at_rest(self) -> bool:
        return not self.fresh and not self.woken and not self._calls

    def match(self, limit: int, clock: dict[str, Any], now: int, reserve: Reserve) -> int:
        """Match until nothing more can be, or `limit` steps are done: the best waiting task chooses first.

        A worker whose load a reservation changes is seated before the next task chooses. A worker who was seated asks
        for one line at a time, the next only while still ready: so it matters little how many lines there are.
        Returns the steps done, in workers seated and lines looked at.
        """
        fresh, self.fresh = self.fresh, {}
        for line in fresh:
            self._call(line, None)
        done = 0
        while done < limit and (self.woken or self._calls):
            done += 1
            if self.woken:
                seat = self.woken.pop(next(iter(self.woken)))
                done += sum([self._seek(each, None, clock, now) for each in self._sit_down(seat)])
                continue
            _, order, number, _, line, place = heappop(self._calls)
            changed = line.rank is None or line.rank[:2] != (order, number)
            if place is None:
                if changed or self._ask(line, clock, now, reserve):
                    self._call(line, None)
            elif not place.gone and place.seat.ready(place.pool.channel):
                if not changed:
                    self._ask(line, clock, now, reserve)
                done += self._seek(place, (order, number), clock, now)
        return done

    def _sit_down(self, seat: Seat) -> list[Place]:
        """Enter the heaps of the channels on which the worker is ready; the places at which somebody waits."""
        places: list[Place] = []
        ready: dict[str, bool] = {}
        for place in seat.all_places():
            pool = place.pool
            if pool.channel not in ready:
                ready[pool.channel] = seat.ready(pool.channel)
            if ready[pool.channel]:
                pool.enter(place)
                if place.key in pool.lines:
                    places.append(place)
        return places

    def _seek(self, place: Place, after: tuple[Order, int] | None, clock: dict[str, Any], now: int) -> int:
        """Call the next line that a ready worker fits; the steps that the search was worth."""
        lines = place.pool.lines.get(place.key)
        if lines is None or not place.seat.ready(place.pool.channel):
            return 0
        line, looks = lines.fitting(place.seat, clock, now, after)
        if line is not None:
            self._call(line, place)
        return looks // LOOKS_A_STEP

    def _call(self, line: Line, place: Place | None) -> None:
        if line.rank is not None:  # else the last task has left
            order, number, _ = line.rank
            lifo = line.pool.roster.queue.task_order == "LIFO"
            self._serial += 1
            heappush(self._calls, (int(lifo is not self.lifo_first), order, number, self._serial, line, place))

    def _ask(self, line: Line, clock: dict[str, Any], now: int, reserve: Reserve) -> bool:
        """Let the head of a line choose; False if no ready worker fits it."""
        head = line.head()
        assert head is not None
        if line.ignore_capacity:
            seat = self.seats.get(head.task.routing_target or "")
            seats = [seat] if seat is not None and line.fits(seat, clock, now) else []
        else:
            seats = line.pool.pick(line, line.pool.roster.queue.max_reserved_workers, head.avoid, clock, now)
        if seats:
            reserve(head.task, seats)
        return bool(seats)


def _bound(expression: Expression | None, document: dict[str, Any]) -> tuple[str, bytes] | None:
    """What the answer of an expression depends on besides the worker."""
    if expression is None:
        return None
    return expression.text, _ENCODER.encode([lookup(document, path) for path in expression.task_paths])
