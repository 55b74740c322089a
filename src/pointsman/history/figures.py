"""Figures of a window: marks counted, and the time that workers spent in activities. Exact to the second.

Whole days and hours come from tallies, what remains of a window from marks; what is not in the file yet is counted from
the chronicle.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

import apsw

from pointsman.history import file_statements as statements
from pointsman.history.chronicle import Chronicle, Stay
from pointsman.history.file_statements import DAY, HOUR, Counts, Part
from pointsman.history.history import Followed, History
from pointsman.history.marks import NO_WAIT, NOWHERE, WAITED_IN_QUEUE, Mark, Subject

Row = tuple[int, int, int, int]
"""(entity, kind, wait, how many)."""
NOBODY = ""
"""The sid that stands for the workspace itself."""


class Window(NamedTuple):
    """Seconds; both ends are in it."""

    since: int
    until: int

    def parts(self) -> list[Part]:
        """The window as whole days and hours, and seconds around them."""
        return _split(self.since, self.until + 1, (DAY, HOUR))


def _split(since: int, until: int, levels: tuple[int, ...]) -> list[Part]:
    if since >= until:
        return []
    if not levels:
        return [(0, since, until)]
    level, *finer = levels
    first, last = -(-since // level) * level, until // level * level
    if first >= last:
        return _split(since, until, tuple(finer))
    before, after = _split(since, first, tuple(finer)), _split(last, until, tuple(finer))
    return [*before, (level, first, last), *after]


class Spent(NamedTuple):
    """Seconds that workers stayed in an activity, cut at the window's ends."""

    times: int
    total: int
    least: int
    most: int


async def counts(
    history: History, followed: Followed, subject: Subject, sids: Sequence[str], channel: str | None, window: Window
) -> dict[str, Counts]:
    """How often each kind of mark with each wait was made in the window, for each of the sids.

    The subject WORKSPACE has one sid, NOBODY. A sid that history has never heard of counts nothing.
    """
    names = followed.chronicle.names
    numbers = {names[sid] if sid else NOWHERE: sid for sid in sids if not sid or sid in names}
    found: dict[str, Counts] = {sid: {} for sid in sids}
    of_channel = None if channel is None else names.get(channel, -1)
    async with followed.lock:
        fresh = fresh_counts(followed.chronicle.marks, subject, numbers, of_channel, window)
        work = partial(
            _counted,
            fresh=fresh,
            stream=followed.number,
            subject=subject,
            entities=list(numbers),
            channel=of_channel,
            parts=window.parts(),
        )
        counted = await history.file.read(work)
    return found | {numbers[entity]: counts for entity, counts in counted.items()}


def _counted(db: apsw.Connection, fresh: list[Row], **asked: Any) -> dict[int, Counts]:
    """In the file's thread, because there may be many rows: those of the file and fresh ones, by entity."""
    found: dict[int, Counts] = {}
    for entity, kind, wait, n in (*fresh, *statements.counts(db, **asked)):
        of_entity = found.setdefault(entity, {})
        of_entity[kind, wait] = of_entity.get((kind, wait), 0) + n
    return found


def fresh_counts(
    marks: list[Mark], subject: Subject, entities: Collection[int], channel: int | None, window: Window
) -> list[Row]:
    """Of marks that are in no file yet, in their order."""
    first = bisect_left(marks, window.since, key=itemgetter(0))
    end = bisect_left(marks, window.until + 1, key=itemgetter(0))
    rows: list[Row] = []
    for _, _, kind, where, wait, queue_wait in islice(marks, first, end):
        entity = NOWHERE if subject.place < 0 else where[subject.place]
        if entity not in entities or kind not in subject.kinds or channel not in (None, where[0]):
            continue
        rows.append((entity, kind, wait if subject.waits else NO_WAIT, 1))
        if queue_wait >= 0 and WAITED_IN_QUEUE in subject.kinds:
            rows.append((entity, WAITED_IN_QUEUE, queue_wait, 1))
    return rows


async def durations(
    history: History, followed: Followed, workers: Sequence[str] | None, window: Window, now: int
) -> dict[str, Spent]:
    """The time in each activity by its sid, of these workers or of all; `now` in seconds is the end of every stay."""
    since, until = window.since, min(window.until, now)
    names = followed.chronicle.names
    numbers = None if workers is None else {names[sid] for sid in workers if sid in names}
    async with followed.lock:
        fresh = [*_fresh_stays(followed.chronicle, numbers, since, until)]
        work = partial(
            statements.stays,
            stream=followed.number,
            workers=None if numbers is None else list(numbers),
            since=since,
            until=until,
        )
        rows = await history.file.read(work)
    spent: dict[int, Spent] = {}
    for activity, times, total, least, most in (*rows, *fresh):
        old = spent.get(activity, Spent(0, 0, least, most))
        spent[activity] = Spent(old.times + times, old.total + total, min(old.least, least), max(old.most, most))
    return {sid: spent[number] for sid, number in names.items() if number in spent}


def _fresh_stays(
    chronicle: Chronicle, workers: Collection[int] | None, since: int, until: int
) -> Iterable[tuple[int, int, int, int, int]]:
    """Of stays that are in no file yet, and of those that are not over: (activity, 1, total, least, most)."""
    present = (Stay(worker, start, until, activity) for worker, (activity, start) in chronicle.presence.items())
    for stays in (chronicle.stays, present):
        for stay in stays:
            seconds = min(stay.until, until) - max(stay.since, since)
            if seconds > 0 and (workers is None or stay.worker in workers):
                yield stay.activity, 1, seconds, seconds, seconds
