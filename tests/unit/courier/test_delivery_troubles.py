"""What one workspace's troubles must not do to others, and what changes when its URL does."""

from __future__ import annotations

from typing import Any

import pytest
from tests.sink import Sink, until

from pointsman.engine.workspace import workspaces
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import JournalError, Row

from .scene import EAST, WEST, Stage, answers, play, sids


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
