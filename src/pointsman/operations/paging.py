"""Lists in pages that stay right while objects come, go, or leave the filter (ruling 13).

A page's place is a key: the values that the list is ordered by, then the record's number, which is never used again.
So a place holds even if the object that it was taken from has gone. Records are looked through in slices, with a
breath between them, and no more than a page of them is held.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from heapq import nlargest, nsmallest
from time import perf_counter
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

import msgspec

from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.scope import View, WorkspaceScope

SLICE = 500
SLICE_SECONDS = 0.005
PAGE_SIZE = 50
PAGE_SIZE_MOST = 1000

Key = tuple[int, ...]
Found = list[tuple[Key, View | None]]
"""What was found, with its place; no view if it has gone again meanwhile."""
R = TypeVar("R")

_SID = re.compile(r"[A-Z]{2}[0-9a-f]{32}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){1,200}")


class Rows(Protocol[R]):
    """What a list looks through: a Roll, or something that goes on from a number as it does."""

    def get(self, sid: str) -> R | None: ...

    def after(self, number: int, limit: int) -> list[R]: ...

    def before(self, number: int, limit: int) -> list[R]: ...


def _every(ws: WorkspaceEngine) -> Callable[[Any], bool]:
    return lambda record: True


def by_number(record: Any) -> Key:
    """Creation order."""
    return (record.number,)


class Listing(msgspec.Struct, Generic[R], frozen=True):
    """A list: its records, which of them to keep, how one looks, and the order if it is not that of creation."""

    rows: Callable[[WorkspaceEngine], Rows[R]]
    view: Callable[[WorkspaceEngine, R], View]
    keep: Callable[[WorkspaceEngine], Callable[[R], bool]] = _every
    order: Callable[[R], Key] = by_number


class PageRequest(msgspec.Struct, frozen=True):
    """Which page is asked for. `number` is only what the client says it is."""

    size: int = PAGE_SIZE
    number: int = 0
    token: str | None = None


class Page(msgspec.Struct, frozen=True):
    """A page of views; a token is None where there is no such page."""

    items: list[View]
    next_token: str | None = None
    previous_token: str | None = None


class Cursor(NamedTuple):
    """Where a page begins: beyond the key, or before it when going back."""

    key: Key
    back: bool = False


def invalid_token() -> Refusal:
    """400/21481."""
    return Refusal("Invalid PageToken", code=21481)


def encode_token(cursor: Cursor) -> str:
    """An opaque page token: `PA` and hex digits."""
    return "PA" + msgspec.json.encode([int(cursor.back), *cursor.key]).hex()


def decode_token(token: str, width: int) -> Cursor:
    """The cursor of a token whose key has `width` values; 400/21481 for anything else."""
    if not token.startswith("PA") or not _HEX.fullmatch(token, 2):
        raise invalid_token()
    try:
        back, *key = msgspec.json.decode(bytes.fromhex(token[2:]), type=list[int])
    except ValueError:
        raise invalid_token() from None
    if len(key) != width or back not in (0, 1):
        raise invalid_token()
    return Cursor(tuple(key), bool(back))


async def page_of(scope: WorkspaceScope, listing: Listing[Any], request: PageRequest) -> Page:
    """One page of a list. Raises Refusal for a bad token or an unknown workspace."""
    cursor = await _cursor(scope, listing, request.token)
    collect = _by_number if listing.order is by_number else _by_order
    found = await collect(scope, listing, cursor, request.size + 1)
    return page_from(found, cursor, request.size)


def page_from(found: Found, cursor: Cursor | None, size: int) -> Page:
    """The page of what was found from the cursor on: one item beyond the page tells that there are more."""
    more = len(found) > size
    found = found[:size]
    back = cursor is not None and cursor.back
    if back:
        found.reverse()
    if not found:
        return Page([])
    ahead = more or back
    behind = more if back else cursor is not None
    return Page(
        [view for _, view in found if view is not None],
        encode_token(Cursor(found[-1][0])) if ahead else None,
        encode_token(Cursor(found[0][0], back=True)) if behind else None,
    )


async def _cursor(scope: WorkspaceScope, listing: Listing[Any], token: str | None) -> Cursor | None:
    if token is None:
        return None
    if _SID.fullmatch(token, 2):
        return await scope.ask(lambda ws: _cursor_at(listing, ws, token[2:]))
    return decode_token(token, _width(listing))


def _cursor_at(listing: Listing[Any], ws: WorkspaceEngine, sid: str) -> Cursor:
    """Twilio's own form of a token: `PA` and the sid of the page's last item."""
    record = listing.rows(ws).get(sid)
    if record is None:
        raise invalid_token()
    return Cursor(listing.order(record))


def _width(listing: Listing[Any]) -> int:
    return 1 if listing.order is by_number else getattr(listing.order, "width", 2)


async def _by_number(scope: WorkspaceScope, listing: Listing[Any], cursor: Cursor | None, wanted: int) -> Found:
    """In creation order: read on from the cursor until the page is full."""
    found: Found = []
    place = cursor.key[0] if cursor else 0
    back = cursor is not None and cursor.back

    def look(ws: WorkspaceEngine) -> tuple[int, bool]:
        records = listing.rows(ws).before(place, SLICE) if back else listing.rows(ws).after(place, SLICE)
        keep, last = listing.keep(ws), place
        for record in _in_time(records):
            last = record.number
            if keep(record):
                found.append(((last,), listing.view(ws, record)))
                if len(found) == wanted:
                    break
        return last, _is_end(records, last)

    done = False
    while not done and len(found) < wanted:
        place, done = await scope.ask(look)
        await asyncio.sleep(0)
    return found


async def _by_order(scope: WorkspaceScope, listing: Listing[Any], cursor: Cursor | None, wanted: int) -> Found:
    """In another order: look through all records, and hold on to the best so far."""
    best: list[tuple[Key, str]] = []
    place = 0
    pick = nlargest if cursor is not None and cursor.back else nsmallest

    def look(ws: WorkspaceEngine) -> tuple[list[tuple[Key, str]], int, bool]:
        records = listing.rows(ws).after(place, SLICE)
        keep, last = listing.keep(ws), place
        chosen = []
        for record in _in_time(records):
            last = record.number
            if keep(record) and _beyond(cursor, key := listing.order(record)):
                chosen.append((key, record.sid))
        return chosen, last, _is_end(records, last)

    done = False
    while not done:
        chosen, place, done = await scope.ask(look)
        best = pick(wanted, best + chosen)
        await asyncio.sleep(0)
    return await scope.ask(lambda ws: _rendered(ws, listing, best))


def _in_time(records: Sequence[R]) -> Iterator[R]:
    """The records of a slice, until its time is up: a client's expression may be a long one."""
    until = perf_counter() + SLICE_SECONDS
    for record in records:
        yield record
        if perf_counter() > until:
            return


def _is_end(records: Sequence[Any], last: int) -> bool:
    """True if the slice was looked through to its end, and there is nothing behind it."""
    return not records or (len(records) < SLICE and records[-1].number == last)


def _beyond(cursor: Cursor | None, key: Key) -> bool:
    if cursor is None:
        return True
    return key < cursor.key if cursor.back else key > cursor.key


def _rendered(ws: WorkspaceEngine, listing: Listing[Any], best: Sequence[tuple[Key, str]]) -> Found:
    """What has gone or left the filter since it was looked at keeps its place but is not shown."""
    rows, keep = listing.rows(ws), listing.keep(ws)
    records = ((key, rows.get(sid)) for key, sid in best)
    return [(key, listing.view(ws, record) if record is not None and keep(record) else None) for key, record in records]
