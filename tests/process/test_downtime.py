"""A process that vanishes and one that comes minutes later: timers stood still, ages ran on (ruling 18)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from pointsman.domain import facts
from pointsman.domain.entry import SYSTEM, Entry
from pointsman.domain.limits import SECOND
from pointsman.engine.workspace import reservations, task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal import Journal
from pointsman.journal.envelope import decode
from pointsman.journal.faulty import FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

T = TypeVar("T")
STREAM = "WS" + "1" * 32
BIRTH = 10**15
DOWN = 600
"""Seconds between the end of one process and the start of the next."""


@pytest.fixture(params=["memory", "sqlite"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    return MemoryJournal() if request.param == "memory" else SqliteJournal(tmp_path / "journal.db")


class World:
    """One journal and the processes that follow each other on it. All times are seconds since the beginning."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self.now = 0.0
        self._seed = 0
        self._shown = 0

    def process(self, scene: Callable[[Node], Awaitable[T]]) -> T:
        """Let a process come, live through a scene and vanish: nothing is stopped, whatever runs is cancelled."""

        async def life() -> T:
            await self.journal.start()
            clock = VirtualClock(BIRTH + round(self.now * SECOND))
            node = Node(self.journal, Settings(), clock, SeededIds(self._seed))
            try:
                await node.start()
                return await scene(node)
            finally:
                self.now = (clock.now() - BIRTH) / SECOND
                await self.journal.close()

        self._seed += 1
        return asyncio.run(life())

    def news(self, *kinds: type[facts.Fact]) -> list[tuple[float, Any]]:
        """(second, fact) of everything since the last call, of these kinds."""

        async def read() -> list[Entry]:
            await self.journal.start()
            found = [decode(row.body) for row in await self.journal.read(STREAM, self._shown, 1_000_000)]
            await self.journal.close()
            return found

        entries = asyncio.run(read())
        self._shown += len(entries)
        return [
            ((entry.at - BIRTH) / SECOND, entry.fact) for entry in entries if not kinds or isinstance(entry.fact, kinds)
        ]


async def open_centre(node: Node, agents: int, targets: list[dict[str, Any]]) -> None:
    """Queues Manned (every worker) and Empty (nobody); `targets` name one of them and make the only filter."""

    def command(ws: WorkspaceEngine) -> None:
        workspaces.create(ws, sid=STREAM, account_sid="AC" + "2" * 32, friendly_name="Centre")
        available = next(row.sid for row in ws.tables.activities if row.available)
        sids = {
            name: task_queues.create(ws, friendly_name=name, target_workers=expression).sid
            for name, expression in (("Manned", "1==1"), ("Empty", "1==2"))
        }
        placed = [target | {"queue": sids[target["queue"]]} for target in targets]
        routing = {"task_routing": {"filters": [{"expression": "1==1", "targets": placed}]}}
        workflows.create(ws, friendly_name="Main", configuration=json.dumps(routing))
        for number in range(agents):
            workers.create(ws, friendly_name=f"Agent {number}", activity_sid=available)

    await node.create(STREAM, SYSTEM, command)
    await node.advance(0)


async def tell(node: Node, command: Callable[..., Any], *args: Any, **kw: Any) -> str:
    """Run a command, let everything come to rest; the sid of what it answers."""
    sid: str = await node.tell(STREAM, SYSTEM, lambda ws: command(ws, *args, **kw).sid)
    await node.advance(0)
    return sid


async def statuses(node: Node) -> tuple[set[str], set[str], set[bool]]:
    """Which there are: of tasks, of reservations, and whether workers are available."""

    def look(ws: WorkspaceEngine) -> tuple[set[str], set[str], set[bool]]:
        tables = ws.tables
        return (
            {task.status for task in tables.tasks},
            {reservation.status for reservation in tables.reservations},
            {tables.activities[worker.activity_sid].available for worker in tables.workers},
        )

    return await node.ask(STREAM, look)


AT_WORK = ({"reserved"}, {"pending"}, {True})
GIVEN_UP = ({"pending"}, {"timeout"}, {False})


async def hundred_reserved(node: Node) -> None:
    """A hundred reservations of two minutes."""
    await open_centre(node, 100, [{"queue": "Manned"}])
    for _ in range(100):
        await tell(node, tasks.create)
    assert await statuses(node) == AT_WORK


@pytest.mark.parametrize(("used", "left"), [(40, 80), (110, 30)], ids=["80 s left", "10 s left, but grace"])
def test_pending_reservations_keep_the_time_they_had_left(journal: Journal, used: int, left: int) -> None:
    world = World(journal)

    async def before(node: Node) -> None:
        await hundred_reserved(node)
        await node.advance(used)

    async def after(node: Node) -> None:
        assert await statuses(node) == AT_WORK
        await node.advance(29.9)
        assert await statuses(node) == AT_WORK
        await node.advance(left - 30)
        assert await statuses(node) == AT_WORK
        await node.advance(0.1)
        assert await statuses(node) == GIVEN_UP

    world.process(before)
    world.now += DOWN
    world.news()
    world.process(after)
    closed = world.news(facts.ReservationClosed)
    assert {second for second, _ in closed} == {used + DOWN + left}
    assert len({fact.sid for _, fact in closed}) == len(closed) == 100


def test_a_second_crash_within_the_grace_costs_no_time_either(journal: Journal) -> None:
    world = World(journal)

    async def again(node: Node) -> None:
        assert await statuses(node) == AT_WORK
        await node.advance(10)

    async def after(node: Node) -> None:
        await node.advance(99.9)
        assert await statuses(node) == AT_WORK
        await node.advance(0.1)
        assert await statuses(node) == GIVEN_UP

    world.process(hundred_reserved)
    for _ in range(2):
        world.now += DOWN
        world.process(again)
    world.now += DOWN
    world.process(after)


