"""The history file with its threads: one that writes, two that read; in memory, one for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import apsw
import structlog

from pointsman.history.file_schema import MEMORY, delete_file, open_file, open_reader
from pointsman.journal.port import JournalUnavailable
from pointsman.journal.sqlite_threads import Checkpoints, ConnectionThreads

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]
log = structlog.get_logger(__name__)

READERS = 2
DAMAGE = (apsw.CorruptError, apsw.NotADBError, apsw.ConstraintError)
"""Errors that do not pass: what is in the file is not what was written, or not all of it."""


class HistoryFile:
    def __init__(self, path: str, on_damage: Callable[[], None] = lambda: None) -> None:
        self.path = path
        self.damaged = False
        """Something in the file cannot be read: it must be begun anew."""
        self._on_damage = on_damage
        self._writer: ConnectionThreads | None = None
        self._readers: ConnectionThreads | None = None

    async def start(self) -> None:
        """Open the file. Where there can be none, history is kept in memory: it is only derived."""
        try:
            await self._open()
        except (OSError, apsw.Error) as error:
            log.error("history.in-memory", path=self.path, error=str(error))
            self.path = MEMORY
            await self._open()

    async def _open(self) -> None:
        writer = await asyncio.to_thread(open_file, self.path)
        if self.path == MEMORY:
            self._writer = self._readers = ConnectionThreads("history", [writer])
            return
        try:
            readers = [await asyncio.to_thread(open_reader, self.path) for _ in range(READERS)]
        except BaseException:
            writer.close()
            raise
        self._writer = ConnectionThreads("history-writer", [writer], after=Checkpoints(writer).run_if_due)
        self._readers = ConnectionThreads("history-reader", readers)

    async def close(self) -> None:
        writer, readers = self._writer, self._readers
        self._writer = self._readers = None
        if readers is not None and readers is not writer:
            await readers.close()
        if writer is not None:
            await writer.close()

    async def begin_anew(self) -> None:
        """Delete the file, and open an empty one."""
        await self.close()
        try:
            await asyncio.to_thread(delete_file, self.path)
        except OSError as error:
            log.error("history.in-memory", path=self.path, error=str(error))
            self.path = MEMORY
        self.damaged = False
        await self.start()

    async def write(self, work: Work[T]) -> T:
        """Raises JournalUnavailable."""
        return await self._done_by(self._writer, work)

    async def read(self, work: Work[T]) -> T:
        """Raises JournalUnavailable."""
        return await self._done_by(self._readers, work)

    async def _done_by(self, threads: ConnectionThreads | None, work: Work[T]) -> T:
        if threads is None:
            raise JournalUnavailable("the history file is not open")
        try:
            return await threads.do(work)
        except apsw.Error as error:
            if isinstance(error, DAMAGE) and threads in (self._writer, self._readers):
                self.damaged = True
                self._on_damage()
            raise JournalUnavailable(f"history: {type(error).__name__}: {error}") from error
