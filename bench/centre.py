"""A workspace that the benchmarks work with, made and used through the public doors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

import aiohttp

from bench.process import ACCOUNT, TOKEN, Server
from bench.report import Wrong

T = TypeVar("T")
R = TypeVar("R")

WORKFLOW = '{"task_routing": {"default_filter": {"queue": "%s"}}}'


class Centre:
    """One queue that every worker serves, and one workflow that leads there."""

    def __init__(self, http: aiohttp.ClientSession, server: Server) -> None:
        self.http = http
        self.server = server
        self.sid = ""
        self.available = ""

    async def open(self) -> None:
        self.sid = (await self._ask("POST", "/v1/Workspaces", FriendlyName="Bench"))["sid"]
        activities = (await self.get("/Activities"))["activities"]
        self.available = next(activity["sid"] for activity in activities if activity["available"])
        queue = await self.post("/TaskQueues", FriendlyName="All", TargetWorkers="1==1")
        await self.post("/Workflows", FriendlyName="Main", Configuration=WORKFLOW % queue["sid"])

    async def workers(self, count: int) -> list[str]:
        """The sids of so many new workers, all available."""
        return await at_once(32, range(count), lambda n: self.worker(f"Worker {n}"))

    async def worker(self, name: str) -> str:
        sid: str = (await self.post("/Workers", FriendlyName=name, ActivitySid=self.available))["sid"]
        return sid

    async def task(self, **attributes: Any) -> str:
        sid: str = (await self.post("/Tasks", Attributes=json.dumps(attributes)))["sid"]
        return sid

    async def get(self, path: str) -> Any:
        """`path` is below the workspace, or a whole URL."""
        return await self._ask("GET", path if path.startswith("http") else f"/v1/Workspaces/{self.sid}{path}")

    async def post(self, path: str, **fields: str) -> Any:
        return await self._ask("POST", f"/v1/Workspaces/{self.sid}{path}", **fields)

    async def _ask(self, method: str, path: str, **fields: str) -> Any:
        url = path if path.startswith("http") else self.server.url + path
        login = aiohttp.BasicAuth(ACCOUNT, TOKEN)
        async with self.http.request(method, url, data=fields or None, auth=login) as answer:
            said = await answer.json()
            if answer.status >= 300:
                raise Wrong(f"{method} {path}: {said}")
            return said


async def at_once(most: int, items: Iterable[T], act: Callable[[T], Awaitable[R]]) -> list[R]:
    """What `act` gives for each item, with at most so many at work."""
    gate = asyncio.Semaphore(most)

    async def one(item: T) -> R:
        async with gate:
            return await act(item)

    return list(await asyncio.gather(*map(one, items)))


def session() -> aiohttp.ClientSession:
    """A client without a limit on connections."""
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
