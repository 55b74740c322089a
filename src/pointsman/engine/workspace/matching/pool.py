"""A pool: the workers of one queue that satisfy the static terms of a target, ready ones in order of preference.

A worker's idle key only grows, so an entry is a lower bound: an old key on top is replaced by the current one. An
unready worker on top is dropped, and its place says so (`present`), until the worker is ready again and enters anew.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from heapq import heapify, heappop, heappush, heapreplace
from typing import TYPE_CHECKING, Any, NamedTuple

from pointsman.engine.workspace.matching.line import Line
from pointsman.engine.workspace.matching.lines import Lines
from pointsman.expressions import Expression, Keyed, OrderBy

if TYPE_CHECKING:
    from pointsman.engine.workspace.matching.roster import Roster
    from pointsman.engine.workspace.matching.seat import Seat

ALL: Hashable = ("all",)
"""The only key of a pool without a keyed term."""
NOBODY: Hashable = ("nobody",)
"""The key of tasks whose keyed term no worker can satisfy."""


class PoolKey(NamedTuple):
    task_channel_sid: str
    static: str
    order_by: str
    keyed: Keyed | None


class Place:
    """One worker under one key of one pool. `token` makes entries comparable: no two places share one."""

    __slots__ = ("gone", "key", "pool", "present", "seat", "sort", "token")

    def __init__(self, pool: Pool, seat: Seat, key: Hashable, sort: tuple[float, ...], token: int) -> None:
        self.pool, self.seat, self.key, self.sort, self.token = pool, seat, key, sort, token
        self.present = False
        self.gone = False


Entry = tuple[tuple[float, ...], tuple[int, int], int, int, Place]


class Pool:
    def __init__(self, roster: Roster, key: PoolKey, static: Expression | None, order_by: OrderBy) -> None:
        self.roster = roster
        self.key = key
        self.channel = key.task_channel_sid
        self.static = static
        self.keyed = key.keyed
        self.order_by = order_by
        self.live_order = order_by.live
        self.lines: dict[Hashable, Lines] = {}
        """Non-empty lines by key. A line with several keys stands under each."""
        self.forgotten = False
        """Its queue does not know it any more: places in it are of no use."""
        self._heaps: dict[Hashable, list[Entry]] = {}
        self._tokens = 0

    # -- workers

    def admit(self, seat: Seat) -> list[Place]:
        """Places for a member of the queue: none if the static terms refuse it, else one per key."""
        if self.static is not None and not self.static.matches({}, seat.document, {}, {}):
            return []
        keys = (ALL,) if self.keyed is None else self.keyed.worker_keys(seat.document)
        sort = self.order_by.sort_values(seat.document)
        return [self._place(seat, key, sort) for key in keys]

    def _place(self, seat: Seat, key: Hashable, sort: tuple[float, ...]) -> Place:
        self._tokens += 1
        return Place(self, seat, key, sort, self._tokens)

    def enter(self, place: Place) -> None:
        """Put a ready worker's place into its heap, unless it is there."""
        if not place.present:
            place.present = True
            heap = self._heaps.setdefault(place.key, [])
            if len(heap) > 64 + 2 * len(self.roster.members):  # a place has one entry at most: half of them are gone
                heap[:] = [entry for entry in heap if not entry[4].gone]
                heapify(heap)
            heappush(heap, self._entry(place))

    def fill(self, members: Iterable[Seat]) -> None:
        """Take all members in at once: heaps are made in one go, not by a push for each."""
        for seat in members:
            places = self.admit(seat)
            if places:
                seat.places[self.roster.queue.sid] += places
                if seat.ready(self.channel):
                    for place in places:
                        place.present = True
                        self._heaps.setdefault(place.key, []).append(self._entry(place))
        for heap in self._heaps.values():
            heapify(heap)

    def sort_anew(self) -> None:
        """The idle keys went back, which they never do by time: entries are no lower bounds any more."""
        for heap in self._heaps.values():
            heap[:] = [self._entry(entry[4]) for entry in heap if not entry[4].gone]
            heapify(heap)

    def _entry(self, place: Place) -> Entry:
        return (place.sort, self.roster.idle(place.seat, self.channel), place.seat.worker.number, place.token, place)

    def _top(self, heap: list[Entry]) -> Entry | None:
        channel, idle = self.channel, self.roster.idle
        while heap:
            entry = heap[0]
            place = entry[4]
            if place.gone:
                heappop(heap)
            elif not place.seat.ready(channel):
                heappop(heap)
                place.present = False
            else:
                since = idle(place.seat, channel)
                if since <= entry[1]:
                    return entry
                heapreplace(heap, (entry[0], since, entry[2], entry[3], place))
        return None

    def pick(self, line: Line, count: int, avoid: frozenset[str], clock: dict[str, Any], now: int) -> list[Seat]:
        """Up to `count` ready workers for the line's head, best first; those to avoid only after all others."""
        chosen: list[Seat] = []
        avoided: list[Seat] = []
        popped: list[Entry] = []
        seen: set[int] = set()
        heaps = [heap for key in line.keys if (heap := self._heaps.get(key))]
        while len(chosen) < count:
            tops = [(top, heap) for heap in heaps if (top := self._top(heap)) is not None]
            if not tops:
                break
            entry, heap = min(tops, key=lambda item: item[0][:3])
            popped.append(heappop(heap))
            seat = entry[4].seat
            if seat.worker.number in seen or not line.fits(seat, clock, now):
                continue
            seen.add(seat.worker.number)
            (avoided if seat.worker.sid in avoid else chosen).append(seat)
        for entry in popped:
            heappush(self._heaps[entry[4].key], entry)
        return (chosen + avoided)[:count]

    # -- tasks

    def open_line(self, line: Line) -> None:
        for key in line.keys:
            self.lines.setdefault(key, Lines()).open(line)

    def rank(self, line: Line) -> None:
        """The line's head may have changed: keep the lines in order."""
        head = line.head()
        rank = None if head is None else (head.order, head.task.number, line)
        if rank == line.rank:
            return
        for key in line.keys:
            if line.rank is not None:
                self.lines[key].displace(line.rank)
            if rank is not None:
                self.lines[key].place(rank)
        line.rank = rank

    def close_line(self, line: Line) -> None:
        for key in line.keys:
            lines = self.lines[key]
            lines.close(line)
            if not lines:
                del self.lines[key]
