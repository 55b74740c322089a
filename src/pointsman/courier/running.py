"""Callbacks of a running node: events by a child process where the journal is a file, all else in this process."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pointsman.auth.directory import Directory
from pointsman.courier.assignments import Assignments
from pointsman.courier.event_courier import EventCourier
from pointsman.courier.parent import CourierChild
from pointsman.courier.problems import OnProblem
from pointsman.history.deliveries import DeliveryBook
from pointsman.journal.sqlite import SqliteJournal
from pointsman.journal.sqlite_schema import take_lock
from pointsman.outbound.client import Outbound
from pointsman.runtime.clock import RealClock
from pointsman.runtime.node import Node


@asynccontextmanager
async def event_callbacks(node: Node, outbound: Outbound, on_problem: OnProblem) -> AsyncIterator[DeliveryBook]:
    """Delivers the node's events for as long as the context lasts; the book says how far it is.

    Enter it when the node has started, leave it before the node stops. Raises BookUnreadable, JournalLocked.
    """
    path = f"{node.journal.path}-courier" if isinstance(node.journal, SqliteJournal) else ":memory:"
    book = DeliveryBook(path)
    try:
        if isinstance(node.journal, SqliteJournal) and isinstance(node.clock, RealClock):
            async with _by_a_child(node, node.journal.path, path, on_problem):
                yield book
        else:
            async with _in_this_process(node, book, outbound, on_problem):
                yield book
    finally:
        book.close()


@asynccontextmanager
async def _by_a_child(node: Node, data: str, book: str, on_problem: OnProblem) -> AsyncIterator[None]:
    child = CourierChild(data, book, node.settings, on_problem)
    node.listeners.append(child)
    await child.start()
    try:
        yield
    finally:
        node.listeners.remove(child)
        await child.stop()


@asynccontextmanager
async def _in_this_process(
    node: Node, book: DeliveryBook, outbound: Outbound, on_problem: OnProblem
) -> AsyncIterator[None]:
    """A virtual clock stops where a callback is due, and waits for its end."""
    lock = None if book.path == ":memory:" else take_lock(book.path)
    courier = EventCourier(node.journal, book, outbound, node.clock, node.settings, on_problem, lambda: node.advances)
    node.listeners.append(courier)
    await courier.start()
    node.idlers.append(courier.idle)
    node.dues.append(courier.next_due)
    try:
        yield
    finally:
        node.dues.remove(courier.next_due)
        node.idlers.remove(courier.idle)
        node.listeners.remove(courier)
        await courier.stop()
        if lock is not None:
            os.close(lock)


@asynccontextmanager
async def assignment_callbacks(node: Node, directory: Directory, outbound: Outbound) -> AsyncIterator[None]:
    """Asks applications about reservations for as long as the context lasts; enter and leave it as the other."""
    assignments = Assignments(node, directory, outbound)
    assignments.start()
    try:
        yield
    finally:
        await assignments.stop()
