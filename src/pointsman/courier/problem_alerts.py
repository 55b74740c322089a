"""Problems with event callbacks become alerts of their workspace."""

from __future__ import annotations

import asyncio

import structlog

from pointsman.courier.problems import Problem
from pointsman.domain.entry import SYSTEM
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import alerts
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.runtime.node import Node, Unavailable

log = structlog.get_logger(__name__)


class ProblemAlerts:
    """Told of problems, which are few (courier/problems.py). What cannot be stored now is only logged."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._tasks: set[asyncio.Task[None]] = set()

    def note(self, problem: Problem) -> None:
        log.warning(
            "callback.problem", stream=problem.stream, code=problem.code, text=problem.text, count=problem.count
        )
        task = asyncio.create_task(self._raise(problem))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def idle(self) -> None:
        """Return when all that was noted is stored."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def _raise(self, problem: Problem) -> None:
        def command(ws: WorkspaceEngine) -> None:
            alerts.raise_alert(ws, problem.code, problem.text, url=problem.url, count=problem.count, **problem.sids)

        try:
            await self._node.tell(problem.stream, SYSTEM, command)
        except (Refusal, Unavailable) as error:  # the workspace is gone, or the disk is full
            log.warning("callback.problem-not-stored", stream=problem.stream, error=str(error))
