"""A chronicle: what follows from a stream's facts for history, as far as it is not in the history file yet."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from sys import byteorder
from typing import NamedTuple

import msgspec

from pointsman.domain.entry import Entry, Event
from pointsman.domain.limits import SECOND
from pointsman.history.marks import ACCEPTED, ACCEPTED_TRANSFER, CANCELED, KINDS, NO_WAIT, NOWHERE, Marks, Sort

BLOCK = 32
"""Facts in a block: the index says in which blocks a key occurs, and a query reads these."""
RUN = 16_384
"""Facts in a run, after which a chronicle is stored."""

MOVES = frozenset({"worker.created", "worker.activity.update", "worker.deleted"})
WAITS = frozenset({ACCEPTED, CANCELED})
"""Kinds that end a wait."""
_UNCOUNTED, _MOVE, _WAITS = -1, -2, -3
"""In the place of a sort's number: no mark; a worker's move; down from _WAITS, a sort that still lacks the wait."""

Names = tuple[object, ...]
"""What many events of a run share: type, channel, queue, workflow, worker, and the channel's name."""


class Stay(NamedTuple):
    """A worker was in an activity for a while, in seconds; both are numbers of names."""

    worker: int
    since: int
    until: int
    activity: int


class Page(msgspec.Struct, frozen=True):
    """What is to be stored of a chronicle: everything up to `seq` since the last time."""

    seq: int
    at: int
    """When the fact at `seq` was decided, to the microsecond: of another journal's, that is not so."""
    run: int
    names: list[tuple[int, str]]
    postings: dict[str, bytes]
    marks: Marks
    stays: list[Stay]
    presence: dict[int, tuple[int, int] | None]
    """Worker → (activity, since), for those whose activity changed; None for those who have gone."""


