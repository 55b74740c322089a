"""Work over many objects is done in slices: others are answered in between."""

from __future__ import annotations

import asyncio

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import tasks, workflows
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.memory import MemoryJournal
from pointsman.runtime.node import Node

from .stage import EAST, configuration, node_on, open_centre

MANY = 5_000


def fill(ws: WorkspaceEngine) -> None:
    for _ in range(MANY):
        tasks.create(ws)


def re_evaluate(ws: WorkspaceEngine) -> str:
    """Every task is to go to the other queue."""
    empty = next(queue.sid for queue in ws.tables.task_queues if queue.friendly_name == "Empty")
    main = next(iter(ws.tables.workflows)).sid
    workflows.update(ws, main, configuration=configuration(empty), re_evaluate_tasks=True)
    return empty


async def in_queue(node: Node, queue: str) -> int:
    def query(ws: WorkspaceEngine) -> int:
        return sum(task.task_queue_sid == queue for task in ws.tables.tasks)

    return await node.tell(EAST, SYSTEM, query)


def test_a_re_evaluation_of_many_tasks_lets_other_commands_in_between() -> None:
    async def scene() -> None:
        journal = MemoryJournal()
        await journal.start()
        node = node_on(journal)
        await node.start()
        await open_centre(node, EAST)
        await node.tell(EAST, SYSTEM, fill)
        await node.advance(0)
        empty = await node.tell(EAST, SYSTEM, re_evaluate)
        seen = [await in_queue(node, empty)]
        while seen[-1] < MANY:
            seen.append(await in_queue(node, empty))
        assert len([count for count in seen if 0 < count < MANY]) > 5
        assert seen == sorted(seen)
        await node.stop()

    asyncio.run(scene())
