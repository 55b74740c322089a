"""What streams have to do by themselves: settle to the end, fire timers. In slices, with a pause for others between."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import structlog

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.engine.core.stream import StreamEngine, TimerFailed
from pointsman.engine.core.timers import Timer, Timers
from pointsman.runtime.clock import Clock, RealClock
from pointsman.runtime.commit import Commits
from pointsman.runtime.errors import CommandFailed
from pointsman.runtime.lane import Lane

log = structlog.get_logger(__name__)

T = TypeVar("T")

TIMERS_A_SLICE = 64
LONGEST_SLEEP = 3_600.0
"""Seconds until a far deadline is looked at again: the machine's clock may have been set meanwhile."""


class Turns:
    """`on_crash` is told of a lane whose engine a turn has spoilt."""

    def __init__(
        self, clock: Clock, commits: Commits, lanes: dict[str, Lane], on_crash: Callable[[Lane], None]
    ) -> None:
        self.taken = 0
        """Turns so far: whether anything has happened since an earlier look."""
        self._clock = clock
        self._commits = commits
        self._lanes = lanes
        self._on_crash = on_crash
        self._unsettled: dict[str, Lane] = {}
        self._agenda = Timers()  # of lanes, by the earliest deadline of each
        self._alarm: asyncio.TimerHandle | None = None
        self._alarm_at: int | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()

    def take(self, lane: Lane, origin: Origin, work: Callable[[Any], T]) -> tuple[T, int]:
        """One turn of a lane: the value of `work` and the seq to wait for. Raises Refusal or CommandFailed."""
        self.taken += 1
        try:
            value, seq, load = lane.turn(self._clock.now(), origin, work)
        except CommandFailed as failure:
            log.exception("a turn failed", stream=lane.stream, exc_info=failure)
            self.forget(lane)
            self._on_crash(lane)
            raise
        self._commits.note(lane, load)
        self.follow(lane)
        return value, seq

    def follow(self, lane: Lane) -> None:
        """Look what the lane has to do next."""
        assert lane.engine is not None
        due = lane.engine.next_due() if lane.settled else None
        if not lane.settled and not lane.stalled:
            self._unsettled[lane.stream] = lane
        if lane.doomed is not None:
            due = self._clock.now()
        if due is None or lane.stalled:
            self._agenda.clear("lane", lane.stream)
        else:
            self._agenda.set("lane", lane.stream, due)
        self._look()

    def forget(self, lane: Lane) -> None:
        """The lane has no engine any more."""
        self._unsettled.pop(lane.stream, None)
        self._agenda.clear("lane", lane.stream)

    def next_due(self) -> int | None:
        """The earliest deadline of all lanes."""
        first = self._agenda.first()
        return first.deadline if first else None

    async def idle(self) -> None:
        """Returns when nothing is left to settle and no timer is due."""
        self._look()
        await self._idle.wait()

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            await self._wake.wait()
            while self._has_work():
                await self._commits.room()
                self._settle_one()
                self._fire_one()
                await asyncio.sleep(0)
            self._wake.clear()
            self._idle.set()
            self._look()

    def close(self) -> None:
        """No alarm any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    def _has_work(self) -> bool:
        first = self._agenda.first()
        return bool(self._unsettled) or (first is not None and first.deadline <= self._clock.now())

    def _look(self) -> None:
        """Go to work now, or set the alarm for the earliest deadline; a virtual clock needs none."""
        if self._has_work():
            self._idle.clear()
            self._wake.set()
            return
        due = self.next_due()
        if due == self._alarm_at or not isinstance(self._clock, RealClock):
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm, self._alarm_at = None, due
        if due is not None:
            delay = min((due - self._clock.now()) / 1e6, LONGEST_SLEEP)
            self._alarm = asyncio.get_running_loop().call_later(max(delay, 0.0) + 0.0005, self._ring)

    def _ring(self) -> None:
        self._alarm = self._alarm_at = None
        self._look()

    # -- slices

    def _settle_one(self) -> None:
        if not self._unsettled:
            return
        lane = self._unsettled.pop(next(iter(self._unsettled)))  # it goes to the end if it is not at rest
        if lane.engine is None:
            return
        try:
            self.take(lane, lane.engine.origin, _nothing)
            lane.settle_failed = False
        except CommandFailed:
            lane.stalled, lane.settle_failed = lane.settle_failed, True

    def _fire_one(self) -> None:
        turn = self._agenda.take(self._clock.now())
        lane = self._lanes.get(turn.sid) if turn else None
        if lane is None or lane.engine is None:
            return
        if lane.doomed is not None:
            self._park(lane, *lane.doomed)
        else:
            self._fire(lane, lane.engine)

    def _fire(self, lane: Lane, engine: StreamEngine) -> None:
        """Many timers in one turn; one at a time while any is suspected, so that the culprit is known."""
        suspect = engine.timers.first()
        limit = 1 if lane.suspects else TIMERS_A_SLICE
        now = self._clock.now()
        try:
            self.take(lane, SYSTEM, lambda engine: engine.run_due(now, limit))
        except CommandFailed as failure:
            cause = failure.__cause__
            timer = cause.timer if isinstance(cause, TimerFailed) else suspect
            if timer is not None:
                self._suspect(lane, timer, repr(cause.__cause__ if isinstance(cause, TimerFailed) else cause))
        else:
            due = engine.next_due()
            if due is None or due > now:
                lane.suspects.clear()

    def _suspect(self, lane: Lane, timer: Timer, error: str) -> None:
        key = (timer.kind, timer.sid)
        if key in lane.suspects:
            lane.doomed = (timer, error)
        lane.suspects.add(key)

    def _park(self, lane: Lane, timer: Timer, error: str) -> None:
        log.error("a timer failed twice and is parked", stream=lane.stream, kind=timer.kind, sid=timer.sid, error=error)
        lane.doomed = None
        lane.suspects.discard((timer.kind, timer.sid))
        try:
            self.take(lane, SYSTEM, partial(_set_aside, timer=timer, error=error))
        except CommandFailed:
            lane.stalled = True


def _nothing(engine: StreamEngine) -> None:
    """The work of a turn that only settles."""


def _set_aside(engine: StreamEngine, timer: Timer, error: str) -> None:
    engine.timers.clear(timer.kind, timer.sid)
    engine.park(timer, error)
