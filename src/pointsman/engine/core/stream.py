"""The engine of one stream: commands record facts; state is the fold of facts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from pointsman.domain.entry import SYSTEM, Entry, Event, Origin
from pointsman.domain.facts import AnyFact
from pointsman.engine.core.timers import Timer, Timers
from pointsman.settings import Settings

Ids = Callable[[str], str]
"""Draws a fresh sid with the given two-letter prefix."""


class TimerFailed(Exception):
    """A timer's command raised: the engine is spoilt and must be rebuilt from the journal."""

    def __init__(self, timer: Timer) -> None:
        super().__init__(f"timer {timer.kind} of {timer.sid} failed")
        self.timer = timer


class Listing(msgspec.Struct, frozen=True):
    """The stream's line in the journal's directory."""

    account: str
    label: str
    date_created: int
    date_updated: int
    deleted: bool


class StreamEngine(ABC):
    """One stream's writer, in memory.

    Live: begin, then a command that records facts, then settle, then take the output to the journal. At start: restore
    and replay, then ready, then resume. An exception other than a Refusal spoils the engine.
    """

    def __init__(self, stream: str, settings: Settings, ids: Ids) -> None:
        self.stream = stream
        self.settings = settings
        self.ids = ids
        self.head = 0
        self.now = 0
        self.origin = SYSTEM
        self.timers = Timers()
        self._output: list[Entry] = []

    # -- live

    def begin(self, now: int, origin: Origin) -> None:
        """Start a command. Time never runs backwards within a stream."""
        self.now = max(self.now, now)
        self.origin = origin

    def record(self, fact: AnyFact) -> None:
        """The only place where state changes: apply, let the indexes follow, render the events."""
        self.head += 1
        farewell = self.announce_before(fact)
        self.apply(self.head, self.now, fact)
        self.react(fact)
        events = farewell + self.announce(fact)
        self._output.append(Entry(self.now, fact, self.origin, events))

    def take(self) -> list[Entry]:
        """The entries recorded since the last call, in order: they end at `head`."""
        output, self._output = self._output, []
        return output

    def take_texts(self) -> dict[int, str]:
        """The attribute texts that the events of those entries refer to, by the seq of the fact that holds them."""
        return {}

    def next_due(self) -> int | None:
        """When the next timer is due; None if none is set."""
        timer = self.timers.first()
        return timer.deadline if timer else None

    def run_due(self, now: int, limit: int) -> int:
        """Fire up to `limit` timers that are due, each as a command of its own; how many were fired."""
        fired = 0
        while fired < limit and (timer := self.timers.take(now)) is not None:
            self.begin(now, SYSTEM)
            try:
                self.fire(timer)
            except Exception as error:
                raise TimerFailed(timer) from error
            fired += 1
        return fired

    @abstractmethod
    def settle(self, limit: int) -> bool:
        """Work towards rest in a slice of about `limit` steps; True when at rest."""

    @abstractmethod
    def fire(self, timer: Timer) -> None:
        """The command of a timer that is due."""

    @abstractmethod
    def park(self, timer: Timer, error: str) -> None:
        """Record that a timer failed twice and is left alone."""

    # -- folding

    @abstractmethod
    def apply(self, seq: int, at: int, fact: AnyFact) -> None:
        """Change the tables; the same live and in replay."""

    @abstractmethod
    def react(self, fact: AnyFact) -> None:
        """Let indexes and timers follow a fact; live only."""

    def announce_before(self, fact: AnyFact) -> tuple[Event, ...]:
        """Events that must be rendered before the fact takes its object away."""
        return ()

    def announce(self, fact: AnyFact) -> tuple[Event, ...]:
        """The events of a fact, rendered after it."""
        return ()

    def replay(self, seq: int, entry: Entry) -> None:
        """Fold one entry of the journal. Entries come gapless and in order."""
        if seq != self.head + 1:
            raise ValueError(f"{self.stream}: entry {seq} follows {self.head}")
        self.head = seq
        self.now = max(self.now, entry.at)
        self.apply(seq, entry.at, entry.fact)

    @abstractmethod
    def ready(self) -> None:
        """After restore and replay: build indexes and timers from the tables."""

    @abstractmethod
    def resume(self, down_since: int | None) -> None:
        """A process takes the stream up after none ran since `down_since`: a command of the system (ruling 18)."""

    @abstractmethod
    def snapshot(self) -> bytes:
        """The tables, for restore."""

    @abstractmethod
    def restore(self, seq: int, at: int, body: bytes) -> None:
        """Take the tables of a snapshot; before any replay."""

    @abstractmethod
    def listing(self) -> Listing | None:
        """The directory line as of now; None before the stream's first fact."""
