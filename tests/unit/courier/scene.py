"""A served application whose workspaces call back to sinks of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web
from tests.sink import Received, Sink
from twilio.request_validator import RequestValidator

from pointsman.domain.entry import SYSTEM, event_sid
from pointsman.engine.workspace import tasks, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history.deliveries import DeliveryBook, Standing
from pointsman.journal.envelope import decode
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.node import Node
from pointsman.server.application import open_application
from pointsman.settings import Settings

ACCOUNT, TOKEN = "AC" + "a1" * 16, "t0ken-of-the-tests"
EAST, WEST = "WS" + "1" * 32, "WS" + "2" * 32
BIRTH = 1_800_000_000_000_000


class Stage:
    """A running server."""

    def __init__(self, node: Node, book: DeliveryBook) -> None:
        self.node = node
        self.book = book

    async def workspace(self, sid: str, url: str, events_filter: str | None = None) -> None:
        def command(ws: WorkspaceEngine) -> None:
            workspaces.create(
                ws,
                sid=sid,
                account_sid=ACCOUNT,
                friendly_name="Centre",
                event_callback_url=url,
                events_filter=events_filter,
                template="FIFO",
            )

        await self.node.create(sid, SYSTEM, command)

    async def tell(self, stream: str, command: Callable[..., Any], *args: Any, **fields: Any) -> Any:
        return await self.node.tell(stream, SYSTEM, lambda ws: command(ws, *args, **fields))

    async def task(self, stream: str, **fields: Any) -> str:
        sid: str = (await self.tell(stream, tasks.create, **fields)).sid
        return sid

    async def advance(self, seconds: float) -> None:
        await self.node.advance(seconds)

    async def events(self, stream: str) -> dict[str, tuple[str, str]]:
        """Type and task (or else resource) of every event of the journal, by its sid, in order."""
        found = {}
        for row in await self.node.journal.read(stream, 0, 1_000_000):
            for n, event in enumerate(decode(row.body).events):
                resource = event.data.get("task_sid") or event.data.get("worker_sid") or event.resource_sid
                found[event_sid(stream, row.seq, n)] = (event.type, str(resource))
        return found

    def standing(self, stream: str) -> Standing:
        standing = self.book.standing(stream)
        assert standing is not None
        return standing


@asynccontextmanager
async def opened(data: str | Path = ":memory:", now: int = BIRTH, **settings: Any) -> AsyncIterator[Stage]:
    """On a virtual clock, unless `clock` is given as real."""
    given = Settings(data=str(data), account_sid=ACCOUNT, auth_token=TOKEN, **({"clock": "virtual"} | settings))
    clock = VirtualClock(now) if given.clock == "virtual" else None
    async with open_application(given, clock) as application:
        book = application.house.deliveries
        assert book is not None
        yield Stage(application.node, book)


def play(scene: Callable[[Stage, Sink], Awaitable[None]], **settings: Any) -> None:
    async def run() -> None:
        async with Sink() as sink, opened(**settings) as stage:
            await scene(stage, sink)

    asyncio.run(run())


def sids(sink: Sink) -> list[str]:
    """The events of all requests, repeats included."""
    return [received.form["Sid"] for received in sink.received]


def is_signed(received: Received) -> bool:
    return RequestValidator(TOKEN).validate(received.url, received.form, received.headers["X-Twilio-Signature"])


def answers(statuses: Callable[[Received], int]) -> Callable[[Sink, Received], Awaitable[web.StreamResponse]]:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return web.Response(status=statuses(received))

    return behave


def assert_in_order(sink: Sink, events: dict[str, tuple[str, str]], accepted: list[str] | None = None) -> None:
    """Per resource, in the order of the journal; of repeats the first counts."""
    last: dict[str, str] = {}
    for sid in dict.fromkeys(sids(sink) if accepted is None else accepted):
        resource = events[sid][1]
        assert last.get(resource, "") < sid, f"{sid} came after {last[resource]}"
        last[resource] = sid
