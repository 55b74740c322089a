"""Timers on a virtual clock: in order, at rest in between, and one that always fails stops nobody."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from pointsman.domain.facts import ReservationCreated, TaskCanceled, TimerParked
from pointsman.engine.core.timers import Timer
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.memory import MemoryJournal

from .stage import EAST, WEST, Remembering, new_task, node_on, open_centre, statuses


def test_timers_of_two_streams_fire_in_order_and_each_instant_comes_to_rest() -> None:
    async def scene() -> Remembering:
        journal = Remembering(MemoryJournal())
        await journal.start()
        node = node_on(journal)
        await node.start()
        await open_centre(node, WEST)
        await open_centre(node, EAST, agents=2)
        await new_task(node, EAST)
        for seconds in (25, 5, 15):
            await new_task(node, WEST, timeout=seconds)
        before = node.clock.now()
        assert await node.advance(27.5) == before + 27_500_000
        await node.stop()
        return journal

    seconds = asyncio.run(scene()).seconds(ReservationCreated, TaskCanceled)
    assert seconds == [(0, EAST), (5, WEST), (10, EAST), (15, WEST), (25, WEST)]


def failing_for(spoilt: list[str], fired: list[str]) -> Any:
    real = WorkspaceEngine.fire

    def fire(ws: WorkspaceEngine, timer: Timer) -> None:
        fired.append(timer.sid)
        if timer.sid in spoilt:
            raise RuntimeError("unforeseen")
        real(ws, timer)

    return fire


def test_a_timer_that_fails_twice_is_parked_and_the_others_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt: list[str] = []
    fired: list[str] = []
    monkeypatch.setattr(WorkspaceEngine, "fire", failing_for(spoilt, fired))

    async def scene() -> Remembering:
        journal = Remembering(MemoryJournal())
        await journal.start()
        node = node_on(journal)
        await node.start()
        await open_centre(node, EAST)
        before, bad, after = [await new_task(node, EAST, timeout=10) for _ in range(3)]
        spoilt.append(bad)
        await node.advance(10)
        assert await statuses(node, EAST) == {before: "canceled", bad: "pending", after: "canceled"}
        await node.advance(60)
        await node.stop()
        again = node_on(journal, seed=2)
        await again.start()
        await again.advance(60)
        assert (await statuses(again, EAST))[bad] == "pending"
        await again.stop()
        return journal

    journal = asyncio.run(scene())
    assert fired.count(spoilt[0]) == 2
    parked = [fact for _, _, fact in journal.written if isinstance(fact, TimerParked)]
    assert [(fact.kind, fact.sid, fact.error) for fact in parked] == [("ttl", spoilt[0], "unforeseen")]
    assert journal.seconds(TaskCanceled, TimerParked) == [(10, EAST)] * 3
