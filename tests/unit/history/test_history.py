"""History follows the journal: through forgetting, failures of its file, and deleted workspaces."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import tasks, workers, workspaces
from pointsman.history import chronicle, file_statements, history, index
from pointsman.history.figures import NOBODY, Window, counts, durations
from pointsman.history.history import History
from pointsman.history.marks import CANCELED, CREATED, WORKSPACE
from pointsman.history.retention import forget_everywhere
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import JournalUnavailable, Snapshot
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

from .test_retention import BIRTH, DAY, STREAM, open_centre

SECOND = 1_000_000


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (chronicle, history, index):
        monkeypatch.setattr(module, "RUN", 32)
    monkeypatch.setattr(file_statements, "ERA", 2)
    monkeypatch.setattr(history, "PAUSE", 0.001)


class Scene:
    """A centre with Ada, whose history is kept in `history`."""

    def __init__(self, node: Node, history: History) -> None:
        self.node = node
        self.history = history

    async def tell(self, command: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        return await self.node.tell(STREAM, SYSTEM, lambda ws: command(ws, *args, **kw))

    async def day(self, number: int) -> None:
        """A task is canceled after some seconds, and Ada changes her activity every other day."""
        task = await self.tell(tasks.create)
        await self.node.advance(number + 1)
        await self.tell(tasks.update, task.sid, assignment_status="canceled")
        await self.node.advance(DAY / 2)
        if number % 2:
            activities = await self.node.ask(STREAM, lambda ws: list(ws.tables.activities))
            worker = await self.node.ask(STREAM, lambda ws: next(iter(ws.tables.workers)))
            await self.tell(workers.update, worker.sid, activity_sid=activities[number % 4 // 2].sid)
        await self.node.advance(DAY / 2 - number - 1)

    async def figures(self, of: History, days: int) -> Any:
        """Everything about the last days."""
        now = self.node.clock.now() // SECOND
        head = await self.node.ask(STREAM, lambda ws: ws.head)
        followed = await of.caught_up(STREAM, head)
        window = Window(now - days * DAY, now)
        counted = await counts(of, followed, WORKSPACE, [NOBODY], None, window)
        return counted[NOBODY], await durations(of, followed, None, window, now)


def play(scene: Callable[[Scene], Awaitable[None]], path: str = ":memory:") -> None:
    async def run() -> None:
        journal = MemoryJournal()
        await journal.start()
        node = Node(journal, Settings(), VirtualClock(BIRTH), SeededIds(1))
        kept = History(journal, path)
        await kept.start(node)
        await node.start()
        await open_centre(node, STREAM)
        await scene(Scene(node, kept))
        await node.stop()
        await kept.stop()

    asyncio.run(run())


def test_what_was_forgotten_leaves_the_figures_of_thirty_days_as_they_are() -> None:
    """Also for a history that is made again from what is left of the journal."""

    async def scene(scene: Scene) -> None:
        for number in range(40):
            await scene.day(number)
            if number in (3, 7):
                taken = await scene.node.ask(STREAM, lambda ws: Snapshot(STREAM, ws.head, ws.now, ws.snapshot()))
                await scene.node.journal.save_snapshot(taken)
        before = await scene.figures(scene.history, 30)
        assert len(before[0]) > 30 and sum(spent.total for spent in before[1].values()) == 30 * DAY
        await forget_everywhere(scene.node, scene.history)
        head = await scene.node.journal.find(STREAM)
        assert head is not None and head.floor == taken.seq
        assert await scene.figures(scene.history, 30) == before
        anew = History(scene.node.journal)
        await anew.start()
        assert await scene.figures(anew, 30) == before
        await anew.stop()
        older = await scene.figures(scene.history, 39)
        assert sum(n for (kind, _), n in older[0].items() if kind == CREATED) < 39

    play(scene)


def test_a_file_that_cannot_be_written_for_a_while_loses_nothing() -> None:
    async def scene(scene: Scene) -> None:
        write, failures = scene.history.file.write, 5

        async def failing(work: Any) -> Any:
            nonlocal failures
            failures -= 1
            if failures > 0:
                raise JournalUnavailable("disk full")
            return await write(work)

        await scene.figures(scene.history, 1)
        scene.history.file.write = failing  # type: ignore[method-assign]
        for number in range(12):
            await scene.day(number)
        counted, _ = await scene.figures(scene.history, 12)
        assert failures < 0
        assert counted[CREATED, -1] == 12 and sum(counted.get((CANCELED, wait), 0) for wait in range(1, 13)) == 12

    play(scene)


def test_a_query_waits_for_what_it_must_know_but_not_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene(scene: Scene) -> None:
        async def hangs(*_: Any) -> Any:
            raise JournalUnavailable("not now")

        await scene.day(1)
        head = await scene.node.ask(STREAM, lambda ws: ws.head)
        late = History(scene.node.journal)
        await late.start()
        monkeypatch.setattr(scene.node.journal, "read", hangs)
        with pytest.raises(JournalUnavailable):
            await late.caught_up(STREAM, head, patience=0.05)
        monkeypatch.undo()
        assert (await late.caught_up(STREAM, head)).chronicle.seq == head
        await late.stop()

    play(scene)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_file_that_is_damaged_is_made_again(tmp_path: Path, restarts: bool) -> None:
    path = tmp_path / "history"

    async def scene(scene: Scene) -> None:
        for number in range(30):
            await scene.day(number)
        before = await scene.figures(scene.history, 29)
        await scene.history.file.close()
        damage(path)
        history = scene.history
        if restarts:
            history = History(scene.node.journal, str(path))
            await history.start()
        else:
            await history.file.start()
        assert await patiently(lambda: scene.figures(history, 29)) == before
        assert path.exists() and history.file.path == str(path), "it is in a file again"
        if restarts:
            await history.stop()

    play(scene, str(path))


def test_the_file_of_a_journal_that_went_on_otherwise_is_made_again(tmp_path: Path) -> None:
    """As after a backup: the stream is the same, and longer than what the file knows, but other things happened."""
    path = str(tmp_path / "history")

    async def other(scene: Scene) -> None:
        for number in range(20):
            await scene.day(number)
        await scene.figures(scene.history, 20)

    async def scene(scene: Scene) -> None:
        await scene.node.advance(7)
        for number in range(29):
            await scene.day(number + 1)
        taken_up = History(scene.node.journal, path)
        await taken_up.start()
        assert await scene.figures(taken_up, 29) == await scene.figures(scene.history, 29)
        await taken_up.stop()

    play(other, path)
    play(scene)


def damage(path: Path) -> None:
    """All but the first page, which names the tables."""
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


async def patiently(ask: Callable[[], Awaitable[Any]]) -> Any:
    """Ask again while history is not to be had."""
    for _ in range(200):
        try:
            return await ask()
        except JournalUnavailable:
            await asyncio.sleep(0.01)
    raise AssertionError("history does not come back")


def test_a_deleted_workspace_leaves_nothing(tmp_path: Path) -> None:
    async def scene(scene: Scene) -> None:
        for number in range(20):
            await scene.day(number)
        await scene.tell(workspaces.delete)
        await forget_everywhere(scene.node, scene.history)
        tables = ("stream", "name", "posting", "mark", "span", "tally", "stay", "presence")
        left = await scene.history.file.read(
            lambda db: [db.execute(f"SELECT count(*) FROM {table}").get for table in tables]
        )
        assert left == [0] * len(tables)

    play(scene, str(tmp_path / "history"))


def test_reservations_of_one_second_are_told_apart() -> None:
    """Many marks in the same second, in the same run and over several: none replaces another."""

    async def scene(scene: Scene) -> None:
        for _ in range(60):
            await scene.tell(tasks.create)
        counted, _ = await scene.figures(scene.history, 1)
        assert counted[CREATED, -1] == 60

    play(scene)
