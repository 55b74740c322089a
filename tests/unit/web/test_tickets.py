"""Tickets: what waits for an answer leaves a moment after it, and does not wait for ever."""

from __future__ import annotations

import asyncio

import pytest

from pointsman.auth.caller import Caller
from pointsman.web import tickets
from pointsman.web.tickets import Ticket, answered, current, take_ticket


def opened(ticket: Ticket) -> asyncio.Event:
    event = asyncio.Event()
    ticket.when_open(event.set)
    return event


def test_it_opens_after_the_answer() -> None:
    async def story() -> None:
        ticket = Ticket("WK1", 0.0)
        event = opened(ticket)
        assert not ticket.is_open and not event.is_set()
        ticket.answered()
        await asyncio.wait_for(event.wait(), 10)
        assert ticket.is_open
        assert opened(ticket).is_set(), "what comes later need not wait"

    asyncio.run(story())


def test_the_hold_counts_from_the_answer() -> None:
    async def story() -> None:
        ticket = Ticket("WK1", 1000.0)
        ticket.answered()
        assert not ticket.is_open
        assert not opened(ticket).is_set()

    asyncio.run(story())


def test_a_caller_who_never_reads_holds_nothing_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tickets, "PATIENCE_SECONDS", 0.01)

    async def story() -> None:
        ticket = Ticket("WK1", 1000.0)
        await asyncio.wait_for(opened(ticket).wait(), 10)
        assert ticket.is_open

    asyncio.run(story())


def test_only_workers_get_tickets_and_one_each() -> None:
    async def story() -> None:
        scope: dict[str, Ticket] = {}
        take_ticket(scope, Caller("AC1", "AC1"), 0.0)
        assert scope == {} and current.get() is None
        answered(scope)
        take_ticket(scope, Caller("AC1", "WK1", worker_sid="WK1"), 0.0)
        ticket = scope["ticket"]
        take_ticket(scope, Caller("AC1", "WK1", worker_sid="WK1"), 0.0)
        assert scope["ticket"] is ticket is current.get()
        answered(scope)
        assert ticket.is_open

    asyncio.run(story())
