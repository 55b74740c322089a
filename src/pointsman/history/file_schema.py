"""The history file: what is derived from the journal and kept, so that it need not be derived again.

It holds nothing that the journal does not. So it is never repaired: a file that cannot be used is begun anew.
"""

from __future__ import annotations

import os
from contextlib import suppress

import apsw

VERSION = 4

# posting: in which blocks of a run of facts each key (an event type or a sid) occurs, some keys to a shelf.
# mark: what is counted in a run. span: from when to when a run or an era of runs is (level: how many runs).
# tally: what the marks of an era count, once it is over.
# stay: how long a worker was in an activity, once it is over. presence: where workers are now.
# Runs are written once, each behind the one before: so little of the file is touched.
SCHEMA = """
CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL DEFAULT 0,
    at INTEGER NOT NULL DEFAULT 0);
CREATE TABLE name(stream INTEGER NOT NULL, id INTEGER NOT NULL, sid TEXT NOT NULL, PRIMARY KEY(stream, id))
    WITHOUT ROWID;
CREATE TABLE posting(
    stream INTEGER NOT NULL, run INTEGER NOT NULL, shelf TEXT NOT NULL, keys BLOB NOT NULL,
    PRIMARY KEY(stream, run, shelf)
) WITHOUT ROWID;
CREATE TABLE mark(stream INTEGER NOT NULL, run INTEGER NOT NULL, marks BLOB NOT NULL, PRIMARY KEY(stream, run));
CREATE TABLE span(
    stream INTEGER NOT NULL, level INTEGER NOT NULL, number INTEGER NOT NULL, since INTEGER NOT NULL,
    until INTEGER NOT NULL, PRIMARY KEY(stream, level, number)
) WITHOUT ROWID;
CREATE TABLE tally(
    stream INTEGER NOT NULL, entity INTEGER NOT NULL, era INTEGER NOT NULL, channel INTEGER NOT NULL,
    kind INTEGER NOT NULL, wait INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY(stream, entity, era, channel, kind, wait)
) WITHOUT ROWID;
CREATE TABLE stay(
    stream INTEGER NOT NULL, worker INTEGER NOT NULL, since INTEGER NOT NULL, until INTEGER NOT NULL,
    activity INTEGER NOT NULL, PRIMARY KEY(stream, worker, since)
) WITHOUT ROWID;
CREATE TABLE presence(
    stream INTEGER NOT NULL, worker INTEGER NOT NULL, activity INTEGER NOT NULL, since INTEGER NOT NULL,
    PRIMARY KEY(stream, worker)
) WITHOUT ROWID;
"""

MEMORY = ":memory:"
_WAIT_MS = 5_000
_CACHE_KIB = 32_768
"""Each entity's tallies have their own place in the file: the last page of each should be at hand."""


def open_file(path: str) -> apsw.Connection:
    """The connection that writes; the file is made, or made anew if it is not one of this version."""
    try:
        return _opened(path)
    except apsw.Error:
        if path == MEMORY:
            raise
    delete_file(path)
    return _opened(path)


def delete_file(path: str) -> None:
    """With what SQLite keeps beside it."""
    for end in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            os.unlink(path + end)


def open_reader(path: str) -> apsw.Connection:
    db = apsw.Connection(path, flags=apsw.SQLITE_OPEN_READONLY)
    db.set_busy_timeout(_WAIT_MS)
    return db


def _opened(path: str) -> apsw.Connection:
    if path != MEMORY:
        with suppress(FileExistsError):  # for its owner's eyes only
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    db = apsw.Connection(path)
    try:
        db.set_busy_timeout(_WAIT_MS)
        db.pragma("journal_mode", "wal")
        db.pragma("synchronous", "NORMAL")  # what a power cut takes away is derived again
        db.pragma("cache_size", -_CACHE_KIB)
        version = db.pragma("user_version")
        if version == 0 and not db.execute("SELECT count(*) FROM sqlite_schema").get:
            with db:
                db.execute(SCHEMA)
                db.pragma("user_version", VERSION)
        elif version != VERSION:
            raise apsw.NotADBError(f"{path} has version {version}")
    except BaseException:
        db.close()
        raise
    return db
