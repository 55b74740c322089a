"""What the history file does, as plain functions over a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain

import apsw
import msgspec

from pointsman.history.chronicle import Chronicle, Page
from pointsman.history.marks import SUBJECTS, Marks, Row, Subject, rows

ERA = 8
"""Runs."""
_VALUES_A_STATEMENT = 2_000
_ROWS_FORGOTTEN = 2_000

Counts = dict[tuple[int, int], int]
"""(kind, wait) → how many."""


@contextmanager
def _transaction(db: apsw.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


# -- loading and storing


def load(db: apsw.Connection, stream: str) -> tuple[int, Chronicle]:
    """The stream's number in the file and its chronicle as of the last time that it was stored."""
    db.execute("INSERT OR IGNORE INTO stream(name) VALUES (?)", (stream,))
    number, seq, at = db.execute("SELECT id, seq, at FROM stream WHERE name = ?", (stream,)).fetchone()  # type: ignore[misc]
    chronicle = Chronicle(stream, seq)
    chronicle.at = at
    chronicle.names.update(db.execute("SELECT sid, id FROM name WHERE stream = ?", (number,)))
    rows = db.execute("SELECT worker, activity, since FROM presence WHERE stream = ?", (number,))
    chronicle.presence.update((worker, (activity, since)) for worker, activity, since in rows)
    return number, chronicle


