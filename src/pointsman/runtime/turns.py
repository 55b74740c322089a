"""Turns: what an engine does in one go, a command or a slice of settling or timers; then the commit loop has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import structlog

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.engine.core.stream import Ids, StreamEngine, TimerFailed
from pointsman.journal.port import Journal
from pointsman.runtime.clock import Clock, RealClock
from pointsman.runtime.commit import CommitLoop
from pointsman.runtime.feed import Feed
from pointsman.runtime.lane import Lane
from pointsman.runtime.repair import Repair
from pointsman.settings import Settings

T = TypeVar("T")
log = structlog.get_logger(__name__)

SLICE = 64
"""Steps of settling, or timers, in one turn of the loop."""
FAILURES_MOST = 2
"""So often a timer may fail before it is parked."""
LONGEST_SLEEP = 3600.0
UNHEALTHY_SLEEP = 1.0


class Turns:
    def __init__(
        self, journal: Journal, commit: CommitLoop, feed: Feed, settings: Settings, clock: Clock, ids: Ids
    ) -> None:
        self.repair = Repair(journal, commit, settings, ids, self._rebuilt)
        self._commit = commit
        self._feed = feed
        self._clock = clock
        self._timers_run = True

    def command(self, lane: Lane, origin: Origin, command: Callable[[Any], T]) -> tuple[T, int]:
        """One command with the first slice of its settling: answer, and the seq that it rests on."""
        engine = lane.engine
        assert engine is not None
        engine.begin(self._clock.now(), origin)
        before = engine.head
        try:
            answer, head = command(engine), engine.head
            engine.begin(engine.now, SYSTEM)
            self.hand_over(lane, engine.settle(SLICE))
        except Exception as error:
            if not isinstance(error, Refusal) or engine.head != before:  # a refusal comes before the first fact
                self.repair.spoilt(lane)
            raise
        return answer, head

    def hand_over(self, lane: Lane, at_rest: bool = False) -> None:
        """To the commit loop with what was decided; go on settling in the next turn of the loop."""
        assert lane.engine is not None
        entries, texts = lane.engine.take(), lane.engine.take_texts()
        if entries:
            self._commit.add(lane, entries)
            self._feed.tell(lane, entries, texts)
        if lane.deleted:
            return
        if not at_rest and not lane.slicing:
            lane.slicing = True
            asyncio.get_running_loop().call_soon(self._settle, lane)
        self._look_at_timers(lane, at_rest)

    def _settle(self, lane: Lane) -> None:
        lane.slicing = False
        if lane.engine is not None:
            self._of_itself(lane, lambda engine: engine.settle(SLICE))

    def _of_itself(self, lane: Lane, work: Callable[[StreamEngine], bool | None]) -> None:
        """A turn that nobody asked for; `work` is True if it leaves the engine at rest."""
        assert lane.engine is not None
        try:
            lane.engine.begin(self._clock.now(), SYSTEM)
            self.hand_over(lane, work(lane.engine) is True)
        except TimerFailed as failure:
            log.exception("timer.failed", stream=lane.stream, kind=failure.timer.kind, sid=failure.timer.sid)
            lane.timer_failures[failure.timer.kind, failure.timer.sid] += 1
            self.repair.spoilt(lane, failure)
        except Exception:
            log.exception("turn.failed", stream=lane.stream)
            self.repair.spoilt(lane)

    def _rebuilt(self, lane: Lane, failure: TimerFailed | None) -> None:
        """A lane has a fresh engine: go on, without the timer that has failed too often."""
        if failure is None or lane.timer_failures[failure.timer.kind, failure.timer.sid] < FAILURES_MOST:
            self.hand_over(lane)
            return
        timer, error = failure.timer, str(failure.__cause__)
        log.error("timer.parked", stream=lane.stream, kind=timer.kind, sid=timer.sid, error=error)
        self._of_itself(lane, lambda engine: engine.park(timer, error))

    # -- timers

    def stop_timers(self, lanes: Iterable[Lane]) -> None:
        """From now on no timer fires."""
        self._timers_run = False
        for lane in lanes:
            if lane.timer is not None:
                lane.timer.cancel()

    def _look_at_timers(self, lane: Lane, at_rest: bool) -> None:
        """Under the real clock, wake when the lane's next timer is due."""
        now = self._clock.now()
        due = lane.engine.next_due() if lane.engine is not None else None
        if at_rest and (due is None or due > now):
            lane.rebuilds = 0
        if lane.timer is not None:
            if lane.timer_due == due:
                return
            lane.timer.cancel()
            lane.timer = None
        if due is not None and self._timers_run and isinstance(self._clock, RealClock):
            self._fire_later(lane, min(max(0.0, (due - now) / SECOND), LONGEST_SLEEP))
            lane.timer_due = due

    def _fire_later(self, lane: Lane, delay: float) -> None:
        lane.timer = asyncio.get_running_loop().call_later(delay, self._wake, lane)
        lane.timer_due = None

    def _wake(self, lane: Lane) -> None:
        lane.timer = None
        self.fire(lane)

    def fire(self, lane: Lane) -> None:
        """Run a slice of the timers that are due; not while the journal fails, for nothing can be promised then."""
        if lane.engine is None or not self._timers_run:
            return
        if not self._commit.healthy:
            self._fire_later(lane, UNHEALTHY_SLEEP)
            return
        self._of_itself(lane, self._run_due)

    def _run_due(self, engine: StreamEngine) -> None:
        engine.run_due(self._clock.now(), SLICE)
