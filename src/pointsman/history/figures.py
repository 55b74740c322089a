"""Figures of a window: marks counted, and the time that workers spent in activities. Exact to the second.

What is over for long comes from tallies, the rest of a window from marks; what is not in the file yet is counted from
the chronicle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import partial
from itertools import chain
from typing import NamedTuple

import apsw

from pointsman.history import file_statements as statements
from pointsman.history.chronicle import Chronicle, Stay
from pointsman.history.file_statements import Counts
from pointsman.history.history import Followed, History
from pointsman.history.marks import NOWHERE, Sort, Subject, rows

NOBODY = ""
"""The sid that stands for the workspace itself."""


class Window(NamedTuple):
    """Seconds; both ends are in it."""

    since: int
    until: int


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
        work = partial(
            _counted,
            fresh=followed.chronicle.marks.between(window.since, window.until),
            stream=followed.number,
            subject=subject,
            entities=list(numbers),
            channel=of_channel,
            window=window,
        )
        counted = await history.file.read(work)
    return found | {numbers[entity]: counts for entity, counts in counted.items()}


def _counted(
    db: apsw.Connection,
    fresh: Callable[[], Iterable[tuple[Sort, int]]],
    stream: int,
    subject: Subject,
    entities: Sequence[int],
    channel: int | None,
    window: Window,
) -> dict[int, Counts]:
    """In the file's thread, because there may be many rows: those of the file and fresh ones, by entity."""
    found: dict[int, Counts] = {}
    whose = frozenset(entities)
    stored = statements.counts(db, stream, subject, entities, channel, window.since, window.until)
    for entity, _, kind, wait, n in chain(rows(fresh(), subject, whose, channel), stored):
        of_entity = found.setdefault(entity, {})
        of_entity[kind, wait] = of_entity.get((kind, wait), 0) + n
    return found


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
        stored = await history.file.read(work)
    spent: dict[int, Spent] = {}
    for activity, times, total, least, most in (*stored, *fresh):
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
