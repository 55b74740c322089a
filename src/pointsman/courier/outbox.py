"""The event callbacks of one workspace: what may begin now, and what follows from how it ended. Pure; knows no I/O.

Events of one resource wait for each other; of those that may begin, the one that stands first in the journal does.
"""

from __future__ import annotations

import random
from collections import deque
from copy import copy
from heapq import heapify, heappop, heappush

import msgspec

from pointsman.courier.rules import OLDEST, Outcome, next_try
from pointsman.domain.entry import Event
from pointsman.domain.limits import SECOND
from pointsman.history.deliveries import Callbacks
from pointsman.outbound.overrides import split

ASIDE_AFTER = 60 * SECOND
"""How long an event may fail, while others pass, before its resource's later events go on without it."""
ASIDE_MOST = 1_000
DOWN_AFTER = 8
"""Failures in a row after which the endpoint counts as down: it is then only probed, one event at a time."""
FIRST_PROBE, PROBES_APART = SECOND // 2, 10 * SECOND
"""The pause before a probe, doubled each time up to the second."""
FEW = 64
"""Pending events that are listed one by one in the record."""

TOO_OLD = Outcome(text="The event was 4 hours old before it could be delivered")

Place = tuple[int, int]
"""Where an event stands: the seq of its entry, and which of the entry's events it is."""


class Delivery(msgspec.Struct):
    """One event on its way to one URL."""

    place: Place
    at: int
    """When it happened."""
    key: str
    """What it waits in order with."""
    callbacks: Callbacks
    event: Event
    texts: dict[int, str] = {}
    """The attribute texts that the event refers to, by seq."""
    tries: int = 0
    due: int = 0
    begun: int = 0
    """When it was tried first; 0: never."""
    failing_since: int = 0
    delivered_then: int = 0
    """How many callbacks had been delivered when it first failed."""
    aside: bool = False
    last: Outcome = Outcome()


Ready = tuple[tuple[int, ...], Delivery]
"""What may begin, and its rank."""


