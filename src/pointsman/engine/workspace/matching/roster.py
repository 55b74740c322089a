"""A queue's roster: its members, how many of them are in each activity, and its pools."""

from __future__ import annotations

from collections.abc import Callable

from pointsman.domain.nouns import TaskQueue
from pointsman.engine.workspace.matching.pool import Pool, PoolKey
from pointsman.engine.workspace.matching.ranking import Ranking
from pointsman.engine.workspace.matching.seat import Seat
from pointsman.expressions import Expression, OrderBy, Scope, compile_expression

Idle = Callable[[Seat, str], tuple[int, int]]
EVERYONE = ""
"""The sid of the roster of all workers: a RoutingTarget finds its worker there, whatever the queue."""
_LIVE_NAMES = frozenset({"channel", "activity_sid", "activity_name"})


class Roster:
    def __init__(self, queue: TaskQueue, idle: Idle) -> None:
        self.queue = queue
        self.idle = idle
        """(time of the last reservation or release, date_status_changed) of a worker on a channel (ruling 8)."""
        self.members: dict[int, Seat] = {}
        self.activities: dict[str, int] = {}
        self.pools: dict[PoolKey, Pool] = {}
        self.ranking = Ranking()
        """The tasks that wait for this queue, in the order in which they are served."""
        self.live_pools: list[Pool] = []
        """Those whose order_by looks at the load."""
        self.read_expression()

    def read_expression(self) -> None:
        """An empty TargetWorkers matches nobody (rest-api.md 20, 8)."""
        text = self.queue.target_workers
        self.expression: Expression | None = compile_expression(text, Scope.WORKER) if text.strip() else None
        paths = self.expression.paths if self.expression else ()
        self.uses_clock = self.expression is not None and self.expression.uses_clock
        self.uses_load = any(str(path.segments[0]) in _LIVE_NAMES for path in paths if path.segments)

    def wants(self, seat: Seat, clock: dict[str, object]) -> bool:
        return self.expression is not None and self.expression.matches({}, seat.document, clock, {})

    def seat(self, seat: Seat) -> None:
        """Take a worker in, with places in every pool."""
        self.members[seat.worker.number] = seat
        seat.rosters[self.queue.sid] = self
        self.count(seat.activity.sid, 1)
        seat.places[self.queue.sid] = [place for pool in self.pools.values() for place in pool.admit(seat)]

    def unseat(self, seat: Seat) -> None:
        del self.members[seat.worker.number]
        del seat.rosters[self.queue.sid]
        self.count(seat.activity.sid, -1)
        for place in seat.places.pop(self.queue.sid):
            place.gone = True

    def reorder(self, seat: Seat) -> None:
        """New places for a member in the pools that are sorted by load, which has changed."""
        kept = []
        for place in seat.places[self.queue.sid]:
            if place.pool.live_order:
                place.gone = True
            else:
                kept.append(place)
        seat.places[self.queue.sid] = kept + [place for pool in self.live_pools for place in pool.admit(seat)]

    def count(self, activity_sid: str, by: int) -> None:
        self.activities[activity_sid] = self.activities.get(activity_sid, 0) + by

    def pool(self, key: PoolKey, static: Expression | None, order_by: OrderBy) -> Pool:
        """The pool of this key; made when first asked for, in O(members)."""
        pool = self.pools.get(key)
        if pool is None:
            pool = self.pools[key] = Pool(self, key, static, order_by)
            if pool.live_order:
                self.live_pools.append(pool)
            pool.fill(self.members.values())
        return pool

    def forget_idle_pools(self) -> None:
        """Drop the pools that nobody waits for; they are made again when needed. Members keep places for a while."""
        for pool in self.pools.values():
            pool.forgotten = not pool.lines
        self.pools = {key: pool for key, pool in self.pools.items() if not pool.forgotten}
        self.live_pools = [pool for pool in self.pools.values() if pool.live_order]
