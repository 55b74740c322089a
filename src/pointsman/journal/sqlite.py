"""The embedded journal: one SQLite file, one process that writes, any number that read."""

import asyncio
import os
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TypeVar

import apsw

from pointsman.journal import sqlite_statements as statements
from pointsman.journal.port import (
    Batch,
    JournalClosed,
    JournalError,
    JournalUnavailable,
    Outcome,
    Row,
    Snapshot,
    StreamHead,
)
from pointsman.journal.sqlite_schema import open_reader, open_writer, take_lock
from pointsman.journal.sqlite_threads import Checkpoints, ConnectionThreads

T = TypeVar("T")

_READERS = 2


class SqliteJournal:
    """Writes from one thread, in the order of the calls; reads from two more, which see what is committed.

    With `read_only` it needs no lock and may stand beside a writer, in another process too; whatever writes raises.
    """

    def __init__(self, path: str | os.PathLike[str], *, read_only: bool = False) -> None:
        self.path = os.path.abspath(path)
        self.read_only = read_only
        self._lock: int | None = None
        self._writer: ConnectionThreads | None = None
        self._readers: ConnectionThreads | None = None

    async def start(self) -> None:
        if self._readers is not None:
            return
        try:
            if not self.read_only:
                self._lock = take_lock(self.path)
                connection = await asyncio.to_thread(open_writer, self.path)
                checkpoints = Checkpoints(connection)
                self._writer = ConnectionThreads("journal-writer", [connection], after=checkpoints.run_if_due)
            connections = [await asyncio.to_thread(open_reader, self.path) for _ in range(_READERS)]
            self._readers = ConnectionThreads("journal-reader", connections)
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        readers, self._readers = self._readers, None
        writer, self._writer = self._writer, None
        lock, self._lock = self._lock, None
        if readers is not None:
            await readers.close()
        if writer is not None:
            await writer.do(statements.empty_log)
            await writer.close()
        if lock is not None:
            os.close(lock)

    async def claim(self, stream: str) -> StreamHead:
        return await self._write(partial(statements.claim, stream=stream))

    async def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        return await self._write(partial(statements.append, batches=batches))

    async def find(self, stream: str) -> StreamHead | None:
        return await self._read(partial(statements.find, stream=stream))

    async def streams(self, after: str = "", limit: int = 1000) -> list[StreamHead]:
        return await self._read(partial(statements.streams, after=after, limit=limit))

    async def read(self, stream: str, after: int, limit: int) -> list[Row]:
        return await self._read(partial(statements.read, stream=stream, after=after, limit=limit))

    async def read_back(self, stream: str, before: int, limit: int) -> list[Row]:
        return await self._read(partial(statements.read_back, stream=stream, before=before, limit=limit))

    async def seek(self, stream: str, at: int) -> int:
        return await self._read(partial(statements.seek, stream=stream, at=at))

    async def pick(self, stream: str, seqs: Sequence[int]) -> dict[int, bytes]:
        return await self._read(partial(statements.pick, stream=stream, seqs=seqs))

    async def save_snapshot(self, snapshot: Snapshot) -> None:
        await self._write(partial(statements.save_snapshot, snapshot=snapshot))

    async def latest_snapshot(self, stream: str, at_most: int | None = None) -> Snapshot | None:
        return await self._read(partial(statements.latest_snapshot, stream=stream, at_most=at_most))

    async def snapshots(self, stream: str) -> list[tuple[int, int]]:
        return await self._read(partial(statements.snapshots, stream=stream))

    async def drop_snapshot(self, stream: str, seq: int) -> None:
        await self._write(partial(statements.drop_snapshot, stream=stream, seq=seq))

    async def prune(self, stream: str, through: int, keep: Collection[int], limit: int) -> int:
        return await self._write(partial(statements.prune, stream=stream, through=through, keep=keep, limit=limit))

    async def beat(self, now: int) -> None:
        await self._write(partial(statements.beat, now=now))

    async def last_beat(self) -> int | None:
        return await self._read(statements.last_beat)

    async def cursor(self, name: str) -> int:
        return await self._read(partial(statements.cursor, name=name))

    async def save_cursor(self, name: str, seq: int) -> None:
        await self._write(partial(statements.save_cursor, name=name, seq=seq))

    async def _write(self, work: Callable[[apsw.Connection], T]) -> T:
        if self.read_only:
            raise JournalError(f"{self.path} was opened for reading only")
        return await _done_by(self._writer, work)

    async def _read(self, work: Callable[[apsw.Connection], T]) -> T:
        return await _done_by(self._readers, work)


async def _done_by(threads: ConnectionThreads | None, work: Callable[[apsw.Connection], T]) -> T:
    if threads is None:
        raise JournalClosed("the journal is not open")
    try:
        return await threads.do(work)
    except apsw.Error as error:
        raise JournalUnavailable(f"{type(error).__name__}: {error}") from error
