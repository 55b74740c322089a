"""The node: all streams of this process, and the two ways in: tell and ask."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.core.stream import Ids
from pointsman.journal.envelope import DamagedJournal
from pointsman.journal.port import Journal, JournalError, JournalUnavailable
from pointsman.runtime import virtual
from pointsman.runtime.clock import Clock, VirtualClock
from pointsman.runtime.commit import Commits, Listener
from pointsman.runtime.engines import EngineFactory, engine_for, rebuild
from pointsman.runtime.errors import CommandFailed, Unavailable
from pointsman.runtime.lane import Lane
from pointsman.runtime.snapshots import Snapshots
from pointsman.runtime.turns import Turns
from pointsman.settings import Settings

__all__ = ["CommandFailed", "Node", "Unavailable"]

log = structlog.get_logger(__name__)

T = TypeVar("T")

BEAT_SECONDS = 5.0
RETRY_SECONDS = 1.0
DRAIN_SECONDS = 10.0
"""How long a stop waits for the disk."""


def _nobody_cares() -> None:
    """What happens when the journal stays away, unless the composition says otherwise."""


class Node:
    """Runs every stream of a journal that is already started.

    `on_hopeless` is called when the journal could not be written for `unavailable_exit_seconds`; `idlers` are waited
    for by a virtual clock; `listeners` are told of entries once they are on disk.
    """

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        clock: Clock,
        ids: Ids,
        *,
        engines: EngineFactory = engine_for,
        on_hopeless: Callable[[], None] = _nobody_cares,
    ) -> None:
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self.idlers: list[Callable[[], Awaitable[None]]] = []
        self._engines = engines
        self._lanes: dict[str, Lane] = {}
        self._commits = Commits(journal, settings, self._written, on_hopeless)
        self._turns = Turns(clock, self._commits, self._lanes, self._reload)
        self._snapshots = Snapshots(journal, settings)
        self._advancing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()
        self._running = False

    # -- life

    async def start(self) -> None:
        """Take every stream up where it was left. Raises DamagedJournal or another JournalError."""
        names = await self._known_streams()
        lanes = [await self._opened(name) for name in names]
        lanes.sort(key=lambda lane: (lane.listing.date_created if lane.listing else 0, lane.stream))
        if isinstance(self.clock, VirtualClock):
            self.clock.reach(max((lane.engine.now for lane in lanes if lane.engine), default=0))
        self._lanes.update((lane.stream, lane) for lane in lanes)
        self._running = True
        self._spawn(self._commits.run())
        self._spawn(self._turns.run())
        last_beat = await self.journal.last_beat()
        for lane in lanes:
            self._resume(lane, last_beat)
        await self._beat()
        self._spawn(self._keep_beating())

    async def stop(self) -> None:
        """Finish what was accepted, snapshot, leave. Commands are Unavailable from now on."""
        if not self._running:
            return
        self._running = False
        self._turns.close()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._commits.idle()
                await self._snapshots.take_all(list(self._lanes.values()))
        except TimeoutError:
            log.error("stopped before everything was on disk")
        await self._beat()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for lane in self._lanes.values():
            lane.fail(Unavailable("the server is stopping"))

    @property
    def ready(self) -> bool:
        """Started, and commands can be stored."""
        return self._running and self._commits.up

    @property
    def listeners(self) -> list[Listener]:
        """Called with (stream, seq of the first, entries) when entries are on disk, after whoever waited for them."""
        return self._commits.listeners

    # -- the ways in

    async def tell(self, stream: str, origin: Origin, command: Callable[[Any], T]) -> T:
        """Carry out a command; its value when all that it decided is on disk.

        The value is computed before anything is settled and must be plain: the engine goes on meanwhile. Raises
        Refusal (404 for an unknown stream), Unavailable or CommandFailed.
        """
        lane = await self._live(stream)
        self._commits.check_room()
        value, seq = self._turns.take(lane, origin, command)
        await lane.until_durable(seq)
        return value

    async def ask(self, stream: str, query: Callable[[Any], T]) -> T:
        """The value of a query, a plain one, when all that it has seen is on disk. Raises Refusal or Unavailable."""
        lane = await self._live(stream)
        assert lane.engine is not None
        if lane.queued > lane.durable and not self._commits.up:
            raise Unavailable("the journal cannot be written at present")
        value = query(lane.engine)
        await lane.until_durable(lane.queued)
        return value

    async def create(self, stream: str, origin: Origin, command: Callable[[Any], T]) -> T:
        """Carry out the first command of a new stream; nothing is left of one that is refused."""
        self._check_running()
        self._commits.check_room()
        lane = Lane(stream)
        lane.engine = self._engines(stream, self.settings, self.ids)
        if stream in self._lanes:
            raise Refusal(f"{stream} already exists", status=409, code=20409)
        value, seq, load = lane.turn(self.clock.now(), origin, command)
        head = await self._claim(stream)
        if head.head or stream in self._lanes:
            raise Refusal(f"{stream} already exists", status=409, code=20409)
        lane.epoch = head.epoch
        self._lanes[stream] = lane
        self._turns.taken += 1
        self._commits.note(lane, load)
        self._turns.follow(lane)
        await lane.until_durable(seq)
        return value

    def streams(self, account: str) -> list[str]:
        """The account's streams, deleted ones left out, in creation order."""
        return [
            name
            for name, lane in self._lanes.items()
            if lane.listing is not None and lane.listing.account == account and not lane.listing.deleted
        ]

    def __contains__(self, stream: object) -> bool:
        return stream in self._lanes

    async def advance(self, seconds: float) -> int:
        """Move a virtual clock on, firing what is due on the way; the new time in microseconds. 404 for a real one."""
        if not isinstance(self.clock, VirtualClock):
            raise not_found("/pointsman/v1/Clock")
        self._check_running()
        self._commits.check_room()
        async with self._advancing:
            return await virtual.advance(self.clock, self._turns, self.at_rest, round(seconds * 1_000_000))

    async def at_rest(self) -> None:
        """Returns when nothing is left to do at this instant: turns, commits, and every idler, who may cause more."""
        while True:
            before = self._turns.taken
            await self._turns.idle()
            await self._commits.idle()
            if loading := [lane.loading for lane in self._lanes.values() if lane.loading is not None]:
                await asyncio.wait(loading)
                continue
            for idler in list(self.idlers):
                await idler()
            if self._turns.taken == before:
                return

    # -- streams come and go

    async def _known_streams(self) -> list[str]:
        names: list[str] = []
        after = ""
        while heads := await self.journal.streams(after):
            names += [head.stream for head in heads if head.head and not head.deleted]
            after = heads[-1].stream
        return names

    async def _opened(self, stream: str) -> Lane:
        lane = Lane(stream)
        await self._load(lane)
        return lane

    async def _load(self, lane: Lane) -> None:
        head = await self.journal.claim(lane.stream)
        engine = self._engines(lane.stream, self.settings, self.ids)
        await rebuild(self.journal, engine)
        if engine.head != head.head:
            raise DamagedJournal(f"{lane.stream} ends at entry {engine.head}, but should at {head.head}")
        engine.ready()
        snapshots = await self.journal.snapshots(lane.stream)
        lane.snapshot_seq = snapshots[-1][0] if snapshots else 0
        lane.adopt(engine, head.epoch)

    def _resume(self, lane: Lane, last_beat: int | None) -> None:
        """A fact proves as well as a beat that a process was alive then."""
        assert lane.engine is not None
        down_since = min(max(last_beat or 0, lane.engine.now), self.clock.now())
        self._turns.take(lane, SYSTEM, lambda engine: engine.resume(down_since))

    def _check_running(self) -> None:
        if not self._running:
            raise Unavailable("the server is not running")

    async def _live(self, stream: str) -> Lane:
        self._check_running()
        lane = self._lanes.get(stream)
        if lane is None:
            kind = "Workspaces" if stream.startswith("WS") else "Accounts"
            raise not_found(f"/{kind}/{stream}")
        while lane.engine is None:
            if lane.loading is None:
                self._reload(lane)
            assert lane.loading is not None
            await asyncio.wait([lane.loading])
            if lane.engine is None:
                raise Unavailable(f"{stream} cannot be read from the journal at present")
        self._check_running()
        return lane

    def _reload(self, lane: Lane) -> None:
        """The engine has gone: rebuild it from the journal, in the background."""
        if lane.loading is None and self._running:
            lane.loading = self._spawn(self._bring_back(lane))

    async def _bring_back(self, lane: Lane) -> None:
        try:
            await self._load_drained(lane)
        except JournalError as error:
            log.error("a stream cannot be rebuilt", stream=lane.stream, error=str(error))
        else:
            self._turns.follow(lane)
        finally:
            lane.loading = None

    async def _load_drained(self, lane: Lane) -> None:
        """What earlier commands decided must be on disk first, or fenced off."""
        try:
            await lane.until_durable(lane.queued)
        except Unavailable:
            pass
        while True:
            try:
                return await self._load(lane)
            except JournalUnavailable as error:
                log.warning("a stream waits for the journal", stream=lane.stream, error=str(error))
                await asyncio.sleep(RETRY_SECONDS)

    async def _claim(self, stream: str) -> Any:
        try:
            return await self.journal.claim(stream)
        except JournalUnavailable as error:
            raise Unavailable(str(error)) from error

    def _written(self, lane: Lane) -> None:
        """Called by the commit loop when a batch of the lane has come to its end."""
        if lane.engine is None:
            if lane.loading is None:  # fenced: rebuilt when it is used again
                self._turns.forget(lane)
            return
        if lane.listing is not None and lane.listing.deleted and lane.durable == lane.queued:
            self._turns.forget(lane)
            del self._lanes[lane.stream]
        elif self._running:
            self._snapshots.consider(lane, self._spawn)

    # -- in the background

    def _spawn(self, work: Any) -> asyncio.Task[None]:
        task: asyncio.Task[None] = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", exc_info=error)

    async def _keep_beating(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self.journal.beat(self.clock.now())
        except JournalError as error:
            log.warning("no heartbeat", error=str(error))
