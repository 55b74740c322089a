"""What goes wrong with event callbacks is listed as an alert of the workspace."""

from __future__ import annotations

from pathlib import Path

from tests.sink import Sink, until

from pointsman.domain.nouns import Alert

from .scene import EAST, Stage, answers, play


async def alerts_of(stage: Stage) -> list[Alert]:
    found: list[Alert] = await stage.node.ask(EAST, lambda ws: list(ws.tables.alerts))
    return found


def test_repeats_of_a_minute_are_counted_when_it_is_told_again() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 400)
        await stage.workspace(EAST, sink.url + "/events", "task.created")
        tasks = [await stage.task(EAST) for _ in range(3)]
        await stage.advance(50)
        (first,) = await alerts_of(stage)
        assert (first.code, first.count, first.url) == (11217, 1, sink.url + "/events")
        assert first.task_sid == tasks[0]
        tried = len(sink.received)
        await stage.advance(30)
        await stage.task(EAST)
        await stage.advance(0)
        assert [alert.count for alert in await alerts_of(stage)] == [1, tried]

    play(scene)


def test_a_child_process_tells_of_them_too(tmp_path: Path) -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 500)
        await stage.workspace(EAST, sink.url, "task.created")
        await stage.task(EAST)
        await until(lambda: sink.received)
        while not (found := await alerts_of(stage)):
            seen = len(sink.received)
            await until(lambda: len(sink.received) > seen)  # noqa: B023 - the next try
        assert found[0].code == 11217

    play(scene, data=tmp_path / "journal.db", clock="real")
