"""What the SQLite journal does, as plain functions over a connection. All SQL but the schema stands here."""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

import apsw
import msgspec

from pointsman.journal.port import (
    Batch,
    Done,
    Fenced,
    InDoubt,
    Listing,
    Outcome,
    Row,
    Snapshot,
    StreamHead,
    Unavailable,
)

_HEAD_COLUMNS = "name, account, label, date_created, date_updated, deleted, head, epoch, floor"

# Each statement gives the interpreter's lock away; while the event loop is busy, getting it back costs far more than
# a row. So rows go in by as few statements as possible.
_ROWS_A_STATEMENT = 250


@contextmanager
def _transaction(db: apsw.Connection) -> Iterator[None]:
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        _roll_back(db)
        raise


def _roll_back(db: apsw.Connection) -> None:
    if db.in_transaction:  # SQLite has rolled back by itself after some errors
        db.execute("ROLLBACK")


# -- the directory


def _head(row: tuple[Any, ...]) -> StreamHead:
    name, account, label, created, updated, deleted, head, epoch, floor = row
    return StreamHead(name, account, label, created, updated, bool(deleted), head, epoch, floor)


def claim(db: apsw.Connection, stream: str) -> StreamHead:
    with _transaction(db):
        db.execute("INSERT OR IGNORE INTO stream(name) VALUES (?)", (stream,))
        db.execute("UPDATE stream SET epoch = epoch + 1 WHERE name = ?", (stream,))
        claimed = find(db, stream)
    assert claimed is not None
    return claimed


def find(db: apsw.Connection, stream: str) -> StreamHead | None:
    row = db.execute(f"SELECT {_HEAD_COLUMNS} FROM stream WHERE name = ?", (stream,)).fetchone()
    return None if row is None else _head(row)


def streams(db: apsw.Connection, after: str, limit: int) -> list[StreamHead]:
    rows = db.execute(
        f"SELECT {_HEAD_COLUMNS} FROM stream WHERE name > ? ORDER BY name LIMIT max(?, 0)", (after, limit)
    )
    return [_head(row) for row in rows]


# -- appending


def append(db: apsw.Connection, batches: Sequence[Batch]) -> list[Outcome]:
    """One transaction. An error before COMMIT surely wrote nothing; of one raised by COMMIT nobody can tell."""
    try:
        db.execute("BEGIN IMMEDIATE")
        outcomes = [_write(db, batch) for batch in batches]
    except apsw.Error as error:
        _roll_back(db)
        return [Unavailable(_reason(error))] * len(batches)
    except BaseException:
        _roll_back(db)
        raise
    try:
        db.execute("COMMIT")
    except apsw.Error as error:
        _roll_back(db)
        return [outcome if isinstance(outcome, Fenced) else InDoubt(_reason(error)) for outcome in outcomes]
    return outcomes


def _reason(error: apsw.Error) -> str:
    return f"{type(error).__name__}: {error}"


def _write(db: apsw.Connection, batch: Batch) -> Outcome:
    fence = "UPDATE stream SET head = head + ? WHERE name = ? AND epoch = ? AND head = ? RETURNING id"
    won: list[Any] = db.execute(fence, (len(batch.rows), batch.stream, batch.epoch, batch.head)).fetchall()
    if not won:
        return Done() if _is_written(db, batch) else Fenced()
    [(stream_id,)] = won
    _insert(db, stream_id, batch)
    if batch.listing is not None:
        _enlist(db, stream_id, batch.listing)
    return Done()


def _is_written(db: apsw.Connection, batch: Batch) -> bool:
    found = db.execute(
        "SELECT 1 FROM fact WHERE stream_id = (SELECT id FROM stream WHERE name = ?) AND seq = ? AND batch = ?",
        (batch.stream, batch.head + 1, batch.batch_id),
    )
    return found.fetchone() is not None


def _insert(db: apsw.Connection, stream_id: int, batch: Batch) -> None:
    seqs = range(batch.head + 1, batch.head + 1 + len(batch.rows))
    ids = chain((batch.batch_id,), repeat(None))
    rows = list(zip(repeat(stream_id), seqs, batch.at, ids, batch.rows, strict=False))
    for start in range(0, len(rows), _ROWS_A_STATEMENT):
        some = rows[start : start + _ROWS_A_STATEMENT]
        places = ",".join(["(?,?,?,?,?)"] * len(some))
        db.execute(f"INSERT INTO fact(stream_id, seq, at, batch, body) VALUES {places}", tuple(chain(*some)))


def _enlist(db: apsw.Connection, stream_id: int, listing: Listing) -> None:
    change = "UPDATE stream SET account = ?, label = ?, date_created = ?, date_updated = ?, deleted = ? WHERE id = ?"
    db.execute(change, (*msgspec.structs.astuple(listing), stream_id))


# -- reading


def read(db: apsw.Connection, stream: str, after: int, limit: int) -> list[Row]:
    rows = db.execute(
        "SELECT seq, at, body FROM stream JOIN fact ON stream_id = id "
        "WHERE name = ? AND seq > max(?, floor) ORDER BY seq LIMIT max(?, 0)",
        (stream, after, limit),
    )
    return [Row(*row) for row in rows]


