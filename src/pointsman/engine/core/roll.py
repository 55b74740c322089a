"""A table: records by sid, in creation order, with a cheap way to go on from any place in that order."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Numbered(Protocol):
    sid: str
    number: int


T = TypeVar("T", bound=Numbered)


class Roll(Generic[T]):
    """Records by sid. Numbers are added in rising order; removed ones stay in the order until half of it is dead."""

    def __init__(self, records: dict[str, T] | None = None) -> None:
        self.by_sid: dict[str, T] = records if records is not None else {}
        self._numbers = [record.number for record in self.by_sid.values()]
        self._sids = list(self.by_sid)

    def add(self, record: T) -> None:
        self.by_sid[record.sid] = record
        self._numbers.append(record.number)
        self._sids.append(record.sid)

    def remove(self, sid: str) -> T:
        record = self.by_sid.pop(sid)
        if len(self._sids) > 64 and len(self._sids) > 2 * len(self.by_sid):
            self._sids = list(self.by_sid)
            self._numbers = [record.number for record in self.by_sid.values()]
        return record

    def get(self, sid: str) -> T | None:
        return self.by_sid.get(sid)

    def __getitem__(self, sid: str) -> T:
        return self.by_sid[sid]

    def __contains__(self, sid: object) -> bool:
        return sid in self.by_sid

    def __iter__(self) -> Iterator[T]:
        return iter(self.by_sid.values())

    def __len__(self) -> int:
        return len(self.by_sid)

    def after(self, number: int, limit: int) -> list[T]:
        """At most `limit` records numbered above `number`, rising: the next slice, whatever was removed meanwhile."""
        found: list[T] = []
        at = bisect_right(self._numbers, number)
        while at < len(self._sids) and len(found) < limit:
            record = self.by_sid.get(self._sids[at])
            if record is not None:
                found.append(record)
            at += 1
        return found

    def before(self, number: int, limit: int) -> list[T]:
        """At most `limit` records numbered below `number`, falling."""
        found: list[T] = []
        at = bisect_left(self._numbers, number) - 1
        while at >= 0 and len(found) < limit:
            record = self.by_sid.get(self._sids[at])
            if record is not None:
                found.append(record)
            at -= 1
        return found
