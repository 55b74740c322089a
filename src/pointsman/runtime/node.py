"""The node: owner of every stream of a journal. Commands and queries come in here, and time is told to the engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.core.stream import Ids, StreamEngine
from pointsman.journal.port import Journal, JournalError
from pointsman.metrics import Metric, Value
from pointsman.runtime.clock import Clock, VirtualClock
from pointsman.runtime.commit import CommitLoop
from pointsman.runtime.engines import engine_for
from pointsman.runtime.feed import Feed, Listener
from pointsman.runtime.lane import Lane, Unavailable
from pointsman.runtime.loading import load
from pointsman.runtime.snapshots import Snapshots
from pointsman.runtime.turns import Turns
from pointsman.settings import Settings

__all__ = ["Node", "Unavailable"]

T = TypeVar("T")
log = structlog.get_logger(__name__)

PATIENCE = 5.0
"""Seconds for which an answer waits for the disk."""
BEAT_SECONDS = 5.0


def _exists(stream: str) -> Refusal:
    return Refusal(f"{stream} already exists", status=409, code=20409)


class Node:
    """Runs the engines of all streams. `tell` commands, `ask` questions; both answer only what is durable."""

    def __init__(
        self,
        journal: Journal,
        settings: Settings,
        clock: Clock,
        ids: Ids,
        on_hopeless: Callable[[], None] = lambda: None,
    ) -> None:
        self.journal = journal
        self.settings = settings
        self.clock = clock
        self.ids = ids
        self.idlers: list[Callable[[], Awaitable[None]]] = []
        """Whoever else must be idle before a virtual clock moves on."""
        self.dues: list[Callable[[], int | None]] = []
        """What else is due at some instant: a virtual clock stops there on its way."""
        self._feed = Feed()
        self.advances = 0
        """How often a virtual clock was told to move on."""
        self._lanes: dict[str, Lane] = {}
        self._creating: set[str] = set()
        self._commit = CommitLoop(journal, settings, on_hopeless)
        self._turns = Turns(journal, self._commit, self._feed, settings, clock, ids)
        self._snapshots = Snapshots(journal)
        self._tasks: list[asyncio.Task[None]] = []
        self._advancing = asyncio.Lock()
        self._stopping = False

    # -- life

    async def start(self) -> None:
        """Take up every stream of the journal, which is open."""
        work = (self._commit.run(), self._stay_alive(), self._take_snapshots())
        self._tasks = [asyncio.create_task(each) for each in work]
        down_since = await self.journal.last_beat()
        after = ""
        while heads := await self.journal.streams(after, 1000):
            for head in heads:
                if head.head and not head.deleted:
                    await self._take_up(head.stream)
            after = heads[-1].stream
        self._resume(down_since)
        await self._beat()

    async def _take_up(self, stream: str) -> None:
        lane = Lane(stream)
        await load(self.journal, lane, self.settings, self.ids)
        self._lanes[stream] = lane

    def _resume(self, down_since: int | None) -> None:
        if isinstance(self.clock, VirtualClock):
            last = [lane.engine.now for lane in self._lanes.values() if lane.engine is not None]
            self.clock.set(max(last, default=0))
        for lane in list(self._lanes.values()):
            engine = lane.engine
            assert engine is not None
            since = max(engine.now, down_since or 0)
            self._turns.command(lane, SYSTEM, lambda engine, since=since: engine.resume(since))  # type: ignore[misc]

    async def stop(self) -> None:
        """Let what is under way come to rest, then stop. The journal stays open."""
        self._stopping = True
        self._turns.stop_timers(self._lanes.values())
        try:
            async with asyncio.timeout(PATIENCE):
                await self._idle()
                await self._beat()
                for lane in self._lanes.values():
                    await self._snapshots.take_at_stop(lane)
        except TimeoutError:
            log.error("node.stopped-with-work-undone")
        except JournalError as error:
            log.warning("node.stopped-without-snapshot", error=str(error))
        await self._turns.repair.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def listeners(self) -> list[Listener]:
        """Who hears of entries in the turn that decides them; add to it before the start."""
        return self._feed.listeners

    @property
    def ready(self) -> bool:
        """True if commands are taken."""
        return self._commit.healthy and not self._stopping

    # -- commands and queries

    async def tell(self, stream: str, origin: Origin, command: Callable[[Any], T]) -> T:
        """Run a command; its answer, once its facts are durable.

        The answer is computed before the engine settles. Raises Refusal, once what it rests on is durable, and
        Unavailable.
        """
        lane = await self._lane(stream)
        self._admit()
        try:
            answer, head = self._turns.command(lane, origin, command)
        except Refusal:
            await self._durable(lane)
            raise
        await lane.wait(head, PATIENCE)
        if lane.deleted:
            self._lanes.pop(stream, None)
        return answer

    async def ask(self, stream: str, query: Callable[[Any], T]) -> T:
        """Run a query; its answer, once all that it has seen is durable. Raises Refusal, Unavailable."""
        lane = await self._lane(stream)
        assert lane.engine is not None
        lane.engine.begin(self.clock.now(), SYSTEM)
        try:
            answer = query(lane.engine)
        except Refusal:
            await self._durable(lane)
            raise
        await self._durable(lane)
        return answer

    async def create(self, stream: str, origin: Origin, command: Callable[[Any], T]) -> T:
        """The first command of a new stream; a refused one leaves no trace. Raises Refusal, Unavailable."""
        self._admit()
        if stream in self._lanes or stream in self._creating:
            raise _exists(stream)
        lane = Lane(stream, engine_for(stream, self.settings, self.ids))
        assert lane.engine is not None
        lane.engine.begin(self._birth(stream), origin)
        answer = command(lane.engine)
        self._creating.add(stream)
        try:
            claimed = await self.journal.claim(stream)
        except JournalError as error:
            raise Unavailable(str(error)) from error
        finally:
            self._creating.discard(stream)
        if claimed.head:
            raise _exists(stream)
        lane.epoch = claimed.epoch
        self._lanes[stream] = lane
        self._turns.hand_over(lane)
        await self._durable(lane)
        return answer

    def _birth(self, stream: str) -> int:
        """The time of a new stream. Streams of a kind are listed by it, so no two may have the same.

        A virtual clock that stands still is moved by a microsecond: no stream may be ahead of it.
        """
        kin = [lane.listing for name, lane in self._lanes.items() if name[:2] == stream[:2]]
        births = [listing.date_created for listing in kin if listing is not None]
        birth = max(self.clock.now(), max(births, default=0) + 1)
        if isinstance(self.clock, VirtualClock):
            self.clock.set(birth)
        return birth

    def streams(self, account: str) -> list[str]:
        """The account's streams in the order of their creation."""
        listings = [
            (lane.listing.date_created, stream)
            for stream, lane in self._lanes.items()
            if lane.listing is not None and lane.listing.account == account and not lane.listing.deleted
        ]
        return [stream for _, stream in sorted(listings)]

    def workspaces(self) -> list[str]:
        """The streams of all workspaces, whosever they are."""
        return [stream for stream, lane in self._lanes.items() if stream.startswith("WS") and not lane.deleted]

    def engines(self) -> list[StreamEngine]:
        """All engines, as they are at this moment; for figures, which wait for nothing."""
        return [lane.engine for lane in self._lanes.values() if lane.engine is not None]

    def commit_figures(self) -> dict[Metric, Value]:
        return self._commit.figures()

    async def _lane(self, stream: str) -> Lane:
        lane = self._lanes.get(stream)
        if lane is None or lane.deleted:
            raise not_found(f"/Workspaces/{stream[:100]}")
        if self._stopping:
            raise Unavailable("The server is stopping")
        if lane.engine is None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(self._turns.repair.rebuild(lane))
            except TimeoutError:
                raise Unavailable(f"{stream} is being rebuilt") from None
            if lane.engine is None:
                raise Unavailable(f"{stream} could not be rebuilt from the journal")
        return lane

    def _admit(self) -> None:
        if self._stopping:
            raise Unavailable("The server is stopping")
        self._commit.admit()

    async def _durable(self, lane: Lane) -> None:
        if lane.engine is not None:
            await lane.wait(lane.engine.head, PATIENCE)

    # -- a virtual clock

    async def advance(self, seconds: float) -> int:
        """Move a virtual clock on, firing every timer due on the way, in order; the new time."""
        assert isinstance(self.clock, VirtualClock)
        async with self._advancing:
            self.advances += 1
            until = self.clock.now() + round(seconds * SECOND)
            await self._idle()
            while (due := self._next_due()) is not None and due <= until:
                self.clock.set(due)
                for lane in list(self._lanes.values()):
                    self._turns.fire(lane)
                await self._idle()
            self.clock.set(until)
            await self._beat()  # or a restart would take this time for downtime
            return self.clock.now()

    def _next_due(self) -> int | None:
        engines = [lane.engine for lane in self._lanes.values() if lane.engine is not None and not lane.given_up]
        dues = [engine.next_due for engine in engines] + self.dues
        return min((due for next_due in dues if (due := next_due()) is not None), default=None)

    async def _idle(self) -> None:
        """Until every engine is at rest, everything is on disk and all idlers are idle."""
        while True:
            turns = self._feed.turns
            await self._commit.idle()
            for idler in self.idlers:
                await idler()
            rebuilds = [lane.rebuild for lane in self._lanes.values() if lane.busy and lane.rebuild is not None]
            if rebuilds:
                await asyncio.wait(rebuilds)
            elif (
                turns == self._feed.turns
                and not self._commit.waiting
                and not any(lane.busy for lane in self._lanes.values())
            ):
                return
            await asyncio.sleep(0)

    # -- housekeeping

    async def _stay_alive(self) -> None:
        """Every few seconds a sign of life."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self.journal.beat(self.clock.now())
        except JournalError as error:
            log.warning("beat.failed", error=str(error))

    async def _take_snapshots(self) -> None:
        """One after the other, as they are due."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            for lane in list(self._lanes.values()):
                try:
                    await self._snapshots.take_if_due(lane, self.clock.now())
                except (JournalError, OSError) as error:
                    log.warning("snapshot.failed", stream=lane.stream, error=str(error))
