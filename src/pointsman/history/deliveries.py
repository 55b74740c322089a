"""What became of event callbacks: a book in a SQLite file of its own, beside the data file.

The courier writes it, without waiting for the disk: what a power cut takes away is delivered once more. Anybody reads.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

import apsw
import msgspec

from pointsman.journal import JournalError

GIVEN_UP_KEPT = 100
"""So many of the events that were given up are remembered for each workspace."""
_WAIT_MS = 5_000
_VERSION = 1
_SCHEMA = """
CREATE TABLE IF NOT EXISTS standing(
    stream TEXT NOT NULL PRIMARY KEY,
    delivered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    pending INTEGER NOT NULL,
    aside INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS given_up(id INTEGER PRIMARY KEY, stream TEXT NOT NULL, body BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS given_up_stream ON given_up(stream, id);
"""


class BookUnreadable(JournalError):
    """What lies in the book's place is none, or one of a newer version."""


class Callbacks(msgspec.Struct, frozen=True, omit_defaults=True):
    """Where a workspace wants its events, as of some seq; `filter` names event types, None means all."""

    account_sid: str = ""
    url: str = ""
    filter: str | None = None


class OpenEvent(msgspec.Struct, frozen=True, omit_defaults=True):
    """An event below the standing's seq that is not done. Times are microseconds."""

    seq: int
    n: int
    url: str
    account_sid: str
    aside: bool = False
    tries: int = 0
    due: int = 0
    begun: int = 0
    failing_since: int = 0
    delivered_then: int = 0


class Failure(msgspec.Struct, frozen=True, omit_defaults=True):
    """A try that failed. `status` is 0 if there was no answer; `code` is Twilio's error code."""

    at: int
    event_sid: str
    event_type: str
    event_at: int
    resource_sid: str
    url: str
    tries: int
    status: int
    code: int
    text: str


class Standing(msgspec.Struct, frozen=True, omit_defaults=True):
    """How far a workspace's callbacks are: all of its stream up to `seq` is done, but the open ones."""

    stream: str
    seq: int
    callbacks: Callbacks
    open: list[OpenEvent] = []
    pending: int = 0
    """How many are on their way, the open ones among them; what was not yet read is not counted."""
    aside: int = 0
    oldest_at: int = 0
    """When the oldest pending event happened; 0 if none is pending."""
    delivered: int = 0
    failed: int = 0
    last_failure: Failure | None = None


class Totals(msgspec.Struct, frozen=True):
    """Over all workspaces."""

    delivered: int
    failed: int
    pending: int
    aside: int


class DeliveryBook:
    """Opens, and makes, the file at `path`; `:memory:` for one that is forgotten. Raises BookUnreadable."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            if path != ":memory:":
                os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._db = apsw.Connection(path)
            self._prepare()
        except (apsw.Error, OSError) as error:
            raise BookUnreadable(f"cannot open the book of deliveries at {path}: {error}") from error

    def _prepare(self) -> None:
        self._db.set_busy_timeout(_WAIT_MS)
        self._db.pragma("journal_mode", "wal")
        self._db.pragma("synchronous", "NORMAL")
        with self._db:
            version = self._db.pragma("user_version")
            if version not in (0, _VERSION):
                raise BookUnreadable(f"{self.path} has version {version}; this Pointsman reads version {_VERSION}")
            self._db.execute(_SCHEMA)
            self._db.pragma("user_version", _VERSION)

    def close(self) -> None:
        self._db.close()

    def save(self, standings: Iterable[Standing], given_up: Iterable[tuple[str, Failure]] = ()) -> None:
        """All at once."""
        with self._db:
            for each in standings:
                numbers = (each.delivered, each.failed, each.pending, each.aside)
                line = (each.stream, *numbers, msgspec.json.encode(each))
                self._db.execute("INSERT OR REPLACE INTO standing VALUES(?,?,?,?,?,?)", line)
            streams = set()
            for stream, failure in given_up:
                streams.add(stream)
                self._db.execute(
                    "INSERT INTO given_up(stream, body) VALUES(?,?)", (stream, msgspec.json.encode(failure))
                )
            for stream in streams:
                self._db.execute(
                    "DELETE FROM given_up WHERE stream = ?1 AND id <= "
                    "(SELECT id FROM given_up WHERE stream = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)",
                    (stream, GIVEN_UP_KEPT),
                )

    def standing(self, stream: str) -> Standing | None:
        """None for a workspace of which nothing was noted yet."""
        body = self._db.execute("SELECT body FROM standing WHERE stream = ?", (stream,)).get
        return None if body is None else msgspec.json.decode(body, type=Standing)

    def given_up(self, stream: str) -> list[Failure]:
        """The latest events that were given up, newest first."""
        rows = self._db.execute("SELECT body FROM given_up WHERE stream = ? ORDER BY id DESC", (stream,))
        return [msgspec.json.decode(body, type=Failure) for (body,) in rows]

    def totals(self) -> Totals:
        sums = "SELECT total(delivered), total(failed), total(pending), total(aside) FROM standing"
        return Totals(*map(int, self._db.execute(sums).get))
