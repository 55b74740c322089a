"""What the history file does, as plain functions over a connection."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import apsw
import msgspec

from pointsman.history.chronicle import Chronicle, Page
from pointsman.history.marks import (
    NO_WAIT,
    NOWHERE,
    QUEUE,
    WAITED_IN_QUEUE,
    WORKER,
    WORKFLOW,
    WORKSPACE,
    Mark,
    Subject,
)

HOUR, DAY = 3_600, 86_400
ERA = 16
"""Runs."""
_VALUES_A_STATEMENT = 2_000
_ROWS_FORGOTTEN = 2_000

Counts = dict[tuple[int, int], int]
"""(kind, wait) → how many."""
Part = tuple[int, int, int]
"""(level, from, to) of a window: counted from tallies of that level, or from marks where it is 0. `to` is outside."""


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
    number, seq = db.execute("SELECT id, seq FROM stream WHERE name = ?", (stream,)).fetchone()  # type: ignore[misc]
    chronicle = Chronicle(stream, seq)
    chronicle.names.update(db.execute("SELECT sid, id FROM name WHERE stream = ?", (number,)))
    rows = db.execute("SELECT worker, activity, since FROM presence WHERE stream = ?", (number,))
    chronicle.presence.update((worker, (activity, since)) for worker, activity, since in rows)
    return number, chronicle


def store(db: apsw.Connection, stream: int, page: Page) -> None:
    """Write a page, in one transaction."""
    hours = tallied(page.marks)
    days: dict[tuple[int, int, int, int, int], int] = defaultdict(int)
    for (entity, start, channel, kind, wait), n in hours.items():
        days[entity, start - start % DAY, channel, kind, wait] += n
    with _transaction(db):
        db.execute("UPDATE stream SET seq = ? WHERE id = ?", (page.seq, stream))
        _insert(db, "INTO name", ((stream, number, sid) for number, sid in page.names), 3)
        era = page.run // ERA
        postings = ((stream, era, key, page.run, blocks) for key, blocks in page.postings.items())
        _insert(db, "OR REPLACE INTO posting", postings, 5)
        marks = ((stream, at, place, kind, *where, *waits) for at, place, kind, where, *waits in page.marks)
        _insert(db, "INTO mark", marks, 10)
        for level, tally in ((HOUR, hours), (DAY, days)):
            rows = sorted((stream, level, *key, n) for key, n in tally.items())
            _insert(db, "INTO tally", rows, 8, " ON CONFLICT DO UPDATE SET n = n + excluded.n")
        _insert(db, "OR REPLACE INTO stay", ((stream, *stay) for stay in page.stays), 5)
        here = ((stream, worker, *place) for worker, place in page.presence.items() if place is not None)
        _insert(db, "OR REPLACE INTO presence", here, 4)
        for worker in [worker for worker, place in page.presence.items() if place is None]:
            db.execute("DELETE FROM presence WHERE stream = ? AND worker = ?", (stream, worker))


def tallied(marks: Sequence[Mark]) -> Mapping[tuple[int, int, int, int, int], int]:
    """How many marks there are by (entity, hour, channel, kind, wait)."""
    alike = Counter([(at // HOUR, kind, where, wait, in_queue) for at, _, kind, where, wait, in_queue in marks])
    tally: dict[tuple[int, int, int, int, int], int] = defaultdict(int)
    in_workspace, in_workflow, in_queue, of_worker = (each.kinds for each in (WORKSPACE, WORKFLOW, QUEUE, WORKER))
    for (hour, kind, (channel, queue, workflow, worker), wait, queue_wait), n in alike.items():
        start = hour * HOUR
        if kind in in_workspace:
            tally[NOWHERE, start, channel, kind, wait] += n
        if workflow and kind in in_workflow:
            tally[workflow, start, channel, kind, wait] += n
        if queue and kind in in_queue:
            tally[queue, start, channel, kind, wait] += n
            if queue_wait >= 0:
                tally[queue, start, channel, WAITED_IN_QUEUE, queue_wait] += n
        if worker and kind in of_worker:
            tally[worker, start, channel, kind, NO_WAIT] += n
    return tally


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
    """The blocks of these runs, and perhaps of some between them, in which a key occurs."""
    if not runs:
        return {}
    rows = db.execute(
        "SELECT run, blocks FROM json_each(?) AS wanted CROSS JOIN posting "
        "ON stream = ? AND era = wanted.value AND posting.key = ? AND run BETWEEN ? AND ?",
        (_json(sorted({run // ERA for run in runs})), stream, key, min(runs), max(runs)),
    )
    return dict(rows)


def counts(
    db: apsw.Connection, stream: int, subject: Subject, entities: Sequence[int], channel: int | None, parts: list[Part]
) -> list[tuple[int, int, int, int]]:
    """(entity, kind, wait, how many) in the parts of a window."""
    found: list[tuple[int, int, int, int]] = []
    of_channel = "" if channel is None else f" AND channel = {channel:d}"
    whose = _json(entities)
    for level, since, until in parts:
        if level:
            where = (
                "stream = ? AND level = ? AND entity IN (SELECT value FROM json_each(?)) AND start >= ? AND start < ?"
            )
            sql = f"SELECT entity, kind, wait, sum(n) FROM tally WHERE {where}{of_channel} GROUP BY entity, kind, wait"
            found += db.execute(sql, (stream, level, whose, since, until))
            continue
        entity = subject.field or str(NOWHERE)
        wait = "wait" if subject.waits else str(NO_WAIT)
        where = f"stream = ? AND at >= ? AND at < ? AND {entity} IN (SELECT value FROM json_each(?)){of_channel}"
        sql = f"SELECT {entity}, kind, {wait}, count(*) FROM mark WHERE {where} GROUP BY 1, 2, 3"
        found += db.execute(sql, (stream, since, until, whose))
        if WAITED_IN_QUEUE in subject.kinds:
            sql = (
                f"SELECT {entity}, {WAITED_IN_QUEUE}, queue_wait, count(*) FROM mark WHERE {where} AND queue_wait >= 0"
            )
            found += db.execute(f"{sql} GROUP BY 1, 3", (stream, since, until, whose))
    return found


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
    for table, key, old, bound in (
        ("posting", "era, key, run", "run < ?", run),
        ("mark", "at, place", "at < ?", edge),
        ("tally", "level, entity, start, channel, kind, wait", "start + level <= ?", edge),
        ("stay", "worker, since", "until <= ?", edge),
    ):
        chosen = f"SELECT {key} FROM {table} WHERE stream = ? AND {old} LIMIT {_ROWS_FORGOTTEN}"
        with _transaction(db):
            db.execute(f"DELETE FROM {table} WHERE stream = ? AND ({key}) IN ({chosen})", (stream, stream, bound))
            gone = max(gone, db.changes())
    return gone == _ROWS_FORGOTTEN


def drop(db: apsw.Connection, stream: str) -> None:
    """Forget a stream altogether."""
    row = db.execute("SELECT id FROM stream WHERE name = ?", (stream,)).fetchone()
    if row is None:
        return
    with _transaction(db):
        for table in ("name", "posting", "mark", "tally", "stay", "presence"):
            db.execute(f"DELETE FROM {table} WHERE stream = ?", row)
        db.execute("DELETE FROM stream WHERE id = ?", row)