def store(db: apsw.Connection, stream: int, page: Page) -> None:
    """Write a page, in one transaction."""
    shelves: dict[str, dict[str, bytes]] = defaultdict(dict)
    for key, blocks in page.postings.items():
        shelves[_shelf(key)][key] = blocks
    marks = page.marks
    with _transaction(db):
        db.execute("UPDATE stream SET seq = ?, at = ? WHERE id = ?", (page.seq, page.at, stream))
        _insert(db, "INTO name", ((stream, number, sid) for number, sid in page.names), 3)
        postings = ((stream, page.run, shelf, _packed(shelves[shelf])) for shelf in sorted(shelves))
        _insert(db, "OR REPLACE INTO posting", postings, 4)
        if marks.times:
            _insert(db, "OR REPLACE INTO mark", [(stream, page.run, marks.pack())], 3)
            _insert(db, "OR REPLACE INTO span", [(stream, 1, page.run, marks.times[0], marks.times[-1])], 5)
        if page.run % ERA == ERA - 1:
            _tally(db, stream, page.run // ERA)
        _insert(db, "OR REPLACE INTO stay", ((stream, *stay) for stay in page.stays), 5)
        here = ((stream, worker, *place) for worker, place in page.presence.items() if place is not None)
        _insert(db, "OR REPLACE INTO presence", here, 4)
        for worker in [worker for worker, place in page.presence.items() if place is None]:
            db.execute("DELETE FROM presence WHERE stream = ? AND worker = ?", (stream, worker))


def _shelf(key: str) -> str:
    """Sids end at random: so there are 256 shelves of them."""
    return key[-2:]


_packed = msgspec.msgpack.Encoder().encode
_unpacked = msgspec.msgpack.Decoder(dict[str, bytes]).decode


def _tally(db: apsw.Connection, stream: int, era: int) -> None:
    """The last run of an era is stored: count it all."""
    runs = range(era * ERA, (era + 1) * ERA)
    spans = "SELECT min(since), max(until) FROM span WHERE stream = ? AND level = 1 AND number BETWEEN ? AND ?"
    since, until = db.execute(spans, (stream, runs[0], runs[-1])).fetchone()  # type: ignore[misc]
    if since is None:
        return
    tally: dict[tuple[int, int, int, int], int] = defaultdict(int)
    for marks in _marks(db, stream, runs):
        counted = marks.between(since, until)()
        for subject in SUBJECTS:
            for entity, channel, kind, wait, n in rows(counted, subject):
                tally[entity, channel, kind, wait] += n
    of_era = ((stream, entity, era, *what, n) for (entity, *what), n in sorted(tally.items()))
    _insert(db, "OR REPLACE INTO tally", of_era, 7)
    _insert(db, "OR REPLACE INTO span", [(stream, ERA, era, since, until)], 5)


def _marks(db: apsw.Connection, stream: int, runs: Iterable[int]) -> Iterator[Marks]:
    for run in runs:
        row = db.execute("SELECT marks FROM mark WHERE stream = ? AND run = ?", (stream, run)).fetchone()
        if row is not None:
            yield Marks(row[0])


def _insert(db: apsw.Connection, into: str, rows: Iterable[Sequence[object]], width: int, end: str = "") -> None:
    """As few statements as possible: each gives the interpreter's lock away."""
    some = _VALUES_A_STATEMENT // width
    all_rows = list(rows)
    place = f"({','.join('?' * width)})"
    for first in range(0, len(all_rows), some):
        part = all_rows[first : first + some]
        values = ",".join([place] * len(part))
        db.execute(f"INSERT {into} VALUES {values}{end}", tuple(chain.from_iterable(part)))


# -- asking


def _json(numbers: Iterable[object]) -> str:
    return msgspec.json.encode(list(numbers)).decode()


def postings(db: apsw.Connection, stream: int, runs: Sequence[int], key: str) -> dict[int, bytes]:
    """The blocks of these runs in which a key occurs."""
    found = db.execute(
        "SELECT run, keys FROM json_each(?) AS wanted CROSS JOIN posting "
        "ON stream = ? AND run = wanted.value AND shelf = ?",
        (_json(runs), stream, _shelf(key)),
    )
    return {run: blocks for run, keys in found if (blocks := _unpacked(keys).get(key)) is not None}


def counts(
    db: apsw.Connection,
    stream: int,
    subject: Subject,
    entities: Sequence[int],
    channel: int | None,
    since: int,
    until: int,
) -> Iterator[Row]:
    """What was counted in a window: whole eras from their tallies, the runs around them from their marks."""
    inside = "SELECT min(number), max(number) FROM span WHERE stream = ? AND level = ? AND since >= ? AND until <= ?"
    first, last = db.execute(inside, (stream, ERA, since, until)).fetchone()  # type: ignore[misc]
    if first is not None:
        of_channel = "" if channel is None else f" AND channel = {channel:d}"
        yield from db.execute(
            "SELECT entity, channel, kind, wait, sum(n) FROM tally WHERE stream = ? AND "
            f"entity IN (SELECT value FROM json_each(?)) AND era BETWEEN ? AND ?{of_channel} GROUP BY 1, 2, 3, 4",
            (stream, _json(entities), first, last),
        )
    reaching = (
        "SELECT number FROM span WHERE stream = ?1 AND level = 1 AND until >= ?2 AND since <= ?3 AND number / ?4 "
        "NOT IN (SELECT number FROM span WHERE stream = ?1 AND level = ?4 AND since >= ?2 AND until <= ?3)"
    )
    runs = [run for (run,) in db.execute(reaching, (stream, since, until, ERA))]
    for marks in _marks(db, stream, runs):
        yield from rows(marks.between(since, until)(), subject, entities, channel)


def stays(
    db: apsw.Connection, stream: int, workers: Sequence[int] | None, since: int, until: int
) -> list[tuple[int, int, int, int, int]]:
    """(activity, how many, total, least, most) seconds of the stays that reach into a window, cut at its ends."""
    whose = "" if workers is None else " AND worker IN (SELECT value FROM json_each(?))"
    spent = "min(until, ?2) - max(since, ?1)"
    found = db.execute(
        f"SELECT activity, count(*), sum({spent}), min({spent}), max({spent}) FROM stay "
        f"WHERE stream = ?3 AND until > ?1 AND since < ?2{whose} GROUP BY activity",
        (since, until, stream) if workers is None else (since, until, stream, _json(workers)),
    )
    return list(found)


# -- forgetting


def forget(db: apsw.Connection, stream: int, run: int, edge: int) -> bool:
    """Delete a slice of what is older than a run and a second; True if there may be more."""
    gone = 0
    over = "(SELECT number FROM span AS over WHERE over.stream = ?1 AND level = {} AND until < ?2)"
    for table, key, old, bound in (
        ("posting", "run, shelf", "run < ?2", run),
        ("mark", "run", f"run IN {over.format(1)}", edge),
        ("tally", "entity, era, channel, kind, wait", f"era IN {over.format(ERA)}", edge),
        ("stay", "worker, since", "until <= ?2", edge),
    ):
        chosen = f"SELECT {key} FROM {table} WHERE stream = ?1 AND {old} LIMIT {_ROWS_FORGOTTEN}"
        with _transaction(db):
            db.execute(f"DELETE FROM {table} WHERE stream = ?1 AND ({key}) IN ({chosen})", (stream, bound))
            gone = max(gone, db.changes())
    if gone == _ROWS_FORGOTTEN:
        return True
    db.execute("DELETE FROM span WHERE stream = ? AND until < ?", (stream, edge))
    return False


def drop(db: apsw.Connection, stream: str) -> None:
    """Forget a stream altogether."""
    row = db.execute("SELECT id FROM stream WHERE name = ?", (stream,)).fetchone()
    if row is None:
        return
    with _transaction(db):
        for table in ("name", "posting", "mark", "span", "tally", "stay", "presence"):
            db.execute(f"DELETE FROM {table} WHERE stream = ?", row)
        db.execute("DELETE FROM stream WHERE id = ?", row)
