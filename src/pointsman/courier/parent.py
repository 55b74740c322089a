"""The courier's child process, as the server sees it: started, told of news, restarted when it dies, ended."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec
import structlog

from pointsman.courier.child import DRAIN_SECONDS, Order
from pointsman.courier.problems import OnProblem, Problem
from pointsman.domain.entry import Entry
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 10.0
"""Seconds before a child that died is started again; doubled each time, until one has lived for long."""
LONG_SECONDS = 60.0
POKE_SECONDS = 0.005
"""News that come within this time are told together."""
TOLD = ("callback_order", "callback_concurrency", "callback_targets", "log_format", "log_level")
"""Settings that the child needs."""


class CourierChild:
    """A listener of the node's live feed that keeps a courier running in a process of its own."""

    def __init__(self, data: str, book: str, settings: Settings, on_problem: OnProblem) -> None:
        told = {name: getattr(settings, name) for name in TOLD}
        self._order = msgspec.json.encode(Order(os.path.abspath(data), os.path.abspath(book), told)) + b"\n"
        self._on_problem = on_problem
        self._process: asyncio.subprocess.Process | None = None
        self._news: dict[str, None] = {}
        self._telling = False
        self._stopping = False
        self._keeping: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns at once; the child takes up what the journal has when it comes to life."""
        self._keeping = asyncio.create_task(self._keep_running())

    async def stop(self) -> None:
        """Let the child finish what is under way; kill it if it takes too long."""
        self._stopping = True
        if self._keeping is None:
            return
        if self._process is None or self._process.returncode is not None or self._process.stdin is None:
            self._keeping.cancel()  # it is about to start one
            await asyncio.wait([self._keeping])
        else:
            self._process.stdin.close()
            done, _ = await asyncio.wait([self._keeping], timeout=DRAIN_SECONDS + 2)
            if not done:
                log.error("courier.killed")
                self._kill()
                await asyncio.wait([self._keeping])

    @property
    def pid(self) -> int | None:
        """The child's process id; None while there is none."""
        return self._process.pid if self._process is not None and self._process.returncode is None else None

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Callable[[], None]:
        """The child is told when the entries are durable."""
        return lambda: self.poke(stream)

    def poke(self, stream: str) -> None:
        """The stream has more entries on disk."""
        self._news[stream] = None
        if not self._telling:
            self._telling = True
            asyncio.get_running_loop().call_later(POKE_SECONDS, self._tell)

    def _tell(self) -> None:
        """A child that is not there yet, or died, looks for itself when it comes."""
        self._telling = False
        news, self._news = self._news, {}
        process = self._process
        if process is None or process.stdin is None or process.stdin.is_closing():
            return
        if process.stdin.transport.get_write_buffer_size():  # it does not read at the moment: keep it for later
            self._news = news | self._news
            self.poke(next(iter(news)))
            return
        process.stdin.write("".join([f"{stream}\n" for stream in news]).encode())

    async def _keep_running(self) -> None:
        pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            try:
                await self._run()
            except asyncio.CancelledError:
                self._kill()
                raise
            except Exception as error:  # whatever it is, the next one may do better
                log.error("courier.failed", error=str(error))
                self._kill()
            if self._stopping:
                return
            pause = FIRST_PAUSE if loop.time() - started > LONG_SECONDS else min(2 * pause, LONGEST_PAUSE)
            log.error("courier.died", code=self._process and self._process.returncode, again_in=pause)
            await asyncio.sleep(pause)

    async def _run(self) -> None:
        """One child, until it ends."""
        self._process = process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "pointsman.courier.child",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        assert process.stdin is not None and process.stdout is not None
        process.stdin.write(self._order)
        if self._stopping:
            process.stdin.close()
        while line := await process.stdout.readline():
            try:
                self._on_problem(msgspec.json.decode(line, type=Problem))
            except Exception:  # whoever hears of it must not end the child
                log.exception("problem.failed")
        await process.wait()

    def _kill(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
