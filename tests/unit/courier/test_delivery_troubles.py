"""What one workspace's troubles must not do to others, and what changes when its URL does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from tests.sink import Sink, accept, until

from pointsman.courier import event_courier
from pointsman.courier.rules import OLDEST
from pointsman.engine.workspace import workspaces
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import JournalError, Row

from .scene import BIRTH, EAST, WEST, Stage, answers, opened, play, sids


def test_a_stream_that_cannot_be_read_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = True
    read = MemoryJournal.read

    async def reluctant(journal: MemoryJournal, stream: str, after: int, limit: int) -> list[Row]:
        if stream == EAST and damaged:
            raise JournalError("this page is damaged")
        return await read(journal, stream, after, limit)

    async def scene(stage: Stage, sink: Sink) -> None:
        nonlocal damaged
        monkeypatch.setattr(MemoryJournal, "read", reluctant)
        await stage.workspace(EAST, sink.url + "/east")
        await stage.workspace(WEST, sink.url + "/west")
        for _ in range(20):
            await stage.task(WEST)
            await stage.task(EAST)
        events = await stage.events(WEST)
        await until(lambda: set(sids(sink)) == set(events))
        damaged = False
        events |= await stage.events(EAST)
        await until(lambda: set(sids(sink)) == set(events))

    play(scene, clock="real")


@pytest.mark.parametrize("window", [10, 2_000])
def test_a_new_url_gets_what_failed_at_the_old_one(window: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Be it only one that is read while the outbox is full."""
    monkeypatch.setattr(event_courier, "WINDOW", window)

    async def scene(stage: Stage, sink: Sink) -> None:
        async with Sink(answers(lambda received: 503)) as wrong:
            await stage.workspace(EAST, wrong.url, "task.created")
            for _ in range(100):
                await stage.task(EAST)
            await stage.advance(120)
            assert stage.standing(EAST).delivered == 0
            tried = len(wrong.received)
            await stage.tell(EAST, workspaces.update, event_callback_url=sink.url)
            await stage.task(EAST)
            await stage.advance(60)
            events = await stage.events(EAST)
            assert sorted(sids(sink)) == [sid for sid, (type, _) in events.items() if type == "task.created"]
            assert len(wrong.received) == tried
            last = stage.standing(EAST).last_failure
            assert last is not None and last.url == wrong.url

    play(scene)


def test_where_no_events_are_wanted_any_more_the_old_url_still_gets_the_earlier_ones() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 503)
        await stage.workspace(EAST, sink.url, "task.created")
        task = await stage.task(EAST)
        await stage.advance(10)
        await stage.tell(EAST, workspaces.update, event_callback_url="")
        sink.behaviour = accept
        await stage.advance(60)
        assert sink.received[-1].form["TaskSid"] == task
        assert (stage.standing(EAST).delivered, stage.standing(EAST).pending) == (1, 0)

    play(scene)


def test_what_is_given_up_after_a_restart_says_why(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink(answers(lambda received: 503)) as sink:
            async with opened(tmp_path / "data.db") as stage:
                await stage.workspace(EAST, sink.url, "task.created")
                await stage.task(EAST)
                await stage.advance(60)
            async with opened(tmp_path / "data.db", now=BIRTH + 2 * OLDEST) as stage:
                await stage.advance(1)
                [failure] = stage.book.given_up(EAST)
                assert failure.tries > 1 and "4 hours old" in failure.text

    asyncio.run(run())
