"""Forgetting: old facts go, what later facts refer to stays, and the stream can be taken up as before."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history import retention
from pointsman.history.events import EventFilter, newest
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import JournalUnavailable, Snapshot
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.server.application import open_application
from pointsman.settings import Settings

STREAM, OTHER = "WS" + "1" * 32, "WS" + "2" * 32
BIRTH = 10**15
DAY = 86_400
EVERYTHING = EventFilter(since=0, until=2**60)


def play(scene: Callable[[Node], Awaitable[None]], journal: MemoryJournal | None = None) -> None:
    """A scene on a node with one workspace, on a virtual clock."""

    async def run() -> None:
        inner = journal or MemoryJournal()
        await inner.start()
        node = Node(inner, Settings(), VirtualClock(BIRTH), SeededIds(1))
        await node.start()
        await open_centre(node, STREAM)
        await scene(node)
        await node.stop()

    asyncio.run(run())


async def open_centre(node: Node, stream: str) -> None:
    def command(ws: WorkspaceEngine) -> None:
        workspaces.create(ws, sid=stream, account_sid="AC" + "2" * 32, friendly_name="Centre")
        queue = task_queues.create(ws, friendly_name="All", target_workers="1==1")
        routing = {"task_routing": {"default_filter": {"queue": queue.sid}}}
        workflows.create(ws, friendly_name="Main", configuration=json.dumps(routing))
        workers.create(ws, friendly_name="Ada", attributes='{"v":1}')

    await node.create(stream, SYSTEM, command)


def ada(ws: WorkspaceEngine) -> Any:
    return next(iter(ws.tables.workers))


async def update_ada(node: Node, **kw: Any) -> int:
    """Change her; the seq of the fact that holds her attributes then."""

    def command(ws: WorkspaceEngine) -> int:
        workers.update(ws, ada(ws).sid, **kw)
        seq: int = ada(ws).attributes_seq
        return seq

    return await node.tell(STREAM, SYSTEM, command)


async def go_online(node: Node) -> None:
    activity = await node.ask(STREAM, lambda ws: next(row.sid for row in ws.tables.activities if row.available))
    await update_ada(node, activity_sid=activity)


async def take_snapshot(node: Node, stream: str = STREAM) -> Snapshot:
    snapshot = await node.ask(stream, lambda ws: Snapshot(stream, ws.head, ws.now, ws.snapshot()))
    await node.journal.save_snapshot(snapshot)
    return snapshot


async def forget(node: Node) -> int:
    return await retention.forget(node.journal, node.settings, STREAM, node.clock.now())


def test_old_facts_go_and_texts_that_are_referred_to_stay() -> None:
    async def scene(node: Node) -> None:
        replaced = await node.ask(STREAM, lambda ws: ada(ws).attributes_seq)
        kept = await update_ada(node, attributes='{"v":2}')
        await node.tell(STREAM, SYSTEM, lambda ws: tasks.create(ws).sid)
        await node.advance(2 * DAY)
        snapshot = await take_snapshot(node)
        await node.advance(31 * DAY)
        await go_online(node)

        assert await forget(node) == snapshot.seq - 1
        assert await node.journal.pick(STREAM, [replaced]) == {}
        assert list(await node.journal.pick(STREAM, range(1, snapshot.seq + 1))) == [kept]
        assert [row.seq for row in await node.journal.read(STREAM, 0, 1)] == [snapshot.seq + 1]
        found, following = await newest(node.journal, STREAM, EVERYTHING, None, 100)
        texts = [each.texts for each in found if each.event.resource_type == "worker"]
        assert following is None and {"worker_attributes": '{"v":2}'} in texts
        assert await forget(node) == 0

    play(scene)


def test_what_was_forgotten_is_not_needed_for_a_restart() -> None:
    async def scene(node: Node) -> None:
        await take_snapshot(node)
        await node.advance(31 * DAY)
        await go_online(node)
        assert await forget(node) > 0
        before = await node.ask(STREAM, lambda ws: (ws.head, ada(ws).activity_sid, ada(ws).attributes))
        await node.stop()
        again = Node(node.journal, Settings(), VirtualClock(node.clock.now()), SeededIds(2))
        await again.start()
        after = await again.ask(STREAM, lambda ws: (ws.head - 1, ada(ws).activity_sid, ada(ws).attributes))
        assert after == before
        await again.stop()

    play(scene)


def test_only_the_newest_of_the_old_snapshots_is_kept() -> None:
    async def scene(node: Node) -> None:
        await take_snapshot(node)
        await update_ada(node, attributes='{"v":2}')
        middle = await take_snapshot(node)
        await node.advance(31 * DAY)
        await update_ada(node, attributes='{"v":3}')
        young = await take_snapshot(node)
        await forget(node)
        assert [seq for seq, _ in await node.journal.snapshots(STREAM)] == [middle.seq, young.seq]
        assert (await node.journal.read(STREAM, 0, 1))[0].seq == middle.seq + 1

    play(scene)


@pytest.mark.parametrize("days", [0, 29, 30])
def test_what_is_young_stays(days: int) -> None:
    async def scene(node: Node) -> None:
        await take_snapshot(node)
        await node.advance(days * DAY)
        assert await forget(node) == 0
        assert (await node.journal.read(STREAM, 0, 1))[0].seq == 1

    play(scene)


def test_without_an_old_snapshot_nothing_goes() -> None:
    async def scene(node: Node) -> None:
        await node.advance(100 * DAY)
        await update_ada(node, attributes='{"v":2}')
        await take_snapshot(node)
        assert await forget(node) == 0

    play(scene)


class HalfBroken(MemoryJournal):
    """Cannot prune the first workspace."""

    async def prune(self, stream: str, *args: Any) -> int:
        if stream == STREAM:
            raise JournalUnavailable("injected")
        return await super().prune(stream, *args)


async def floor(journal: Any, stream: str) -> int:
    head = await journal.find(stream)
    assert head is not None
    return int(head.floor)


def test_one_workspace_that_cannot_forget_does_not_keep_the_others() -> None:
    async def scene(node: Node) -> None:
        await open_centre(node, OTHER)
        await node.advance(0)
        await take_snapshot(node)
        snapshot = await take_snapshot(node, OTHER)
        await node.advance(31 * DAY)
        await retention.forget_everywhere(node)
        assert (await floor(node.journal, STREAM), await floor(node.journal, OTHER)) == (0, snapshot.seq)

    play(scene, HalfBroken())


def test_a_server_forgets_at_its_start_and_then_every_day_of_its_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "LOOK_SECONDS", 0)
    journal = MemoryJournal()

    async def until_forgotten(seq: int) -> None:
        async with asyncio.timeout(5):
            while await floor(journal, STREAM) < seq:
                await asyncio.sleep(0)

    async def later() -> None:
        clock = VirtualClock(BIRTH + 31 * DAY * 1_000_000)
        async with open_application(Settings(data=":memory:", clock="virtual"), clock, journal) as application:
            node = application.node
            await until_forgotten(1)
            await update_ada(node, attributes='{"v":2}')
            snapshot = await take_snapshot(node)
            await node.advance(31 * DAY)
            await until_forgotten(snapshot.seq)

    async def scene(node: Node) -> None:
        await take_snapshot(node)

    play(scene, journal)
    asyncio.run(later())
