"""Threads that own a SQLite connection each, so that no statement ever runs on the event loop."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

import apsw

T = TypeVar("T")
Job = tuple[Callable[[apsw.Connection], Any], "asyncio.Future[Any]"]

_DUE_PAGES = 2_000  # 16 MB of log: a checkpoint then takes some tens of milliseconds
_LATE_PAGES = 16 * _DUE_PAGES


def _nothing(db: apsw.Connection) -> None:
    """What follows a job by default."""


class ConnectionThreads:
    """`len(connections)` threads that take jobs from one queue, in order, and close their connections at the end.

    `after` runs in the thread when a job's result has been handed over: the place for housekeeping.
    """

    def __init__(
        self, name: str, connections: list[apsw.Connection], after: Callable[[apsw.Connection], None] = _nothing
    ) -> None:
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._after = after
        self._threads = [
            threading.Thread(target=self._run, args=(connection,), name=name, daemon=True) for connection in connections
        ]
        for thread in self._threads:
            thread.start()

    def do(self, work: Callable[[apsw.Connection], T]) -> "asyncio.Future[T]":
        """Queues `work`; the future ends in the calling event loop. Cancelling it does not stop the work."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put((work, future))
        return future

    async def close(self) -> None:
        """Finishes what is queued, then ends the threads."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)

    def _run(self, db: apsw.Connection) -> None:
        try:
            while (job := self._jobs.get()) is not None:
                _perform(db, *job)
                del job  # or its rows would stay in memory until the next one comes
                self._after(db)
        finally:
            db.close()


def _perform(db: apsw.Connection, work: Callable[[apsw.Connection], Any], future: "asyncio.Future[Any]") -> None:
    result, failure = None, None
    try:
        result = work(db)
    except Exception as error:
        failure = error
    try:
        future.get_loop().call_soon_threadsafe(_settle, future, result, failure)
    except RuntimeError:  # the loop is closed: nobody waits any more
        pass


def _settle(future: "asyncio.Future[Any]", result: Any, failure: Exception | None) -> None:
    if future.done():  # the caller has gone away
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(result)


class Checkpoints:
    """Moves the write-ahead log into the data file every so often, from the writer's thread."""

    def __init__(self, writer: apsw.Connection) -> None:
        self._pages = 0
        self._tried_at = 0
        writer.set_wal_hook(self._note)  # takes the place of SQLite's own checkpoint inside the commit

    def _note(self, db: apsw.Connection, schema: str, pages: int) -> int:
        if pages < self._pages:  # the log has begun anew
            self._tried_at = 0
        self._pages = pages
        return apsw.SQLITE_OK

    def run_if_due(self, db: apsw.Connection) -> None:
        """One attempt per 16 MB of new log; one that waits for readers only when the log has grown to 256 MB."""
        if self._pages - self._tried_at < _DUE_PAGES:
            return
        self._tried_at = self._pages
        late = self._pages >= _LATE_PAGES
        mode = apsw.SQLITE_CHECKPOINT_RESTART if late else apsw.SQLITE_CHECKPOINT_PASSIVE
        try:
            db.wal_checkpoint(mode=mode)
        except apsw.Error:  # busy or the disk is full: nothing is lost, the log only grows until the next attempt
            pass
