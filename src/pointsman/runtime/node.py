"""The node: owner of every stream of a journal. Commands and queries come in here, and time is told to the engines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import structlog

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.core.stream import Ids, StreamEngine, TimerFailed
from pointsman.engine.core.timers import Timer
from pointsman.journal.port import Journal, JournalError
from pointsman.runtime.clock import Clock, RealClock, VirtualClock
from pointsman.runtime.commit import CommitLoop
from pointsman.runtime.engines import engine_for
from pointsman.runtime.lane import Lane, Unavailable
from pointsman.runtime.loading import load
from pointsman.runtime.snapshots import Snapshots
from pointsman.settings import Settings

__all__ = ["Node", "Unavailable"]

T = TypeVar("T")
log = structlog.get_logger(__name__)

SLICE = 64
"""Steps of settling, or timers, in one turn of the loop."""
PATIENCE = 5.0
"""Seconds for which an answer waits for the disk."""
BEAT_SECONDS = 5.0
LONGEST_SLEEP = 3600.0


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
        self._lanes: dict[str, Lane] = {}
        self._commit = CommitLoop(journal, settings, on_hopeless)
        self._snapshots = Snapshots(journal)
        self._tasks: list[asyncio.Task[None]] = []
        self._rebuilds: set[asyncio.Task[None]] = set()
        self._advancing = asyncio.Lock()
        self._stopping = False

    # -- life

    async def start(self) -> None:
        """Take up every stream of the journal, which is open."""
        self._stopping = False
        self._tasks = [asyncio.create_task(self._commit.run()), asyncio.create_task(self._look_after())]
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
        lane = Lane(stream, engine_for(stream, self.settings, self.ids))
        await load(self.journal, lane, self.settings, self.ids)
        self._lanes[stream] = lane

    def _resume(self, down_since: int | None) -> None:
        if isinstance(self.clock, VirtualClock):
            self.clock.set(max([engine.now for engine in self._engines()], default=0))
        for lane in list(self._lanes.values()):
            engine = lane.engine
            assert engine is not None
            since = max(engine.now, down_since or 0)
            self._turn(lane, SYSTEM, lambda engine, since=since: engine.resume(since))  # type: ignore[misc]

    async def stop(self) -> None:
        """Let what is under way come to rest, then stop. The journal stays open."""
        self._stopping = True
        for lane in self._lanes.values():
            if lane.timer is not None:
                lane.timer.cancel()
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
        for task in [*self._tasks, *self._rebuilds]:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._rebuilds, return_exceptions=True)

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
        self._commit.admit()
        try:
            answer, head = self._turn(lane, origin, command)
        except Refusal:
            await self._durable(lane)
            raise
        await lane.wait(head, PATIENCE)
        if lane.listing is not None and lane.listing.deleted:
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
        self._commit.admit()
        if stream in self._lanes:
            raise Refusal(f"{stream} already exists")
        lane = Lane(stream, engine_for(stream, self.settings, self.ids))
        assert lane.engine is not None
        lane.engine.begin(self.clock.now(), origin)
        answer = command(lane.engine)
        try:
            lane.epoch = (await self.journal.claim(stream)).epoch
        except JournalError as error:
            raise Unavailable(str(error)) from error
        self._lanes[stream] = lane
        self._hand_over(lane)
        await self._durable(lane)
        return answer

    def streams(self, account: str) -> list[str]:
        """The account's streams in the order of their creation."""
        listings = [
            (lane.listing.date_created, stream)
            for stream, lane in self._lanes.items()
            if lane.listing is not None and lane.listing.account == account and not lane.listing.deleted
        ]
        return [stream for _, stream in sorted(listings)]

    async def _lane(self, stream: str) -> Lane:
        lane = self._lanes.get(stream)
        if lane is None or (lane.listing is not None and lane.listing.deleted):
            raise not_found(f"/Workspaces/{stream[:100]}")
        if self._stopping:
            raise Unavailable("The server is stopping")
        if lane.engine is None:
            try:
                async with asyncio.timeout(PATIENCE):
                    await asyncio.shield(self._rebuild(lane))
            except TimeoutError:
                raise Unavailable(f"{stream} is being rebuilt") from None
            if lane.engine is None:
                raise Unavailable(f"{stream} could not be rebuilt from the journal")
        return lane

    async def _durable(self, lane: Lane) -> None:
        if lane.engine is not None:
            await lane.wait(lane.engine.head, PATIENCE)

    # -- turns

    def _turn(self, lane: Lane, origin: Origin, command: Callable[[Any], T]) -> tuple[T, int]:
        """One command with the first slice of its settling: answer, and the seq that it rests on."""
        engine = lane.engine
        assert engine is not None
        engine.begin(self.clock.now(), origin)
        before = engine.head
        try:
            answer, head = command(engine), engine.head
            engine.begin(engine.now, SYSTEM)
            at_rest = engine.settle(SLICE)
        except Exception as error:
            if not isinstance(error, Refusal) or engine.head != before:  # a refusal comes before the first fact
                self._spoil(lane)
            raise
        self._hand_over(lane, at_rest)
        return answer, head

    def _hand_over(self, lane: Lane, at_rest: bool = False) -> None:
        """To the commit loop with what was decided; go on settling in the next turn of the loop."""
        self._commit.add(lane)
        if lane.listing is not None and lane.listing.deleted:
            return
        if not at_rest and not lane.slicing:
            lane.slicing = True
            asyncio.get_running_loop().call_soon(self._settle_on, lane)
        self._set_timer(lane)

    def _settle_on(self, lane: Lane) -> None:
        lane.slicing = False
        if lane.engine is None:
            return
        try:
            lane.engine.begin(self.clock.now(), SYSTEM)
            at_rest = lane.engine.settle(SLICE)
        except Exception:
            log.exception("engine.settle-failed", stream=lane.stream)
            self._spoil(lane)
            return
        self._hand_over(lane, at_rest)

    # -- timers

    def _set_timer(self, lane: Lane) -> None:
        """Under the real clock: wake when the lane's next timer is due."""
        if lane.timer is not None:
            lane.timer.cancel()
            lane.timer = None
        due = lane.engine.next_due() if lane.engine is not None else None
        if due is None or self._stopping or not isinstance(self.clock, RealClock):
            return
        delay = min(max(0.0, (due - self.clock.now()) / SECOND), LONGEST_SLEEP)
        lane.timer = asyncio.get_running_loop().call_later(delay, self._fire, lane)

    def _fire(self, lane: Lane) -> None:
        """Run a slice of the timers that are due; not while the journal fails, for nothing can be promised then."""
        if lane.engine is None or self._stopping:
            return
        if not self._commit.healthy:
            lane.timer = asyncio.get_running_loop().call_later(1.0, self._fire, lane)
            return
        try:
            lane.engine.run_due(self.clock.now(), SLICE)
        except TimerFailed as failure:
            log.exception("timer.failed", stream=lane.stream, kind=failure.timer.kind, sid=failure.timer.sid)
            lane.timer_failures[failure.timer.kind, failure.timer.sid] += 1
            self._spoil(lane, failure)
            return
        self._hand_over(lane)

    async def advance(self, seconds: float) -> int:
        """Move a virtual clock on, firing every timer due on the way, in order; the new time."""
        assert isinstance(self.clock, VirtualClock)
        async with self._advancing:
            until = self.clock.now() + round(seconds * SECOND)
            await self._idle()
            while (due := self._next_due()) is not None and due <= until:
                self.clock.set(due)
                for lane in list(self._lanes.values()):
                    self._fire(lane)
                await self._idle()
            self.clock.set(until)
            await self._beat()  # or a restart would take this time for downtime
            return self.clock.now()

    def _next_due(self) -> int | None:
        dues = [due for engine in self._engines() if (due := engine.next_due()) is not None]
        return min(dues, default=None)

    def _engines(self) -> list[StreamEngine]:
        return [lane.engine for lane in self._lanes.values() if lane.engine is not None]

    async def _idle(self) -> None:
        """Until every engine is at rest, everything is on disk and all idlers are idle."""
        while True:
            await self._commit.idle()
            for idler in self.idlers:
                await idler()
            if self._rebuilds:
                await asyncio.wait(self._rebuilds)
            elif not any(lane.slicing for lane in self._lanes.values()):
                return
            await asyncio.sleep(0)

    # -- repair

    def _spoil(self, lane: Lane, failure: TimerFailed | None = None) -> None:
        """An engine raised something unforeseen: drop it, with what it had not handed over, and rebuild it."""
        lane.engine = None
        self._rebuild(lane, failure)

    def _rebuild(self, lane: Lane, failure: TimerFailed | None = None) -> asyncio.Task[None]:
        if lane.rebuild is None:
            lane.rebuild = asyncio.create_task(self._load_again(lane, failure))
            self._rebuilds.add(lane.rebuild)
            lane.rebuild.add_done_callback(self._rebuilds.discard)
        return lane.rebuild

    async def _load_again(self, lane: Lane, failure: TimerFailed | None) -> None:
        try:
            while lane.rows or lane.waiters:  # what earlier commands were promised is still on its way
                await self._commit.idle()
                await asyncio.sleep(0)
            await load(self.journal, lane, self.settings, self.ids)
        except JournalError:
            log.exception("lane.rebuild-failed", stream=lane.stream)
            return
        finally:
            lane.rebuild = None
        if failure is not None and lane.timer_failures[failure.timer.kind, failure.timer.sid] > 1:
            self._park(lane, failure.timer, str(failure.__cause__))
        else:
            self._hand_over(lane)

    def _park(self, lane: Lane, timer: Timer, error: str) -> None:
        log.error("timer.parked", stream=lane.stream, kind=timer.kind, sid=timer.sid, error=error)
        self._turn(lane, SYSTEM, lambda engine: engine.park(timer, error))

    # -- housekeeping

    async def _look_after(self) -> None:
        """Every few seconds: leave a sign of life, and take the snapshots that are due."""
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self._beat()
                for lane in list(self._lanes.values()):
                    await self._snapshots.take_if_due(lane, self.clock.now())
            except JournalError as error:
                log.warning("housekeeping.failed", error=str(error))

    async def _beat(self) -> None:
        try:
            await self.journal.beat(self.clock.now())
        except JournalError as error:
            log.warning("beat.failed", error=str(error))
