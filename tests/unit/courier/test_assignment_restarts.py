"""Assignment callbacks over the end of a process, and on a journal that fails: asked again, but answered once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from pointsman.auth.directory import Directory
from pointsman.courier import assignments as courier
from pointsman.courier.assignments import Assignments
from pointsman.engine.workspace import tasks, workflows
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.faulty import FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.outbound.client import Outbound
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node, Unavailable
from pointsman.server.application import open_application

from .bureau import CENTRE, SETTINGS, Bureau, Received, Sink, instructs, running, says, until


async def hang(sink: Sink, received: Received) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


def test_what_is_unanswered_at_the_end_is_asked_again_once_after_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink(hang) as sink:
            settings: dict[str, Any] = {"data": str(tmp_path / "journal.db")}
            async with running(sink, **settings) as bureau:
                await bureau.found()
                await bureau.worker("Ann")
                await bureau.task()
                await until(lambda: bureau.posts)
            sink.behaviour = instructs("accept")
            for _ in range(2):  # the second time nothing is left to be asked
                async with running(sink, **settings) as bureau:
                    await bureau.settled()
                    (reservation,) = await bureau.reservations()
                    assert (reservation.status, reservation.callback) == ("accepted", "accept")
            before, after = sink.received
            assert before.form == after.form
            assert before.headers["I-Twilio-Idempotency-Token"] == after.headers["I-Twilio-Idempotency-Token"]

    asyncio.run(run())


def test_what_was_answered_is_not_asked_again_after_the_start(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink(says("{}")) as sink:
            settings: dict[str, Any] = {"data": str(tmp_path / "journal.db")}
            async with running(sink, **settings) as bureau:
                await bureau.found()
                await bureau.worker("Ann")
                await bureau.task()
                await bureau.settled()
            async with running(sink, **settings) as bureau:
                await bureau.settled()
                (reservation,) = await bureau.reservations()
                assert (reservation.status, reservation.callback) == ("pending", "manual")
            assert bureau.posts == ["/first"]

    asyncio.run(run())


def on_a_node(scene: Callable[[Bureau, Assignments, FaultyJournal], Awaitable[None]]) -> None:
    """A bureau with one worker, and callbacks that are still to be started."""

    async def run() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        node = Node(journal, SETTINGS, VirtualClock(10**15), SeededIds(1))
        await node.start()
        outbound = Outbound(SETTINGS)
        async with Sink(says("{}")) as sink:
            bureau = Bureau(node, sink, CENTRE)
            await bureau.found()
            await bureau.worker("Ann")
            callbacks = Assignments(node, Directory(node), outbound)
            await scene(bureau, callbacks, journal)
            await callbacks.stop()
            await node.stop()
            await outbound.aclose()

    asyncio.run(run())


def test_what_the_scan_and_the_live_feed_both_find_is_asked_once() -> None:
    async def scene(bureau: Bureau, callbacks: Assignments, journal: FaultyJournal) -> None:
        await bureau.tell(workflows.update, bureau.workflow, assignment_callback_url="")
        callbacks.start()

        def both(ws: WorkspaceEngine) -> None:
            workflows.update(ws, bureau.workflow, assignment_callback_url=bureau.sink.url + "/first")
            tasks.create(ws, workflow_sid=bureau.workflow)

        await bureau.tell(both)
        await bureau.settled()
        assert bureau.posts == ["/first"]

    on_a_node(scene)


def test_what_is_decided_while_the_scan_waits_for_the_disk_is_not_lost() -> None:
    async def scene(bureau: Bureau, callbacks: Assignments, journal: FaultyJournal) -> None:
        await bureau.worker("Bob")
        journal.hold()
        first = asyncio.create_task(bureau.task())
        await journal.until_held()
        callbacks.start()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        second = asyncio.create_task(bureau.task())
        await asyncio.sleep(0)
        journal.release()
        sids = [await first, await second]
        await bureau.settled()
        assert sorted(received.form["TaskSid"] for received in bureau.sink.received) == sorted(sids)

    on_a_node(scene)


def test_an_answer_waits_for_a_disk_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is recorded when the journal works again; the application is not asked twice."""
    monkeypatch.setattr(courier, "RETRY_SECONDS", 0.01)
    gate: list[asyncio.Event] = []

    async def late(sink: Sink, received: Received) -> web.StreamResponse:
        await gate[0].wait()
        return await instructs("accept")(sink, received)  # type: ignore[no-any-return]

    async def run() -> None:
        gate.append(asyncio.Event())
        journal = FaultyJournal(MemoryJournal())
        async with Sink(late) as sink, open_application(SETTINGS, journal=journal) as application:
            bureau = Bureau(application.node, sink, CENTRE)
            await bureau.found()
            await bureau.worker("Ann")
            task = await bureau.task()
            await until(lambda: bureau.posts)
            journal.fail_next("unavailable", 1_000_000)
            another = asyncio.create_task(bureau.task())
            await until(lambda: not bureau.node.ready)
            refused, tell = [], bureau.node.tell

            async def counted(*args: Any) -> Any:
                try:
                    return await tell(*args)
                except Unavailable:
                    refused.append(args)
                    raise

            monkeypatch.setattr(bureau.node, "tell", counted)
            gate[0].set()
            await until(lambda: len(refused) > 1)
            journal.heal()
            await another
            await bureau.settled()
            assert (await bureau.status(task), bureau.posts) == ("assigned", ["/first"])

    asyncio.run(run())
