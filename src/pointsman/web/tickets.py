"""Tickets: what a request of a worker causes is told to that worker's own sockets only after the request's answer.

A client attaches its listeners when it has read the answer, so a frame that overtakes it would be lost. Whoever decides
something for a request finds the request's ticket in `current`, also in what that decision schedules.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from pointsman.auth.caller import Caller

PATIENCE_SECONDS = 0.25
"""How long frames wait for an answer: a caller that does not read must not hold them for ever."""


class Ticket:
    """One request of a worker; `owner` is the worker's sid."""

    __slots__ = ("_answered_at", "_hold", "_loop", "_opened", "_timer", "_waiting", "owner")

    def __init__(self, owner: str, hold_seconds: float) -> None:
        self.owner = owner
        self._hold = hold_seconds
        self._loop = asyncio.get_running_loop()
        self._answered_at: float | None = None
        self._opened = False
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: list[Callable[[], None]] = []

    @property
    def is_open(self) -> bool:
        """True once frames may leave."""
        if not self._opened and self._answered_at is not None:
            self._opened = self._loop.time() >= self._answered_at + self._hold
        return self._opened

    def answered(self) -> None:
        """The last byte of the answer was handed over, or nobody is there to read it."""
        if self._answered_at is None:
            self._answered_at = self._loop.time()
            if self._waiting:
                self.open_in(self._hold)

    def when_open(self, act: Callable[[], None]) -> None:
        """Call `act` when frames may leave."""
        if self.is_open:
            return act()
        self._waiting.append(act)
        if self._timer is not None:
            return
        if self._answered_at is None:
            self.open_in(PATIENCE_SECONDS)
        else:
            self.open_in(max(0.0, self._answered_at + self._hold - self._loop.time()))

    def open_in(self, seconds: float) -> None:
        """Open then, whatever was planned before."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(seconds, self.open)

    def open(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._opened, self._timer = True, None
        waiting, self._waiting = self._waiting, []
        for act in waiting:
            act()


current: ContextVar[Ticket | None] = ContextVar("ticket", default=None)


def take_ticket(scope: dict[str, Any], caller: Caller, hold_seconds: float) -> None:
    """A worker's request gets a ticket; accounts and keys have no sockets, so theirs need none."""
    if caller.worker_sid and "ticket" not in scope:
        scope["ticket"] = ticket = Ticket(caller.worker_sid, hold_seconds)
        current.set(ticket)


def answered(scope: dict[str, Any]) -> None:
    """The request of this scope has its answer."""
    ticket: Ticket | None = scope.get("ticket")
    if ticket is not None:
        ticket.answered()
