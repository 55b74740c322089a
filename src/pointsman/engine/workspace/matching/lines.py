"""The lines under one key of a pool, in the order in which their heads are served."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Hashable
from typing import TYPE_CHECKING, Any

from pointsman.engine.workspace.matching.line import Line, Order, Rank

if TYPE_CHECKING:
    from pointsman.engine.workspace.matching.seat import Seat


class Lines:
    """Non-empty lines by binding. With one task per line they may be as many as there are tasks."""

    __slots__ = ("_by_binding", "_ranks")

    def __init__(self) -> None:
        self._by_binding: dict[Hashable, Line] = {}
        self._ranks: list[Rank] = []

    def __bool__(self) -> bool:
        return bool(self._by_binding)

    def get(self, binding: Hashable) -> Line | None:
        return self._by_binding.get(binding)

    def open(self, line: Line) -> None:
        """A new line; it has its place once it is ranked."""
        self._by_binding[line.binding] = line

    def close(self, line: Line) -> None:
        del self._by_binding[line.binding]

    def place(self, rank: Rank) -> None:
        insort(self._ranks, rank)

    def displace(self, rank: Rank) -> None:
        del self._ranks[bisect_left(self._ranks, rank)]

    def fitting(
        self, seat: Seat, clock: dict[str, Any], now: int, after: tuple[Order, int] | None = None
    ) -> tuple[Line | None, int]:
        """The first line that a worker fits, behind the rank `after`; and how many were looked at."""
        ranks = self._ranks
        start = index = 0 if after is None else bisect_right(ranks, after, key=_without_line)
        while index < len(ranks):
            line = ranks[index][2]
            index += 1
            if line.fits(seat, clock, now):
                return line, index - start
        return None, index - start


def _without_line(rank: Rank) -> tuple[Order, int]:
    return rank[:2]
