"""What fails again and again is tried ever more seldom, and holds nobody else up."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.engine.account import accounts, keys
from pointsman.engine.account.engine import AccountEngine
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import JournalUnavailable, Row
from pointsman.runtime import repair
from pointsman.runtime.node import Node

from .stage import EAST, new_task, node_on, open_centre, statuses

ACCOUNT = "AC" + "0" * 32
DOUBLED = [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The pauses before rebuilds, which pass at once."""
    made: list[float] = []

    async def sleep(seconds: float) -> None:
        if seconds:
            made.append(seconds)
        await asyncio.sleep(0)

    stand_in = SimpleNamespace(create_task=asyncio.create_task, gather=asyncio.gather, sleep=sleep)
    monkeypatch.setattr(repair, "asyncio", stand_in)
    yield made


class Unreadable(MemoryJournal):
    broken = False

    async def read(self, stream: str, after: int, limit: int) -> list[Row]:
        if self.broken and stream == ACCOUNT:
            raise JournalUnavailable("injected")
        return await super().read(stream, after, limit)


class Slow(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.free, self.reached = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def append(self, batches: Any) -> Any:
        if not self.free.is_set():
            self.reached.set()
            await self.free.wait()
        return await super().append(batches)


async def node_with_account(journal: MemoryJournal) -> Node:
    await journal.start()
    node = node_on(journal)
    await node.start()
    await node.create(ACCOUNT, SYSTEM, lambda e: accounts.create(e, sid=ACCOUNT, auth_token="t" * 32).sid)
    await node.advance(0)
    return node


async def crash(node: Node) -> None:
    def command(engine: Any) -> None:
        raise RuntimeError("unforeseen")

    with pytest.raises(RuntimeError):
        await node.tell(ACCOUNT, SYSTEM, command)


async def name_of_account(node: Node) -> str:
    return await node.ask(ACCOUNT, lambda engine: engine.tables.account.sid)


async def until_paused(pauses: list[float], times: int) -> None:
    while len(pauses) < times:
        await asyncio.sleep(0)


async def assert_others_go_on(node: Node) -> None:
    await open_centre(node, EAST)
    task = await new_task(node, EAST, timeout=10)
    await node.advance(10)
    assert await statuses(node, EAST) == {task: "canceled"}


def test_a_settle_that_always_fails_is_tried_ever_more_seldom(
    monkeypatch: pytest.MonkeyPatch, pauses: list[float]
) -> None:
    real = AccountEngine.settle

    def fail(engine: AccountEngine, limit: int) -> bool:
        raise RuntimeError("never at rest")

    async def scene() -> None:
        node = await node_with_account(MemoryJournal())
        monkeypatch.setattr(AccountEngine, "settle", fail)
        with pytest.raises(RuntimeError):
            await node.tell(ACCOUNT, SYSTEM, lambda engine: None)
        await until_paused(pauses, 8)
        assert pauses[:8] == DOUBLED
        await assert_others_go_on(node)
        monkeypatch.setattr(AccountEngine, "settle", real)
        assert await name_of_account(node) == ACCOUNT
        await node.advance(0)
        await rest_resets_the_pause(node, pauses)
        await node.stop()

    asyncio.run(scene())


async def rest_resets_the_pause(node: Node, pauses: list[float]) -> None:
    while node._lanes[ACCOUNT].rebuilds:
        await asyncio.sleep(0)
    pauses.clear()
    await crash(node)
    assert await name_of_account(node) == ACCOUNT
    assert pauses == []


def test_a_rebuild_that_always_fails_is_tried_ever_more_seldom_until_it_succeeds(pauses: list[float]) -> None:
    async def scene() -> None:
        journal = Unreadable()
        node = await node_with_account(journal)
        journal.broken = True
        await crash(node)
        await until_paused(pauses, 8)
        assert pauses[:8] == DOUBLED
        await assert_others_go_on(node)
        journal.broken = False
        while node._lanes[ACCOUNT].engine is None:  # nobody asks: it comes back by itself
            await asyncio.sleep(0)
        assert await name_of_account(node) == ACCOUNT
        await rest_resets_the_pause(node, pauses)
        await node.stop()

    asyncio.run(scene())


def test_what_is_on_its_way_is_not_fenced_by_the_rebuild() -> None:
    """Facts that nobody waits for are in flight when the engine is spoilt."""

    async def scene() -> None:
        journal = Slow()
        node = await node_with_account(journal)
        journal.free.clear()
        gone = asyncio.create_task(node.tell(ACCOUNT, SYSTEM, lambda engine: keys.create(engine).sid))
        await journal.reached.wait()
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        node._lanes[ACCOUNT].waiters.clear()
        await crash(node)
        for _ in range(10):
            await asyncio.sleep(0)
        journal.free.set()
        assert await node.ask(ACCOUNT, lambda engine: len(engine.tables.keys)) == 1
        await node.stop()

    asyncio.run(scene())