def test_no_restart_shortens_a_reservation_that_is_answered_late(journal: Journal) -> None:
    """What was pending before can be accepted after."""
    world = World(journal)

    async def after(node: Node) -> None:
        sids = await node.ask(STREAM, lambda ws: [row.sid for row in ws.tables.reservations])
        for sid in sids:
            await tell(node, reservations.update, sid, reservation_status="accepted")
        assert await statuses(node) == ({"assigned"}, {"accepted"}, {True})

    world.process(hundred_reserved)
    world.now += DOWN
    world.process(after)


STEPS = [{"queue": "Empty", "timeout": 60}, {"queue": "Empty", "timeout": 180}, {"queue": "Empty"}]


def test_what_fell_due_meanwhile_happens_once_in_order_and_now(journal: Journal) -> None:
    world = World(journal)

    async def before(node: Node) -> list[str]:
        await open_centre(node, 0, STEPS)
        early = await tell(node, tasks.create)
        finished = await tell(node, tasks.create)
        await tell(node, tasks.update, finished, assignment_status="canceled")
        await node.advance(10)
        mortal = await tell(node, tasks.create, timeout=300)
        await node.advance(20)
        late = await tell(node, tasks.create)
        await node.advance(10)
        return [early, finished, mortal, late]

    async def after(node: Node) -> None:
        await node.advance(0)
        await node.advance(0.5)

    early, finished, mortal, late = world.process(before)
    world.now += DOWN
    world.news()
    for _ in range(2):  # the second process finds nothing left to do
        world.process(after)
    happened = world.news(facts.TaskStepped, facts.TaskCanceled, facts.TaskRemoved)
    assert {second for second, _ in happened} == {40 + DOWN}
    assert [(type(fact), fact.sid, getattr(fact, "target", None)) for _, fact in happened] == [
        (facts.TaskStepped, early, 1),  # at age 60
        (facts.TaskStepped, mortal, 1),
        (facts.TaskStepped, late, 1),
        (facts.TaskStepped, early, 2),  # at age 240
        (facts.TaskStepped, mortal, 2),
        (facts.TaskStepped, late, 2),
        (facts.TaskRemoved, finished, None),  # five minutes after its end
        (facts.TaskCanceled, mortal, None),  # at age 300
    ]


def test_a_deadline_that_passed_meanwhile_waits_for_the_open_reservation(journal: Journal) -> None:
    """Ruling 2 holds over a restart; so does the TTL, which waits for nothing."""
    world = World(journal)

    async def before(node: Node) -> list[str]:
        await open_centre(node, 2, [{"queue": "Manned", "timeout": 60}, {"queue": "Empty"}])
        return [await tell(node, tasks.create), await tell(node, tasks.create, timeout=100)]

    async def after(node: Node) -> None:
        await node.advance(119.9)

    async def later(node: Node) -> None:
        await node.advance(1)

    patient, mortal = world.process(before)
    world.now += DOWN
    world.news()
    world.process(after)
    [(second, canceled)] = world.news(facts.TaskStepped, facts.TaskCanceled)
    assert (second, canceled.sid, canceled.cause) == (DOWN, mortal, "ttl")
    world.process(later)
    assert world.news(facts.TaskStepped) == []  # a restart without a pause gives its grace again
    world.process(lambda node: node.advance(30))
    [(_, stepped)] = world.news(facts.TaskStepped)
    assert (stepped.sid, stepped.cause, stepped.target) == (patient, "timeout", 1)


class CutOff(FaultyJournal):
    """After some more appends, every other one hangs for ever."""

    left = 1_000_000

    def __init__(self, inner: Journal) -> None:
        super().__init__(inner)
        self.reached = asyncio.Event()

    async def append(self, batches: Any) -> Any:
        if self.left == 0:
            self.reached.set()
            await asyncio.Event().wait()
        self.left -= 1
        return await super().append(batches)


def test_a_re_evaluation_that_a_crash_cut_in_two_is_finished() -> None:
    journal = CutOff(MemoryJournal())
    world = World(journal)

    async def before(node: Node) -> None:
        await open_centre(node, 0, [{"queue": "Empty"}])
        for _ in range(2_000):
            await node.tell(STREAM, SYSTEM, lambda ws: tasks.create(ws).sid)
        await node.advance(0)
        journal.left = 1

        def re_evaluate(ws: WorkspaceEngine) -> None:
            workflow = next(iter(ws.tables.workflows))
            text = workflow.versions[workflow.current].configuration.replace('"1==1"', '"2==2"')
            workflows.update(ws, workflow.sid, configuration=text, re_evaluate_tasks=True)

        await node.tell(STREAM, SYSTEM, re_evaluate)
        await journal.reached.wait()

    async def after(node: Node) -> set[int]:
        journal.left = 1_000_000
        await node.advance(0)
        return await node.ask(STREAM, lambda ws: {task.workflow_version for task in ws.tables.tasks})

    world.process(before)
    cut = [fact for _, fact in world.news(facts.TaskStepped) if fact.cause == "re-evaluated"]
    assert 0 < len(cut) < 2_000
    assert world.process(after) == {2}
    rest = [fact for _, fact in world.news(facts.TaskStepped) if fact.cause == "re-evaluated"]
    assert len(cut) + len(rest) == len({fact.sid for fact in cut + rest}) == 2_000
