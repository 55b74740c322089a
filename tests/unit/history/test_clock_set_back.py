"""A server that is started again with a clock that was set back: what happened lies ahead of the clock, and counts."""

from __future__ import annotations

import asyncio

from pointsman.auth.caller import Caller
from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import tasks
from pointsman.history.history import History
from pointsman.history.marks import WORKSPACE
from pointsman.journal.memory import MemoryJournal
from pointsman.operations import events
from pointsman.operations.events import EventQuery
from pointsman.operations.paging import PageRequest
from pointsman.operations.scope import WorkspaceScope
from pointsman.operations.statistics import Statistics
from pointsman.operations.statistics_window import StatisticsQuery
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

from .test_retention import BIRTH, STREAM, open_centre

HOUR = 3_600 * 1_000_000


class Clock(VirtualClock):
    """For the node a real one, which is what it is."""

    def set(self, now: int) -> None:
        pass


async def scene() -> None:
    journal = MemoryJournal()
    await journal.start()
    for number, birth in enumerate((BIRTH + HOUR, BIRTH)):
        node, history = Node(journal, Settings(), Clock(birth), SeededIds(number)), History(journal)
        await history.start(node)
        await node.start()
        if not number:
            await open_centre(node, STREAM)
        await node.tell(STREAM, SYSTEM, tasks.create)
        scope = WorkspaceScope(node, Caller("AC" + "2" * 32, ""), STREAM)
        shown = await Statistics(scope, history, StatisticsQuery()).cumulative(WORKSPACE)
        page = await events.listing(scope, PageRequest(50), EventQuery(event_type="task.created"), history)
        assert shown["tasks_created"] == len(page.items) == number + 1
        assert shown["end_time"] == BIRTH + HOUR
        await node.stop()
        await history.stop()


def test_what_was_decided_is_counted() -> None:
    asyncio.run(scene())
