"""A ranking: where each of many stands in an order that changes all the time."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort

from pointsman.engine.workspace.matching.line import Order

SHELF = 512
"""Orders on one shelf. With 100,000 tasks there are some hundred shelves, and each change moves half a shelf."""


def _least(shelf: list[Order]) -> Order:
    return shelf[0]


class Ranking:
    """Orders on sorted shelves, none of them empty. No two orders are equal."""

    def __init__(self) -> None:
        self._shelves: list[list[Order]] = []
        self.count = 0

    def add(self, order: Order) -> None:
        self.count += 1
        if not self._shelves:
            self._shelves.append([order])
            return
        at = self._find(order)
        shelf = self._shelves[at]
        insort(shelf, order)
        if len(shelf) > 2 * SHELF:
            self._shelves[at : at + 1] = [shelf[:SHELF], shelf[SHELF:]]

    def remove(self, order: Order) -> None:
        self.count -= 1
        at = self._find(order)
        shelf = self._shelves[at]
        del shelf[bisect_left(shelf, order)]
        if not shelf:
            del self._shelves[at]

    def position(self, order: Order) -> int:
        """1 for the first."""
        at = self._find(order)
        return sum(map(len, self._shelves[:at])) + bisect_left(self._shelves[at], order) + 1

    def _find(self, order: Order) -> int:
        """The shelf on which the order stands or belongs."""
        return max(0, bisect_right(self._shelves, order, key=_least) - 1)
