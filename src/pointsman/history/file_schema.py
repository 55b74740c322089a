"""The history file: what is derived from the journal and kept, so that it need not be derived again.

It holds nothing that the journal does not. So it is never repaired: a file that cannot be used is begun anew.
"""

from __future__ import annotations

import os
from contextlib import suppress

import apsw

VERSION = 2

# posting: in which blocks of a run of facts a key (an event type or a sid) occurs. Runs are written once, sorted; those
# of an era lie side by side for each key, so that a key is looked up once per era, and a run goes into a small place.
# mark: what is counted, second by second. tally: marks counted by hour and by day (level: its length in seconds).
# stay: how long a worker was in an activity, once it is over. presence: where workers are now.
SCHEMA = """
CREATE TABLE stream(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL DEFAULT 0);
CREATE TABLE name(stream INTEGER NOT NULL, id INTEGER NOT NULL, sid TEXT NOT NULL, PRIMARY KEY(stream, id))
    WITHOUT ROWID;
CREATE TABLE posting(
    stream INTEGER NOT NULL, era INTEGER NOT NULL, key TEXT NOT NULL, run INTEGER NOT NULL, blocks BLOB NOT NULL,
    PRIMARY KEY(stream, era, key, run)
) WITHOUT ROWID;
CREATE TABLE mark(
    stream INTEGER NOT NULL, at INTEGER NOT NULL, place INTEGER NOT NULL, kind INTEGER NOT NULL,
    channel INTEGER NOT NULL, queue INTEGER NOT NULL, workflow INTEGER NOT NULL, worker INTEGER NOT NULL,
    wait INTEGER NOT NULL, queue_wait INTEGER NOT NULL,
    PRIMARY KEY(stream, at, place)
) WITHOUT ROWID;
CREATE TABLE tally(
    stream INTEGER NOT NULL, level INTEGER NOT NULL, entity INTEGER NOT NULL, start INTEGER NOT NULL,
    channel INTEGER NOT NULL, kind INTEGER NOT NULL, wait INTEGER NOT NULL, n INTEGER NOT NULL,
    PRIMARY KEY(stream, level, entity, start, channel, kind, wait)
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
"""Each tally has its own place in the file: the pages of the present hour and day should all be at hand."""


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
