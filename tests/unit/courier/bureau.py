"""A contact centre in a running application, with a virtual clock, and a sink that its callbacks go to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from aiohttp import web
from tests.sink import Received, Sink, until

from pointsman.domain.entry import SYSTEM
from pointsman.domain.nouns import Alert, Reservation, Task
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import task_queues, tasks, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.runtime.node import Node
from pointsman.server.application import RunningApplication, open_application
from pointsman.settings import Settings

T = TypeVar("T")
ACCOUNT, TOKEN = "AC" + "a1" * 16, "t0ken-of-the-tests"
SETTINGS = Settings(data=":memory:", clock="virtual", account_sid=ACCOUNT, auth_token=TOKEN)
CENTRE, OTHER = "WS" + "1" * 32, "WS" + "2" * 32


def says(text: str, status: int = 200, kind: str | None = "application/json") -> Any:
    """A behaviour of a sink: the same answer to everybody."""

    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        headers = {} if kind is None else {"Content-Type": kind}
        return web.Response(body=text.encode(), status=status, headers=headers)

    return behave


def instructs(instruction: str, **more: Any) -> Any:
    return says(json.dumps({"instruction": instruction, **more}))


class Bureau:
    """One workspace. Its workflow's URLs lead to /first and /second of the sink."""

    def __init__(self, application: RunningApplication, sink: Sink, sid: str) -> None:
        self.application = application
        self.sink = sink
        self.sid = sid
        self.queue = self.workflow = self.available = ""

    @property
    def node(self) -> Node:
        return self.application.node

    async def tell(self, command: Callable[..., T], *args: Any, **kw: Any) -> T:
        return await self.node.tell(self.sid, SYSTEM, lambda ws: command(ws, *args, **kw))

    async def ask(self, query: Callable[[WorkspaceEngine], T]) -> T:
        return await self.node.ask(self.sid, query)

    async def found(self, fallback: bool = True, queue: dict[str, Any] | None = None, **workspace: Any) -> None:
        """Create the workspace with a queue of everybody, and a workflow of one step."""

        def command(ws: WorkspaceEngine) -> None:
            workspaces.create(ws, sid=self.sid, account_sid=ACCOUNT, friendly_name="Bureau", **workspace)

        await self.node.create(self.sid, SYSTEM, command)
        self.available = await self.ask(lambda ws: next(row.sid for row in ws.tables.activities if row.available))
        made = await self.tell(task_queues.create, friendly_name="All", target_workers="1==1", **(queue or {}))
        self.queue = made.sid
        made_workflow = await self.tell(
            workflows.create,
            friendly_name="Main",
            configuration=self.routing([{"queue": self.queue}]),
            assignment_callback_url=self.sink.url + "/first?shop=5",
            fallback_assignment_callback_url=self.sink.url + "/second" if fallback else "",
        )
        self.workflow = made_workflow.sid

    def routing(self, targets: list[dict[str, Any]]) -> str:
        return json.dumps({"task_routing": {"filters": [{"expression": "1==1", "targets": targets}]}})

    async def worker(self, name: str) -> str:
        made = await self.tell(
            workers.create, friendly_name=name, activity_sid=self.available, attributes=json.dumps({"name": name})
        )
        return made.sid

    async def task(self, **kw: Any) -> str:
        made = await self.tell(tasks.create, workflow_sid=self.workflow, attributes='{"kind":"é&=+"}', **kw)
        return made.sid

    async def settled(self) -> None:
        """Until nothing is under way: the virtual clock waits for that."""
        await self.node.advance(0)

    async def status(self, task: str) -> str:
        """`gone` when it cannot be read any more."""
        try:
            return await self.ask(lambda ws: ws.task(task).status)
        except Refusal:
            return "gone"

    async def row(self, task: str) -> Task:
        return await self.ask(lambda ws: ws.task(task))

    async def reservations(self) -> list[Reservation]:
        return await self.ask(lambda ws: list(ws.tables.reservations))

    async def alerts(self) -> list[Alert]:
        return await self.ask(lambda ws: list(ws.tables.alerts))

    async def activity(self, worker: str) -> str:
        return await self.ask(lambda ws: ws.tables.activities[ws.worker(worker).activity_sid].friendly_name)

    @property
    def posts(self) -> list[str]:
        """Where the sink was asked, without the query."""
        return [received.path.partition("?")[0] for received in self.sink.received]


@asynccontextmanager
async def running(sink: Sink, **settings: Any) -> AsyncIterator[Bureau]:
    """An application whose workspace is still to be founded."""
    async with open_application(replace(SETTINGS, **settings)) as application:
        yield Bureau(application, sink, CENTRE)


def play(scene: Callable[[Bureau], Awaitable[None]], behaviour: Any = None, **settings: Any) -> None:
    """Let a scene happen in a bureau of its own."""

    async def run() -> None:
        async with Sink(behaviour or says("")) as sink, running(sink, **settings) as bureau:
            await scene(bureau)

    asyncio.run(run())


__all__ = [
    "ACCOUNT",
    "CENTRE",
    "OTHER",
    "TOKEN",
    "Bureau",
    "Received",
    "Sink",
    "instructs",
    "play",
    "running",
    "says",
    "until",
]
