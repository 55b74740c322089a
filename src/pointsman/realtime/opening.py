"""A new socket's first moments: the SDK reads its worker's state by remote calls, and only then it listens.

What it is told before it listens is lost. So a reservation that is offered meanwhile waits, with all that is told of
it, until the SDK has read its reservations and had a moment to listen. The rest is not held before it has read them:
what it reads includes it, and it would fail on news of reservations that it never heard of.
"""

from __future__ import annotations

from pointsman.web.tickets import Ticket

FIRST_SECONDS = 2.0
"""So long after the handshake the SDK has asked for its worker; who has not does not read, but listens at once.

That is several round trips, for its calls have a connection of their own; and its machine may be busy.
"""
READING_SECONDS = 3.0


class Opening:
    __slots__ = ("_fresh", "_has_read", "_reads", "gate")

    def __init__(self) -> None:
        self.gate = Ticket("", 0.0)
        """Opens when the client listens."""
        self.gate.open_in(FIRST_SECONDS)
        self._fresh: set[str] = set()
        self._reads = False
        self._has_read = False

    def holds(self, event_type: str, reservation_sid: str) -> bool:
        """Whether a frame must wait for the gate."""
        if self.gate.is_open:
            return False
        if event_type == "reservation.created":
            self._fresh.add(reservation_sid)
        return self._has_read or reservation_sid in self._fresh

    def reads_worker(self) -> None:
        """It is an SDK, and goes on reading. Only once: whoever asks again and again shall not wait for ever."""
        if not self._reads and not self.gate.is_open:
            self._reads = True
            self.gate.open_in(READING_SECONDS)

    def reads_reservations(self, call: Ticket) -> None:
        """The last that it reads; the answer to this call is yet to come."""
        if not self.gate.is_open:
            self._has_read = True
            call.when_open(self.gate.open)
