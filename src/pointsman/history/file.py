"""The history file with its threads: one that writes, two that read; in memory, one for both."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import apsw
import structlog

from pointsman.history.file_schema import MEMORY, open_file, open_reader
from pointsman.journal.port import JournalUnavailable
from pointsman.journal.sqlite_threads import Checkpoints, ConnectionThreads

T = TypeVar("T")
Work = Callable[[apsw.Connection], T]
log = structlog.get_logger(__name__)

READERS = 2


class HistoryFile:
    def __init__(self, path: str) -> None:
        self.path = path
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

    async def write(self, work: Work[T]) -> T:
        """Raises JournalUnavailable."""
        return await _done_by(self._writer, work)

    async def read(self, work: Work[T]) -> T:
        """Raises JournalUnavailable."""
        return await _done_by(self._readers, work)


async def _done_by(threads: ConnectionThreads | None, work: Work[T]) -> T:
    if threads is None:
        raise JournalUnavailable("the history file is not open")
    try:
        return await threads.do(work)
    except apsw.Error as error:
        raise JournalUnavailable(f"history: {type(error).__name__}: {error}") from error
