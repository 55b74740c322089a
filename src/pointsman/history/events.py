"""Events, newest first, read back from a workspace's stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import NamedTuple

import msgspec

from pointsman.domain.entry import Entry, Event
from pointsman.history.history import History
from pointsman.history.index import places
from pointsman.journal import Journal
from pointsman.journal.envelope import decode

SLICE = 200
SCAN_MOST = 20_000
"""Rows that one page looks through before it answers with what it has."""

SEQ_MOST = 2**63 - 1
"""What a journal can store; a sid may claim more."""

ATTRIBUTES = {"task_attributes_seq": "task_attributes", "worker_attributes_seq": "worker_attributes"}


class Place(NamedTuple):
    """Where an event stands in its stream."""

    seq: int
    n: int


class EventFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events: of the time window (microseconds, both ends included) and with every value that is given."""

    since: int
    until: int
    event_type: str | None = None
    data: dict[str, str] = {}
    """Values that the event's data must have."""
    task_channel: str | None = None
    """A sid or unique name."""
    place: Place | None = None
    """The one event that stands here."""

    @property
    def keys(self) -> list[str]:
        """What the index knows such events by."""
        given = (*self.data.values(), self.task_channel, self.event_type)
        return [key for key in given if key is not None] if self.place is None else []


class Found(msgspec.Struct, frozen=True):
    """An event with its entry; `texts` holds the attributes that its body refers to."""

    place: Place
    entry: Entry
    event: Event
    texts: dict[str, str] = {}


async def newest(
    journal: Journal,
    stream: str,
    filter: EventFilter,
    before: Place | None,
    wanted: int,
    history: History | None = None,
) -> tuple[list[Found], Place | None]:
    """At most `wanted` events below `before`, newest first, and where to go on; None at the window's end.

    What history has indexed is looked up, all else looked through. A page that finds little stops after SCAN_MOST
    rows, with a place to go on from.
    """
    oldest = await journal.seek(stream, filter.since)
    top = await journal.seek(stream, filter.until + 1)
    if before is not None:
        top = min(top, before.seq + 1)
    if filter.place is not None:
        oldest, top = max(oldest, filter.place.seq), min(top, filter.place.seq + 1)
    found: list[Found] = []
    scanned = 0
    async with aclosing(_rows(journal, history, stream, filter, oldest, top)) as slices:
        async for rows in slices:
            for seq, body in rows:
                top = seq
                found += _matching(seq, decode(body), filter, before)
                if len(found) >= wanted:
                    break
            scanned += len(rows)
            await asyncio.sleep(0)
            if len(found) >= wanted or scanned >= SCAN_MOST:
                break
        else:
            top = oldest
    ended = top <= oldest and len(found) <= wanted
    following = None if ended else found[wanted - 1].place if len(found) >= wanted else Place(top, 0)
    return await _with_texts(journal, stream, found[:wanted]), following


async def _rows(
    journal: Journal, history: History | None, stream: str, filter: EventFilter, oldest: int, top: int
) -> AsyncGenerator[list[tuple[int, bytes]], None]:
    """The rows from `top` (outside) down to `oldest` that may hold such events, in slices."""
    keys = filter.keys
    followed = await history.follow(stream) if history is not None and keys else None
    known = followed.chronicle.seq if followed is not None else 0
    unknown = max(oldest, known + 1)
    while top > unknown:
        rows = await journal.read_back(stream, top, SLICE)
        if not rows:
            return
        top = max(rows[-1].seq, unknown)
        yield [(row.seq, row.body) for row in rows if row.seq >= unknown]
    if history is None or followed is None:
        return
    async for seqs in places(history, followed, keys, oldest, min(top, known + 1)):
        bodies = await journal.pick(stream, seqs)
        yield [(seq, bodies[seq]) for seq in seqs if seq in bodies]


async def at(journal: Journal, stream: str, place: Place) -> Found | None:
    """The event at one place; None if there is none, or not any more."""
    if place.seq > SEQ_MOST:
        return None
    body = (await journal.pick(stream, [place.seq])).get(place.seq)
    if body is None:
        return None
    entry = decode(body)
    if place.n >= len(entry.events):
        return None
    found = Found(place, entry, entry.events[place.n])
    return (await _with_texts(journal, stream, [found]))[0]


def _matching(seq: int, entry: Entry, filter: EventFilter, before: Place | None) -> list[Found]:
    """The entry's events that pass, the last one first."""
    places = [Place(seq, n) for n in range(len(entry.events) - 1, -1, -1)]
    return [
        Found(place, entry, entry.events[place.n])
        for place in places
        if (before is None or place < before) and _passes(place, entry.events[place.n], filter)
    ]


def _passes(place: Place, event: Event, filter: EventFilter) -> bool:
    data = event.data
    if filter.place is not None and place != filter.place:
        return False
    if filter.event_type is not None and event.type != filter.event_type:
        return False
    channel = filter.task_channel
    if channel is not None and channel not in (data.get("task_channel_sid"), data.get("task_channel_unique_name")):
        return False
    return all(data.get(name) == value for name, value in filter.data.items())


async def _with_texts(journal: Journal, stream: str, found: list[Found]) -> list[Found]:
    """Attributes are stored once per version: fetch what the events refer to; what was pruned is left out."""
    seqs = {seq for each in found for name in ATTRIBUTES if isinstance(seq := each.event.data.get(name), int)}
    if not seqs:
        return found
    bodies = await journal.pick(stream, sorted(seqs))
    texts = {seq: getattr(decode(body).fact, "attributes", None) for seq, body in bodies.items()}
    return [msgspec.structs.replace(each, texts=_texts_of(each.event, texts)) for each in found]


def _texts_of(event: Event, texts: dict[int, str | None]) -> dict[str, str]:
    named = {ATTRIBUTES[name]: texts.get(seq) for name, seq in event.data.items() if name in ATTRIBUTES}  # type: ignore[arg-type]
    return {name: text for name, text in named.items() if text is not None}
