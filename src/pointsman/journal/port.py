"""The journal's port: what every adapter promises. Rows are opaque bytes here; all times are int microseconds."""

from collections.abc import Collection, Sequence
from operator import le
from typing import Protocol, TypeAlias

import msgspec


class Listing(msgspec.Struct, frozen=True):
    """The descriptive part of a stream's directory row, written in the transaction of the batch that changes it."""

    account: str
    label: str
    date_created: int
    date_updated: int
    deleted: bool


class StreamHead(msgspec.Struct, frozen=True):
    """One row of the directory. `head` is the last seq (0: empty), `floor` the highest pruned seq (0: none)."""

    stream: str
    account: str
    label: str
    date_created: int
    date_updated: int
    deleted: bool
    head: int
    epoch: int
    floor: int


class Batch(msgspec.Struct, frozen=True):
    """Rows for one stream, to become seq head+1 and on; `at[i]` is the time of row i.

    Raises ValueError for a batch that is empty, uneven, or runs backwards in time. That `at` does not run backwards
    from one batch to the next is the writer's duty: `seek` rests on it.
    """

    stream: str
    head: int
    epoch: int
    batch_id: str
    rows: list[bytes]
    at: list[int]
    listing: Listing | None = None

    def __post_init__(self) -> None:
        if not self.rows or len(self.rows) != len(self.at):
            raise ValueError(f"a batch needs one time per row and a row at least: {len(self.rows)} and {len(self.at)}")
        if not all(map(le, self.at, self.at[1:])):
            raise ValueError(f"the times of a batch for {self.stream} run backwards")
        if not self.batch_id:
            raise ValueError(f"a batch for {self.stream} has no id")


class Row(msgspec.Struct, frozen=True):
    """One row as it was appended."""

    seq: int
    at: int
    body: bytes


class Snapshot(msgspec.Struct, frozen=True):
    """The state of a stream after its row `seq`, whose time was `at`."""

    stream: str
    seq: int
    at: int
    body: bytes


class Done(msgspec.Struct, frozen=True):
    """The batch is on disk."""


class Fenced(msgspec.Struct, frozen=True):
    """Not written: another writer has the stream (its epoch or head is not the expected one)."""


class Unavailable(msgspec.Struct, frozen=True):
    """Surely not written, for a reason that may pass (disk full, busy): the same batch may be tried again."""

    reason: str


class InDoubt(msgspec.Struct, frozen=True):
    """May or may not be written: the same batch must be tried again, and nothing else before it."""

    reason: str


Outcome: TypeAlias = Done | Fenced | Unavailable | InDoubt


class JournalError(Exception):
    """Anything that a journal cannot do."""


class JournalUnavailable(JournalError):
    """The journal could not do this now; every method but `append` says so by raising, and may be tried again."""


class JournalClosed(JournalError):
    """The journal is not started, or closed."""


class JournalLocked(JournalError):
    """Another process writes to this journal."""


class JournalUnreadable(JournalError):
    """What lies in the journal's place is no journal, or one of a newer version."""


class Journal(Protocol):
    """An ordered, durable log of rows per stream, with one writer at a time for each stream.

    A cancelled call leaves its work in doubt: the work may still be done. A stream that nobody claimed reads as empty.
    """

    async def start(self) -> None:
        """Opens the journal, creating it when new. Raises JournalLocked or JournalUnreadable."""

    async def close(self) -> None:
        """Finishes what is pending, then closes; closing twice is harmless. Later calls raise JournalClosed."""

    async def claim(self, stream: str) -> StreamHead:
        """Takes the right to write: raises the epoch, which fences the earlier writer; creates the row when new."""

    async def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        """Writes all batches in one transaction and answers one outcome for each, in order.

        A stream whose (epoch, head) differs is Fenced alone; the others are written. A batch that was written before
        (same stream, head and id) answers Done and changes nothing, even if the stream has been claimed since.
        """

    async def find(self, stream: str) -> StreamHead | None:
        """The directory row of one stream."""

    async def streams(self, after: str = "", limit: int = 1000) -> list[StreamHead]:
        """Directory rows in the order of stream names (by code point), from the first name beyond `after`."""

    async def read(self, stream: str, after: int, limit: int) -> list[Row]:
        """At most `limit` rows beyond both `after` and the floor, ascending."""

    async def read_back(self, stream: str, before: int, limit: int) -> list[Row]:
        """At most `limit` rows below `before` and beyond the floor, descending."""

    async def seek(self, stream: str, at: int) -> int:
        """The first seq beyond the floor whose time is `at` or later; head + 1 if there is none. O(log n)."""

    async def pick(self, stream: str, seqs: Sequence[int]) -> dict[int, bytes]:
        """The bodies of these rows, stragglers that `prune` kept included; what is gone is left out."""

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        """Stores a snapshot, replacing one of the same seq. Raises ValueError if its seq is beyond the head."""

    async def latest_snapshot(self, stream: str, at_most: int | None = None) -> Snapshot | None:
        """The snapshot with the highest seq (up to `at_most`, if given)."""

    async def snapshots(self, stream: str) -> list[tuple[int, int]]:
        """(seq, at) of every snapshot, ascending."""

    async def drop_snapshot(self, stream: str, seq: int) -> None:
        """Forgets one snapshot, if it is there."""

    async def prune(self, stream: str, through: int, keep: Collection[int], limit: int) -> int:
        """Deletes the oldest rows up to seq `through` that are not in `keep`, at most `limit`; answers how many.

        Stragglers of earlier calls that are not kept any more go as well. The floor rises over what was deleted or
        kept: to `through` as soon as fewer than `limit` had to go. Raises ValueError if `through` is beyond the head.
        """

    async def beat(self, now: int) -> None:
        """Notes that a process is alive."""

    async def last_beat(self) -> int | None:
        """When a process was last seen alive, so that a restart knows its downtime; None if never."""

    async def cursor(self, name: str) -> int:
        """A durable named cursor; 0 if it was never saved."""

    async def save_cursor(self, name: str, seq: int) -> None:
        """Sets a cursor, forwards or back."""
