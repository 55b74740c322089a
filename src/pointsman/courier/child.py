"""The child process that delivers event callbacks: `python -m pointsman.courier.child`.

Reads lines from standard input: an Order, then the names of streams that have grown; the end of input ends it, and so
does SIGTERM. Writes each Problem as a line to standard output.
"""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import msgspec
import uvloop

from pointsman.courier.event_courier import EventCourier
from pointsman.courier.problems import Problem
from pointsman.history.deliveries import DeliveryBook
from pointsman.journal.port import JournalLocked
from pointsman.journal.sqlite import SqliteJournal
from pointsman.journal.sqlite_schema import take_lock
from pointsman.outbound.client import Outbound
from pointsman.runtime.clock import RealClock
from pointsman.settings import Settings
from pointsman.telemetry import configure_logging

DRAIN_SECONDS = 5.0
LOCK_LOOK_SECONDS = 0.05
LOOKUPS = 64
"""Threads that look names up: a name server that does not answer holds one for seconds."""
FILES = 8_192


class Order(msgspec.Struct, frozen=True):
    """What the child needs to know."""

    data: str
    book: str
    settings: dict[str, str | int]


async def main() -> None:
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(LOOKUPS, "lookup"))
    ended = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(signal.SIGINT, lambda: None)  # a terminal sends it to all; the parent decides
    os.set_blocking(sys.stdout.fileno(), False)
    lines = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    order = msgspec.json.decode(await lines.readline(), type=Order)
    settings = Settings(**order.settings)  # type: ignore[arg-type]
    configure_logging({"json": True, "console": False}.get(settings.log_format), settings.log_level)
    lock = await _locked(order.book, lines)
    if lock is None:
        return
    journal = SqliteJournal(order.data, read_only=True)
    await journal.start()
    outbound, book = Outbound(settings), DeliveryBook(order.book)
    courier = EventCourier(journal, book, outbound, RealClock(), settings, _tell)
    await courier.start()
    listening = asyncio.create_task(_listen(lines, courier, ended))
    await ended.wait()
    listening.cancel()
    await courier.stop(DRAIN_SECONDS)
    await outbound.aclose()
    await journal.close()
    book.close()
    os.close(lock)


async def _locked(book: str, lines: asyncio.StreamReader) -> int | None:
    """The book's lock, as soon as an earlier courier has ended; None if the parent ends before."""
    while not lines.at_eof():
        try:
            return take_lock(book)
        except JournalLocked:
            await asyncio.sleep(LOCK_LOOK_SECONDS)
    return None


async def _listen(lines: asyncio.StreamReader, courier: EventCourier, ended: asyncio.Event) -> None:
    while line := await lines.readline():
        courier.poke(line.decode().strip())
    ended.set()


def _tell(problem: Problem) -> None:
    try:
        os.write(sys.stdout.fileno(), msgspec.json.encode(problem) + b"\n")
    except OSError:  # the parent has gone, or does not read: the failure stands in the book, too
        pass


def _raise_limits() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES if hard == resource.RLIM_INFINITY else min(FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


if __name__ == "__main__":
    os.nice(5)  # the engine goes first
    _raise_limits()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())
