"""An entry of a stream: one fact with its origin and the events that it brought about."""

from __future__ import annotations

import hashlib

import msgspec

from pointsman.domain.facts import AnyFact

Value = str | int | bool | None


class Event(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """An event's body, rendered once from the state of its moment.

    `data` has neutral snake_case keys; times are microseconds; `task_attributes_seq` and `worker_attributes_seq` name
    the fact that holds the text (stored once per version).
    """

    type: str
    resource_type: str
    resource_sid: str
    description: str
    data: dict[str, Value]


class Origin(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Who asked: the account, key or worker, by which door, from which address; `cause` is the command's id."""

    actor: str = ""
    source: str = "system"
    ip: str = ""
    cause: str = ""


SYSTEM = Origin()


class Entry(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What the journal keeps per seq."""

    at: int
    fact: AnyFact
    origin: Origin = SYSTEM
    events: tuple[Event, ...] = ()
    version: int = 1


def event_sid(stream: str, seq: int, n: int) -> str:
    """The EV sid of the n-th event of an entry: 12 hex digits of the stream's hash, 16 of seq, 4 of n."""
    return f"EV{hashlib.sha256(stream.encode()).hexdigest()[:12]}{seq:016x}{n:04x}"


def event_place(stream: str, sid: str) -> tuple[int, int] | None:
    """The (seq, n) that an EV sid of this stream encodes; None for any other sid."""
    if len(sid) != 34 or sid[:14] != event_sid(stream, 0, 0)[:14]:
        return None
    try:
        return int(sid[14:30], 16), int(sid[30:], 16)
    except ValueError:
        return None
