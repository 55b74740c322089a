"""The node through its own doors: what is answered is on disk, whatever the journal does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.domain.refusal import Refusal
from pointsman.engine.account import accounts, keys
from pointsman.journal.faulty import Fault, FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.runtime.clock import RealClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node, Unavailable
from pointsman.settings import Settings

ACCOUNT = "AC" + "0" * 32


class Counting(FaultyJournal):
    """Counts the appends that reach it."""

    appends = 0

    async def append(self, batches: Any) -> Any:
        self.appends += 1
        return await super().append(batches)


def play(scene: Callable[[Node, Counting], Awaitable[None]], settings: Settings | None = None) -> MemoryJournal:
    """Run a scene on a node with one account; the journal that it leaves."""
    inner = MemoryJournal()

    async def run() -> None:
        journal = Counting(inner)
        await journal.start()
        node = Node(journal, settings or Settings(), RealClock(), SeededIds(1))
        await node.start()
        await node.create(ACCOUNT, SYSTEM, lambda e: accounts.create(e, sid=ACCOUNT, auth_token="t" * 32) and None)
        await scene(node, journal)
        await node.stop()

    asyncio.run(run())
    return inner


async def add_key(node: Node) -> str:
    return await node.tell(ACCOUNT, SYSTEM, lambda engine: keys.create(engine).sid)


async def key_sids(node: Node) -> list[str]:
    return await node.ask(ACCOUNT, lambda engine: [key.sid for key in engine.tables.keys])


async def turn_of_the_loop() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_neither_command_nor_query_is_answered_before_the_disk_has_it() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        journal.hold()
        command = asyncio.create_task(add_key(node))
        await journal.until_held()
        query = asyncio.create_task(key_sids(node))
        await turn_of_the_loop()
        assert not command.done() and not query.done()
        journal.release()
        assert await query == [await command]

    play(scene)


def test_commands_that_come_together_share_an_append() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        before = journal.appends
        sids = await asyncio.gather(*(add_key(node) for _ in range(50)))
        assert len(set(sids)) == 50
        assert journal.appends - before <= 2

    play(scene)


def test_a_refusal_changes_nothing() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        before = journal.appends
        with pytest.raises(Refusal) as refused:
            await node.tell(ACCOUNT, SYSTEM, lambda engine: keys.delete(engine, "SK0"))
        assert (refused.value.status, journal.appends) == (404, before)

    play(scene)


def test_an_unknown_stream_is_not_found() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        with pytest.raises(Refusal) as refused:
            await node.ask("WS" + "1" * 32, lambda engine: None)
        assert refused.value.status == 404

    play(scene)


@pytest.mark.parametrize("fault", ["unavailable", "in_doubt_written", "in_doubt_lost"])
def test_trouble_of_the_journal_passes_with_nothing_lost_or_doubled(fault: Fault) -> None:
    async def scene(node: Node, journal: Counting) -> None:
        journal.fail_next(fault)
        first = asyncio.create_task(add_key(node))
        while node.ready:
            await asyncio.sleep(0)
        with pytest.raises(Unavailable):
            await add_key(node)
        sid = await first
        assert node.ready
        assert await key_sids(node) == [sid]

    journal = play(scene)
    assert journal._streams[ACCOUNT].head.head == 2


def test_an_error_raised_by_append_does_not_end_the_commit_loop() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        await journal.inner.close()
        first = asyncio.create_task(add_key(node))
        while node.ready:
            await asyncio.sleep(0)
        await journal.inner.start()
        assert await key_sids_after(first, node) == [first.result()]

    play(scene)


async def key_sids_after(command: asyncio.Task[str], node: Node) -> list[str]:
    await command
    return await key_sids(node)


def test_what_is_written_no_longer_counts_as_backlog() -> None:
    """Under steady load the commit loop never rests, and must still take commands."""

    async def scene(node: Node, journal: Counting) -> None:
        async def keep_going() -> None:
            for _ in range(20):
                await add_key(node)

        await asyncio.gather(keep_going(), keep_going(), keep_going())
        assert len(await key_sids(node)) == 60

    play(scene, Settings(max_undurable_facts=10))


def test_too_large_a_backlog_is_unavailable() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        journal.hold()
        waiting = [asyncio.create_task(add_key(node)) for _ in range(8)]
        await turn_of_the_loop()
        with pytest.raises(Unavailable):
            await add_key(node)
        journal.release()
        await asyncio.gather(*waiting, return_exceptions=True)
        await add_key(node)

    play(scene, Settings(max_undurable_facts=4))


def test_a_fenced_stream_fails_its_waiters_and_is_rebuilt() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        kept = await add_key(node)
        journal.fail_next("fenced")
        with pytest.raises(Unavailable):
            await add_key(node)
        assert await key_sids(node) == [kept]

    play(scene)


def test_a_command_that_crashes_changes_nothing() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        kept = await add_key(node)

        def crash(engine: Any) -> None:
            keys.create(engine)
            raise RuntimeError("unforeseen")

        with pytest.raises(RuntimeError):
            await node.tell(ACCOUNT, SYSTEM, crash)
        assert await key_sids(node) == [kept]

    play(scene)


def test_a_caller_that_goes_away_holds_nobody_up() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        journal.hold()
        gone = asyncio.create_task(add_key(node))
        await journal.until_held()
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        journal.release()
        assert len(await key_sids(node)) == 1

    play(scene)


def test_a_restart_replays() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        sids = [await add_key(node) for _ in range(3)]
        await node.stop()
        again = Node(journal, Settings(), RealClock(), SeededIds(2))
        await again.start()
        assert again.streams(ACCOUNT) == [ACCOUNT]
        assert await key_sids(again) == sids
        await again.stop()

    play(scene)


class SlowToClaim(MemoryJournal):
    def __init__(self) -> None:
        super().__init__()
        self.free = asyncio.Event()

    async def claim(self, stream: str) -> Any:
        await self.free.wait()
        return await super().claim(stream)


def create_account(node: Node, name: str) -> Awaitable[str]:
    def command(engine: Any) -> str:
        return accounts.create(engine, sid=ACCOUNT, auth_token="t" * 32, friendly_name=name).friendly_name

    return node.create(ACCOUNT, SYSTEM, command)


def test_of_two_creations_of_one_stream_the_second_is_refused() -> None:
    async def scene() -> None:
        journal = SlowToClaim()
        await journal.start()
        node = Node(journal, Settings(), RealClock(), SeededIds(1))
        await node.start()
        first = asyncio.ensure_future(create_account(node, "first"))
        second = asyncio.ensure_future(create_account(node, "second"))
        await turn_of_the_loop()
        journal.free.set()
        assert await first == "first"
        for late in (second, create_account(node, "third")):
            with pytest.raises(Refusal) as refused:
                await late
            assert (refused.value.status, refused.value.code) == (409, 20409)
        assert await node.ask(ACCOUNT, lambda engine: engine.tables.account.friendly_name) == "first"
        await node.stop()

    asyncio.run(scene())


def test_a_stream_that_another_node_has_filled_cannot_be_created() -> None:
    async def scene(node: Node, journal: Counting) -> None:
        other = Node(MemoryOf(journal), Settings(), RealClock(), SeededIds(2))
        await other.start()
        with pytest.raises(Refusal) as refused:
            await create_account(other, "late")
        assert (refused.value.status, refused.value.code) == (409, 20409)
        await other.stop()

    play(scene)


class MemoryOf(FaultyJournal):
    """The same journal, before the first stream was created in it."""

    async def streams(self, after: str = "", limit: int = 1000) -> Any:
        return []


@pytest.mark.parametrize("hangs", [False, True])
def test_a_dead_journal_is_given_up_once(hangs: bool) -> None:
    async def scene() -> None:
        journal = Counting(MemoryJournal())
        await journal.start()
        given_up = asyncio.Event()
        calls: list[None] = []

        def on_hopeless() -> None:
            calls.append(None)
            given_up.set()

        settings = Settings(unavailable_exit_seconds=0.02)  # type: ignore[arg-type]
        node = Node(journal, settings, RealClock(), SeededIds(1), on_hopeless)
        await node.start()
        await create_account(node, "first")
        if hangs:
            journal.hold()
        else:
            journal.fail_next("in_doubt_lost", 3)
        command = asyncio.create_task(add_key(node))
        await given_up.wait()
        journal.release()
        assert await command in await key_sids(node)
        assert len(calls) == 1
        await node.stop()

    asyncio.run(scene())
