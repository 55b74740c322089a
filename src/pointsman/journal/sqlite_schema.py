"""The journal's file: its tables, how a connection to it is opened, and the lock that keeps a second writer out."""

import fcntl
import os
from collections.abc import Callable

import apsw

from pointsman.journal.port import JournalLocked, JournalUnreadable

VERSION = 1

# Rowid tables on purpose: WITHOUT ROWID costs several times the space at 1 KB a row.
# fact.batch is set on the first row of each batch only: it is what makes a repeated batch recognisable.
SCHEMA = """
CREATE TABLE schema_version(version INTEGER NOT NULL);
CREATE TABLE stream(
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL DEFAULT '',
    label TEXT NOT NULL DEFAULT '',
    date_created INTEGER NOT NULL DEFAULT 0,
    date_updated INTEGER NOT NULL DEFAULT 0,
    deleted INTEGER NOT NULL DEFAULT 0,
    head INTEGER NOT NULL DEFAULT 0,
    epoch INTEGER NOT NULL DEFAULT 0,
    floor INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE fact(
    stream_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    batch TEXT,
    body BLOB NOT NULL,
    UNIQUE(stream_id, seq)
);
CREATE TABLE snapshot(
    stream_id INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE(stream_id, seq)
);
CREATE TABLE cursor(name TEXT NOT NULL UNIQUE, seq INTEGER NOT NULL);
CREATE TABLE heartbeat(id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL);
"""

# A row has some 1.6 KB: pages of 4 KB hold two, and log and checkpoints take a system call or two for each page.
_PAGE_BYTES = 8192
_WRITER_WAIT_MS = 1_000
_READER_WAIT_MS = 5_000
_LOG_BYTES_KEPT = 64 * 1024 * 1024


def take_lock(path: str) -> int:
    """Locks `<path>.lock` and answers its descriptor; closing that ends the lock. Raises JournalLocked.

    A forked child would inherit the lock and outlive its parent with it: start children by spawn or exec.
    """
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise JournalUnreadable(f"cannot open a journal at {path}: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.read(lock, 20).decode("ascii", "replace").strip() or "unknown"
        os.close(lock)
        raise JournalLocked(f"another process writes to {path} (process id {owner})") from None
    os.truncate(lock, 0)
    os.write(lock, f"{os.getpid()}\n".encode())
    return lock


def open_writer(path: str) -> apsw.Connection:
    """The one connection that writes; creates the file, for its owner's eyes only, when it is new."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        pass
    except OSError as error:
        raise JournalUnreadable(f"cannot create a journal at {path}: {error.strerror}") from error
    return _opened(path, apsw.SQLITE_OPEN_READWRITE, _prepare_writer)


def open_reader(path: str) -> apsw.Connection:
    """A connection that only reads, in this process or another; it never holds a writer up."""
    return _opened(path, apsw.SQLITE_OPEN_READONLY, _prepare_reader)


def _opened(path: str, flags: int, prepare: Callable[[apsw.Connection, str], None]) -> apsw.Connection:
    try:
        db = apsw.Connection(path, flags=flags)
        try:
            prepare(db, path)
        except BaseException:
            db.close()
            raise
    except apsw.Error as error:
        raise JournalUnreadable(f"cannot open a journal at {path}: {error}") from error
    return db


def _prepare_writer(db: apsw.Connection, path: str) -> None:
    db.set_busy_timeout(_WRITER_WAIT_MS)
    fresh = not db.execute("SELECT count(*) FROM sqlite_schema").get
    if not fresh:
        _check_version(db, path)
    if fresh:
        db.pragma("page_size", _PAGE_BYTES)
    if db.pragma("journal_mode", "wal") != "wal":
        raise JournalUnreadable(f"{path}: this file system cannot hold a write-ahead log")
    db.pragma("synchronous", "FULL")
    db.pragma("fullfsync", 1)  # macOS: a plain fsync there leaves the data in the drive's cache
    db.pragma("journal_size_limit", _LOG_BYTES_KEPT)
    if fresh:
        with db:
            db.execute(SCHEMA)
            db.execute("INSERT INTO schema_version VALUES(?)", (VERSION,))


def _prepare_reader(db: apsw.Connection, path: str) -> None:
    db.set_busy_timeout(_READER_WAIT_MS)
    _check_version(db, path)


def _check_version(db: apsw.Connection, path: str) -> None:
    if not db.table_exists("main", "schema_version"):
        raise JournalUnreadable(f"{path} is a database, but not a journal of Pointsman")
    version = db.execute("SELECT version FROM schema_version").get
    if version != VERSION:
        raise JournalUnreadable(f"{path} has schema version {version}; this Pointsman reads version {VERSION}")
