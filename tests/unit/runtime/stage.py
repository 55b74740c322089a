"""A stage for the node: a journal that remembers what was appended, and contact centres on a virtual clock."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from pointsman.domain import facts
from pointsman.domain.entry import SYSTEM
from pointsman.domain.limits import SECOND
from pointsman.engine.workspace import task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.envelope import decode
from pointsman.journal.faulty import FaultyJournal
from pointsman.journal.port import Batch, Done, Journal, Outcome
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

BIRTH = 10**15
EAST, WEST = "WS" + "1" * 32, "WS" + "2" * 32


class Remembering(FaultyJournal):
    """Knows the order in which facts came to the disk, over all streams."""

    def __init__(self, inner: Journal) -> None:
        super().__init__(inner)
        self.appends = 0
        self.written: list[tuple[str, int, facts.AnyFact]] = []

    async def append(self, batches: Sequence[Batch]) -> list[Outcome]:
        self.appends += 1
        outcomes = await super().append(batches)
        for batch, outcome in zip(batches, outcomes, strict=True):
            if isinstance(outcome, Done):
                entries = [decode(row) for row in batch.rows]
                self.written += [(batch.stream, entry.at, entry.fact) for entry in entries]
        return outcomes

    def seconds(self, *kinds: type[facts.Fact]) -> list[tuple[float, str]]:
        """(second, stream) of all facts of these kinds, in the order of the disk; to the millisecond."""
        return [
            (round((at - BIRTH) / SECOND, 3), stream) for stream, at, fact in self.written if isinstance(fact, kinds)
        ]


def node_on(journal: Journal, now: int = BIRTH, settings: Settings | None = None, seed: int = 1) -> Node:
    return Node(journal, settings or Settings(), VirtualClock(now), SeededIds(seed))


def configuration(queue: str) -> str:
    return json.dumps({"task_routing": {"default_filter": {"queue": queue}}})


async def open_centre(node: Node, stream: str, agents: int = 0) -> None:
    """Available agents, a queue of all of them and one of nobody; the workflow leads to the first."""

    def command(ws: WorkspaceEngine) -> None:
        workspaces.create(ws, sid=stream, account_sid="AC" + "2" * 32, friendly_name="Centre")
        available = next(row.sid for row in ws.tables.activities if row.available)
        queue = task_queues.create(ws, friendly_name="Manned", target_workers="1==1")
        task_queues.create(ws, friendly_name="Empty", target_workers="1==2")
        workflows.create(ws, friendly_name="Main", configuration=configuration(queue.sid), task_reservation_timeout=10)
        for number in range(agents):
            workers.create(ws, friendly_name=f"Agent {number}", activity_sid=available)

    await node.create(stream, SYSTEM, command)


async def tell(node: Node, stream: str, command: Callable[..., Any], *args: Any, **kw: Any) -> str:
    """Run a command; the sid of what it answers."""
    sid: str = await node.tell(stream, SYSTEM, lambda ws: command(ws, *args, **kw).sid)
    return sid


async def new_task(node: Node, stream: str, **kw: Any) -> str:
    return await tell(node, stream, tasks.create, **kw)


async def statuses(node: Node, stream: str) -> dict[str, str]:
    return await node.ask(stream, lambda ws: {task.sid: task.status for task in ws.tables.tasks})