def read_back(db: apsw.Connection, stream: str, before: int, limit: int) -> list[Row]:
    rows = db.execute(
        "SELECT seq, at, body FROM stream JOIN fact ON stream_id = id "
        "WHERE name = ? AND seq < ? AND seq > floor ORDER BY seq DESC LIMIT max(?, 0)",
        (stream, before, limit),
    )
    return [Row(*row) for row in rows]


def seek(db: apsw.Connection, stream: str, at: int) -> int:
    """Halves the kept seqs, which are gapless: so no index on time is needed."""
    with db:  # one view of the data, or a pruning between two steps could take the row away
        found = db.execute("SELECT id, floor, head FROM stream WHERE name = ?", (stream,)).fetchone()
        stream_id, floor, head = found or (0, 0, 0)
        kept = range(floor + 1, head + 1)
        time_of = "SELECT at FROM fact WHERE stream_id = ? AND seq = ?"
        first = kept.start + bisect_left(kept, at, key=lambda seq: db.execute(time_of, (stream_id, seq)).get)
    return first


def pick(db: apsw.Connection, stream: str, seqs: Sequence[int]) -> dict[int, bytes]:
    rows = db.execute(
        "SELECT seq, body FROM stream JOIN fact ON stream_id = id "
        "WHERE name = ? AND seq IN (SELECT value FROM json_each(?))",
        (stream, _json(seqs)),
    )
    return dict(rows)


def _json(seqs: Collection[int]) -> str:
    return msgspec.json.encode(list(seqs)).decode()


# -- snapshots and pruning


def save_snapshot(db: apsw.Connection, snapshot: Snapshot) -> None:
    with _transaction(db):
        found = db.execute("SELECT id, head FROM stream WHERE name = ?", (snapshot.stream,)).fetchone()
        stream_id, head = found or (0, 0)
        if snapshot.seq > head:
            raise ValueError(f"a snapshot of {snapshot.stream} at {snapshot.seq} is beyond its head {head}")
        db.execute(
            "INSERT OR REPLACE INTO snapshot(stream_id, seq, at, body) VALUES (?,?,?,?)",
            (stream_id, snapshot.seq, snapshot.at, snapshot.body),
        )


def latest_snapshot(db: apsw.Connection, stream: str, at_most: int | None) -> Snapshot | None:
    row = db.execute(
        "SELECT name, seq, at, body FROM stream JOIN snapshot ON stream_id = id "
        "WHERE name = ? AND seq <= ifnull(?, seq) ORDER BY seq DESC LIMIT 1",
        (stream, at_most),
    ).fetchone()
    return None if row is None else Snapshot(*row)


def snapshots(db: apsw.Connection, stream: str) -> list[tuple[int, int]]:
    rows: list[Any] = db.execute(
        "SELECT seq, at FROM stream JOIN snapshot ON stream_id = id WHERE name = ? ORDER BY seq", (stream,)
    ).fetchall()
    return rows


def drop_snapshot(db: apsw.Connection, stream: str, seq: int) -> None:
    drop = "DELETE FROM snapshot WHERE stream_id = (SELECT id FROM stream WHERE name = ?) AND seq = ?"
    db.execute(drop, (stream, seq))


def prune(db: apsw.Connection, stream: str, through: int, keep: Collection[int], limit: int) -> int:
    with _transaction(db):
        found = db.execute("SELECT id, head FROM stream WHERE name = ?", (stream,)).fetchone()
        stream_id, head = found or (0, 0)
        if through > head:
            raise ValueError(f"cannot prune {stream} through {through}: its head is {head}")
        gone: list[Any] = db.execute(
            "DELETE FROM fact WHERE rowid IN ("
            "SELECT rowid FROM fact WHERE stream_id = ? AND seq <= ? "
            "AND seq NOT IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT max(?, 0)) RETURNING seq",
            (stream_id, through, _json(keep), limit),
        ).fetchall()
        reached = through if len(gone) < limit else max((seq for (seq,) in gone), default=0)
        db.execute("UPDATE stream SET floor = max(floor, ?) WHERE id = ?", (reached, stream_id))
    return len(gone)


# -- heartbeat and cursors


def beat(db: apsw.Connection, now: int) -> None:
    db.execute("INSERT OR REPLACE INTO heartbeat(id, at) VALUES (1, ?)", (now,))


def last_beat(db: apsw.Connection) -> int | None:
    row = db.execute("SELECT at FROM heartbeat").fetchone()
    return None if row is None else row[0]


def cursor(db: apsw.Connection, name: str) -> int:
    row = db.execute("SELECT seq FROM cursor WHERE name = ?", (name,)).fetchone()
    return 0 if row is None else row[0]


def save_cursor(db: apsw.Connection, name: str, seq: int) -> None:
    db.execute("INSERT OR REPLACE INTO cursor(name, seq) VALUES (?, ?)", (name, seq))


def empty_log(db: apsw.Connection) -> None:
    """Moves the whole write-ahead log into the data file. At the end only: it waits for every reader."""
    try:
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.Error:  # a reader in another process, or a full disk: the next start recovers from the log
        pass
