"""A chronicle: what follows from a stream's facts for history, as far as it is not in the history file yet."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from pointsman.domain.entry import Entry, Event
from pointsman.domain.limits import SECOND
from pointsman.history.marks import ACCEPTED, ACCEPTED_TRANSFER, CANCELED, KINDS, NO_WAIT, NOWHERE, Mark, Where

BLOCK = 32
"""Facts in a block: the index says in which blocks a key occurs, and a query reads these."""
RUN = 16_384
"""Facts in a run, after which a chronicle is stored."""

MOVES = frozenset({"worker.created", "worker.activity.update", "worker.deleted"})


class Stay(NamedTuple):
    """A worker was in an activity for a while, in seconds; both are numbers of names."""

    worker: int
    since: int
    until: int
    activity: int


class Page(msgspec.Struct, frozen=True):
    """What is to be stored of a chronicle: everything up to `seq` since the last time."""

    seq: int
    run: int
    names: list[tuple[int, str]]
    postings: dict[str, bytes]
    marks: list[Mark]
    stays: list[Stay]
    presence: dict[int, tuple[int, int] | None]
    """Worker → (activity, since), for those whose activity changed; None for those who have gone."""


class Chronicle:
    """Folds the events of one stream. Whatever is not stored is folded again after a restart."""

    def __init__(self, stream: str, seq: int = 0) -> None:
        self.stream = stream
        self.seq = seq
        """The last seq that was folded."""
        self.stored = seq
        """The last seq whose effects are in the file."""
        self.names: dict[str, int] = {}
        self.presence: dict[int, tuple[int, int]] = {}
        self._clear()

    def _clear(self) -> None:
        self.marks: list[Mark] = []
        self.stays: list[Stay] = []
        self._postings: dict[str, array[int]] = {}
        self._block = -1
        self._keys: set[str | None] = set()
        self._sets: dict[tuple[object, ...], Where] = {}
        """Keys of the block that come together again and again, for short."""
        self._wheres: dict[tuple[object, ...], Where] = {}
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
        marks, sets, wheres = self.marks, self._sets, self._wheres
        for seq, entry in enumerate(entries, first_seq):
            if seq // BLOCK != self._block:
                self._close_block()
                self._block = seq // BLOCK
            at, place, keys = entry.at // SECOND, seq * 64, self._keys
            for event in entry.events:
                type, get = event.type, event.data.get
                names = (
                    get("task_channel_sid"),
                    get("task_queue_sid"),
                    get("workflow_sid"),
                    get("worker_sid"),
                    get("task_channel_unique_name"),
                )
                where = sets.get(names)
                if where is None:
                    where = sets[names] = wheres.get(names) or self._where(names)
                keys.update((type, get("task_sid"), get("reservation_sid")))  # type: ignore[arg-type]
                kind = KINDS.get(type)
                if kind is not None:
                    if kind != ACCEPTED and kind != CANCELED:
                        marks.append((at, place, kind, where, NO_WAIT, NO_WAIT))
                    else:
                        marks.append(_waited(at, place, kind, where, event))
                elif type in MOVES:
                    self._move(at, event)
                place += 1
        self.seq = first_seq + len(entries) - 1

    def _where(self, names: tuple[object, ...]) -> Where:
        where: Where = tuple(map(self.number, names[:4]))  # type: ignore[assignment]
        self._wheres[names] = where
        return where

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
        found = list(self._postings.get(key, ()))
        present = key in self._keys or any(key in some for some in self._sets)
        return [*found, self._block % (RUN // BLOCK)] if present else found

    def page(self) -> Page:
        """All that is not stored."""
        self._close_block()
        self._block = -1
        moved = {worker: self.presence.get(worker) for worker in self._moved}
        postings = {key: self._postings[key].tobytes() for key in sorted(self._postings)}
        return Page(self.seq, self.run, self._named, postings, self.marks, self.stays, moved)

    def stored_through(self, seq: int) -> None:
        """The page is in the file; nothing was folded since it was made."""
        self.stored = seq
        self._clear()

    def _close_block(self) -> None:
        self._keys.update(*self._sets)  # type: ignore[arg-type]
        self._sets.clear()
        self._keys.discard(None)
        number = self._block % (RUN // BLOCK)
        for key in self._keys:
            blocks = self._postings.get(key)  # type: ignore[arg-type]
            if blocks is None:
                self._postings[key] = array("H", (number,))  # type: ignore[index]
            else:
                blocks.append(number)
        self._keys.clear()


def _waited(at: int, place: int, kind: int, where: Where, event: Event) -> Mark:
    """The mark of an end of waiting. A transferee's acceptance is told from a first one."""
    wait: Any = event.data.get("task_age", 0)
    in_queue: Any = event.data.get("task_age_in_queue", NO_WAIT) if kind == ACCEPTED else NO_WAIT
    if kind == ACCEPTED and "task_transfer_sid" in event.data:
        kind = ACCEPTED_TRANSFER
    return at, place, kind, where, wait, in_queue