class Chronicle:
    """Folds the events of one stream. Whatever is not stored is folded again after a restart."""

    def __init__(self, stream: str, seq: int = 0) -> None:
        self.stream = stream
        self.seq = seq
        """The last seq that was folded."""
        self.at = 0
        """When that was, in microseconds; 0 before the first."""
        self.stored = seq
        """The last seq whose effects are in the file."""
        self.names: dict[str, int] = {}
        self.presence: dict[int, tuple[int, int]] = {}
        self._clear()

    def _clear(self) -> None:
        self.marks = Marks()
        self.stays: list[Stay] = []
        self._sorts: dict[Names, int] = {}
        """The number of a sort by the names that tell it."""
        self._numbers: dict[Sort, int] = {}
        self._postings: dict[str, bytes] = defaultdict(bytes)
        self._block = -1
        self._keys: set[object] = set()
        self._seen: list[Names] = []
        """More keys of the block, as they came."""
        self._named: list[tuple[int, str]] = []
        self._moved: set[int] = set()

    @property
    def run(self) -> int:
        """The run that is being folded. Earlier ones are in the file."""
        return (self.stored + 1) // RUN

    @property
    def full(self) -> bool:
        """The run is complete: to be stored before anything else is folded."""
        return self.room == 0

    @property
    def room(self) -> int:
        """How many entries the present run still takes."""
        return (self.run + 1) * RUN - 1 - self.seq

    def fold(self, first_seq: int, entries: Sequence[Entry]) -> None:
        """Take the next entries, no more than there is room for."""
        sorts, keys, seen = self._sorts, self._keys, self._seen
        see_time, see_sort = self.marks.times.append, self.marks.numbers.append
        for seq, entry in enumerate(entries, first_seq):
            if seq // BLOCK != self._block:
                self._close_block()
                self._block = seq // BLOCK
            for event in entry.events:
                get = event.data.get
                names = (
                    event.type,
                    get("task_channel_sid"),
                    get("task_queue_sid"),
                    get("workflow_sid"),
                    get("worker_sid"),
                    get("task_channel_unique_name"),
                )
                seen.append(names)
                keys.add(get("task_sid"))
                keys.add(get("reservation_sid"))
                sort = sorts.get(names)
                if sort is None:
                    sort = sorts[names] = self._sort_of(names)
                if sort < _UNCOUNTED:
                    sort = self._own(sort, entry.at // SECOND, event)
                if sort != _UNCOUNTED:
                    see_time(entry.at // SECOND)
                    see_sort(sort)
        if entries:
            self.at = entries[-1].at
        self.seq = first_seq + len(entries) - 1

    def _sort_of(self, names: Names) -> int:
        """What is known of an event's sort by its names."""
        kind = KINDS.get(names[0])  # type: ignore[call-overload]
        if kind is None:
            return _MOVE if names[0] in MOVES else _UNCOUNTED
        known, number = self.names.get, self.number
        channel, queue, workflow, worker = [known(sid) or number(sid) for sid in names[1:5]]  # type: ignore[call-overload]
        sort = self._number_of((kind, channel, queue, workflow, worker, NO_WAIT, NO_WAIT))
        return _WAITS - sort if kind in WAITS else sort

    def _own(self, sort: int, at: int, event: Event) -> int:
        """The sort of an event whose names do not tell it all."""
        if sort == _MOVE:
            self._move(at, event)
            return _UNCOUNTED
        kind, *where = self.marks.sorts[_WAITS - sort][:5]
        data = event.data
        wait, in_queue = data.get("task_age", 0), NO_WAIT
        if kind == ACCEPTED:
            in_queue = data.get("task_age_in_queue", NO_WAIT)  # type: ignore[assignment]
            if "task_transfer_sid" in data:  # a transferee's acceptance is told from a first one
                kind = ACCEPTED_TRANSFER
        return self._number_of((kind, *where, wait, in_queue))  # type: ignore[arg-type]

    def _number_of(self, sort: Sort) -> int:
        number = self._numbers.get(sort)
        if number is None:
            number = self._numbers[sort] = len(self.marks.sorts)
            self.marks.sorts.append(sort)
        return number

    def number(self, sid: object) -> int:
        """The number of a sid, for short; NOWHERE for none."""
        if sid is None:
            return NOWHERE
        number = self.names.get(sid)  # type: ignore[call-overload]
        if number is None:
            number = self.names[sid] = len(self.names) + 1  # type: ignore[index]
            self._named.append((number, sid))  # type: ignore[arg-type]
        return number  # type: ignore[no-any-return]

    def _move(self, at: int, event: Event) -> None:
        """The worker leaves its activity. Both ends are whole seconds; a stay within one second is none."""
        worker = self.number(event.data["worker_sid"])
        self._moved.add(worker)
        activity, since = self.presence.pop(worker, (NOWHERE, at))
        if since < at:
            self.stays.append(Stay(worker, since, at, activity))
        if event.type != "worker.deleted":
            self.presence[worker] = (self.number(event.data["worker_activity_sid"]), at)

    def begin_at(self, seq: int, workers: list[tuple[str, str, int]]) -> None:
        """Go on after `seq`: what led there is not kept any more, only (worker, activity, since) of that moment."""
        named = self._named
        self._clear()
        self._named = named
        self.seq = self.stored = seq
        self.presence.clear()
        for worker, activity, since in workers:
            number = self.number(worker)
            self._moved.add(number)
            self.presence[number] = (self.number(activity), since // SECOND)

    # -- looking up and storing

    def blocks(self, key: str) -> list[int]:
        """The blocks of the present run in which the key occurs, counted from the run's first."""
        found = array("H", self._postings.get(key, b"")).tolist()
        present = key in self._keys or any(key in some for some in self._seen)
        return [*found, self._block % (RUN // BLOCK)] if present else found

    def page(self) -> Page:
        """All that is not stored."""
        self._close_block()
        self._block = -1
        moved = {worker: self.presence.get(worker) for worker in self._moved}
        return Page(self.seq, self.at, self.run, self._named, self._postings, self.marks, self.stays, moved)

    def stored_through(self, seq: int) -> None:
        """The page is in the file; nothing was folded since it was made."""
        self.stored = seq
        self._clear()

    def _close_block(self) -> None:
        keys, postings = self._keys, self._postings
        keys.update(*self._seen)
        keys.discard(None)
        number = (self._block % (RUN // BLOCK)).to_bytes(2, byteorder)
        for key in keys:
            postings[key] += number  # type: ignore[index]
        keys.clear()
        self._seen.clear()
