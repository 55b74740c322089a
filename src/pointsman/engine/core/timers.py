"""One heap of deadlines per stream, with lazy deletion: whoever fires looks whether the deadline still holds."""

from __future__ import annotations

from heapq import heapify, heappop, heappush

import msgspec


class Timer(msgspec.Struct, frozen=True, order=True, gc=False):
    deadline: int
    order: int
    kind: str
    sid: str


class Timers:
    """At most one live timer per (kind, sid): setting it again replaces it, clearing forgets it."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._live: dict[tuple[str, str], Timer] = {}
        self._order = 0

    def set(self, kind: str, sid: str, deadline: int) -> None:
        before = self._live.get((kind, sid))
        if before is not None and before.deadline == deadline:
            return
        self._order += 1
        timer = Timer(deadline, self._order, kind, sid)
        self._live[kind, sid] = timer
        heappush(self._heap, timer)
        if len(self._heap) > 64 and len(self._heap) > 2 * len(self._live):
            self._heap = list(self._live.values())
            heapify(self._heap)

    def clear(self, kind: str, sid: str) -> None:
        self._live.pop((kind, sid), None)

    def __contains__(self, key: object) -> bool:
        """True if a timer of this (kind, sid) is set."""
        return key in self._live

    def first(self) -> Timer | None:
        """The next one due; None when there is none."""
        heap, live = self._heap, self._live
        while heap:
            timer = heap[0]
            if live.get((timer.kind, timer.sid)) is timer:
                return timer
            heappop(heap)
        return None

    def take(self, now: int) -> Timer | None:
        """The next one with a deadline not after `now`, taken off the heap."""
        timer = self.first()
        if timer is None or timer.deadline > now:
            return None
        heappop(self._heap)
        del self._live[timer.kind, timer.sid]
        return timer

    def __len__(self) -> int:
        return len(self._live)