class Outbox:
    """Callbacks that are not yet delivered. Times are microseconds of the server's clock."""

    def __init__(self, limit: int, chance: random.Random) -> None:
        self.pending: dict[Place, Delivery] = {}
        """All of them, first in the journal first."""
        self.in_flight = 0
        self.aside = 0
        self.delivered = 0
        self.failed = 0
        self.last_failure: tuple[int, Delivery, Outcome] | None = None
        """When, what and why."""
        self.given_up: list[tuple[int, Delivery]] = []
        """When and what, since the list was last emptied by whoever keeps it."""
        self.finished = (0, Callbacks())
        """The highest seq with an event that is done, and where events went then."""
        self._url = ""
        """Where events are wanted now, as far as is known; empty: nowhere."""
        self._moved_below = 0
        """What stands before this seq goes there, even if nobody has tried it at its own URL."""
        self._limit = limit
        self._aside_limit = max(1, limit // 4)
        self._chance = chance
        self._chains: dict[str, deque[Delivery]] = {}
        self._ready: list[Ready] = []
        self._ready_aside: list[Ready] = []
        self._waiting: list[tuple[int, Place, Delivery]] = []
        self._aside_in_flight = 0
        self._aside_next = False
        self._failures = 0
        """Of the endpoint, in a row."""
        self._probe_at = 0

    # -- in

    def add(self, delivery: Delivery) -> None:
        """Takes an event, in the order of the journal; `aside` and `due` may be those of an earlier process."""
        self.pending[delivery.place] = delivery
        if delivery.aside:
            self.aside += 1
            self._wait(delivery)
            return
        chain = self._chains.setdefault(delivery.key, deque())
        chain.append(delivery)
        if len(chain) == 1:
            self._wait(delivery)

    def turn_to(self, url: str, seq: int) -> None:
        """As of this seq, events are wanted at this URL. What has failed at the old one goes there, too.

        While the old one is down, so does all that stands before the seq.
        """
        if url == self._url:
            return
        if self._failures >= DOWN_AFTER:
            self._moved_below = seq
        self._url, self._failures = url, 0
        self._come_back(0)

    def _redirect(self, delivery: Delivery) -> None:
        moved = delivery.failing_since or delivery.place[0] < self._moved_below
        if moved and self._url and delivery.callbacks.url != self._url:
            delivery.callbacks = msgspec.structs.replace(delivery.callbacks, url=self._url)

    def _wait(self, delivery: Delivery) -> None:
        heappush(self._waiting, (delivery.due, delivery.place, delivery))

    # -- out

    def begin(self, now: int) -> Delivery | None:
        """What is to be tried now, None if nothing is; whoever takes it says how it `ended`."""
        self._expire(now)
        heap = self._heap() if self._may_begin(now) else None
        if heap is None:
            return None
        delivery = heappop(heap)[1]
        self._aside_next = not delivery.aside
        self._aside_in_flight += delivery.aside
        self.in_flight += 1
        self._redirect(delivery)
        delivery.begun = delivery.begun or now
        delivery.tries += 1
        return delivery

    def _expire(self, now: int) -> None:
        """Give up what is too old; the oldest are on top."""
        self._wake(now)
        for heap in (self._ready, self._ready_aside):
            while heap and now >= heap[0][1].at + OLDEST:
                delivery = heappop(heap)[1]
                self._give_up(delivery, now, delivery.last if delivery.last.text else TOO_OLD)  # none after a restart
                self._wake(now)

    def _may_begin(self, now: int) -> bool:
        if self._failures >= DOWN_AFTER:
            return self.in_flight == 0 and now >= self._probe_at
        return self.in_flight < self._limit

    def _wake(self, now: int) -> None:
        while self._waiting and self._waiting[0][0] <= now:
            due, place, delivery = heappop(self._waiting)
            if delivery.aside:  # who waits longest comes first, or the first few would be tried for ever
                heappush(self._ready_aside, ((due, *place), delivery))
            else:
                heappush(self._ready, (place, delivery))

    def _heap(self) -> list[Ready] | None:
        """Where the next one comes from: those set aside have some of the places, and every other turn at most."""
        aside = bool(self._ready_aside) and self._aside_in_flight < self._aside_limit
        if aside and (self._aside_next or not self._ready):
            return self._ready_aside
        return self._ready or None

    def can_begin(self, now: int) -> bool:
        """True if `begin` has something to try."""
        self._expire(now)
        return self._may_begin(now) and self._heap() is not None

    def next_due(self) -> int | None:
        """When something that waits is due; None if nothing waits for a time."""
        dues = [self._waiting[0][0]] if self._waiting else []
        if self._failures >= DOWN_AFTER and (self._ready or self._ready_aside) and not self.in_flight:
            dues.append(self._probe_at)
        return min(dues, default=None)

    # -- what became of it

    def ended(self, delivery: Delivery, outcome: Outcome, now: int) -> None:
        """A try has ended: it is delivered, tried again later, set aside or given up."""
        self.in_flight -= 1
        self._aside_in_flight -= delivery.aside
        if outcome.delivered:
            self._succeeded(delivery, now)
        else:
            self._try_later(delivery, outcome, now)

    def interrupted(self, delivery: Delivery) -> None:
        """The try was broken off from here: it counts for nothing."""
        self.in_flight -= 1
        self._aside_in_flight -= delivery.aside
        delivery.tries -= 1
        self._wait(delivery)

    def _succeeded(self, delivery: Delivery, now: int) -> None:
        self.delivered += 1
        if self._failures >= DOWN_AFTER:
            self._come_back(now)
        self._failures = 0
        self._done(delivery)

    def _come_back(self, now: int) -> None:
        """The endpoint is up again: nobody waits for a time that was set while it was down."""
        self._waiting = [
            (due if delivery.aside else min(due, now), place, delivery) for due, place, delivery in self._waiting
        ]
        heapify(self._waiting)

    def _try_later(self, delivery: Delivery, outcome: Outcome, now: int) -> None:
        if outcome.is_down:
            self._failures += 1
            self._probe_at = now + min(PROBES_APART, FIRST_PROBE << max(0, min(self._failures - DOWN_AFTER, 20)))
        self.last_failure = (now, copy(delivery), outcome)  # its URL may change
        delivery.last = outcome
        if not delivery.failing_since:
            delivery.failing_since, delivery.delivered_then = now, self.delivered
        _, how = split(delivery.callbacks.url)
        due = next_try(outcome, how, delivery.tries, delivery.begun, delivery.at, now, self._chance)
        if due is None:
            self._give_up(delivery, now, outcome)
            return
        delivery.due = due
        if not delivery.aside and self._stands_in_the_way(delivery, now):
            self._step_aside(delivery)
        self._wait(delivery)

    def _stands_in_the_way(self, delivery: Delivery, now: int) -> bool:
        others_pass = self.delivered > delivery.delivered_then
        return others_pass and now - delivery.failing_since >= ASIDE_AFTER and self.aside < ASIDE_MOST

    def _step_aside(self, delivery: Delivery) -> None:
        delivery.aside = True
        self.aside += 1
        self._reach(delivery)
        self._next_of(delivery.key)

    def _give_up(self, delivery: Delivery, now: int, outcome: Outcome) -> None:
        delivery.last = outcome
        self.failed += 1
        self.last_failure = (now, delivery, outcome)
        self.given_up.append((now, delivery))
        self._done(delivery)

    def _done(self, delivery: Delivery) -> None:
        del self.pending[delivery.place]
        self._reach(delivery)
        if delivery.aside:
            self.aside -= 1
        else:
            self._next_of(delivery.key)

    def _reach(self, delivery: Delivery) -> None:
        if delivery.place[0] > self.finished[0]:
            self.finished = (delivery.place[0], delivery.callbacks)

    def _next_of(self, key: str) -> None:
        """The first of a chain has left it."""
        chain = self._chains[key]
        chain.popleft()
        if chain:
            self._wait(chain[0])
        else:
            del self._chains[key]

    # -- for the record

    def open_until(self, read: int, callbacks: Callbacks) -> tuple[int, Callbacks, list[Delivery]]:
        """A seq at and below which all is done but the deliveries listed with it, and where events went then.

        `read` is the last seq that came in, `callbacks` of then. While many are pending, it is rather the last seq of
        which something is done, so that the list stays short.
        """
        few = len(self.pending) - self.aside <= FEW
        until, callbacks = (read, callbacks) if few else self.finished
        return until, callbacks, [delivery for delivery in self.pending.values() if delivery.place[0] <= until]
