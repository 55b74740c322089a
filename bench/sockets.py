"""Connected agents: how soon a new task's reservation is on its worker's socket, and what sockets cost.

1,000 workers with a socket each and 10 listeners to the whole workspace (channel of the SDK's version 1), at 200 tasks
a second, each accepted and completed by its worker through remote calls. Quick: 200 workers, 100 tasks a second.
"""

from __future__ import annotations

import asyncio
import json
from time import perf_counter
from typing import Any, NamedTuple

import aiohttp

from bench.centre import Centre, at_once, session
from bench.process import ACCOUNT, KEY, SECRET, TOKEN, Server, served
from bench.report import Figure, Wrong, percentile
from pointsman.auth.minting import access_token, capability_token

DOOR = "/v1/wschannels"
LISTENERS = 10
DRAIN_SECONDS = 20.0
"""How long the last tasks may take after the last was created."""


class Size(NamedTuple):
    workers: int
    tasks_per_second: int
    seconds: float
    idle_seconds: float


FULL = Size(workers=1000, tasks_per_second=200, seconds=30, idle_seconds=20)
QUICK = Size(workers=200, tasks_per_second=100, seconds=6, idle_seconds=3)


def run(quick: bool) -> list[Figure]:
    with served() as server:
        return asyncio.run(_measure(server, QUICK if quick else FULL))


class Crowd:
    """All sockets, and what came over them."""

    def __init__(self, centre: Centre) -> None:
        self.centre = centre
        self.begun: list[float] = []
        """When each task was sent, by its number."""
        self.latencies: list[float] = []
        self.completed = 0
        self.heard = [0] * LISTENERS
        """Reservations that each listener heard of."""
        self._tasks: set[asyncio.Task[None]] = set()
        self.failures: list[BaseException] = []

    async def connect(self, workers: list[str]) -> None:
        """All sockets are open, and have said so."""
        await at_once(50, workers, self._connect_worker)
        await at_once(LISTENERS, range(LISTENERS), self._connect_listener)

    async def create(self, number: int) -> None:
        """A task; its number tells when it was sent."""
        await self.centre.task(number=number)

    def start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self.failures.append(error)

    async def _connect_worker(self, sid: str) -> None:
        token = access_token(
            account_sid=ACCOUNT, key_sid=KEY, key_secret=SECRET, workspace_sid=self.centre.sid, worker_sid=sid
        )
        socket = await self._socket(DOOR, token)
        await socket.receive()  # the init frame
        await self._call(token, "GET", f"Workers/{sid}/Reservations", Active="true")  # as the SDK does
        self.start(self._work(socket, sid, token))

    async def _connect_listener(self, number: int) -> None:
        token = capability_token(account_sid=ACCOUNT, auth_token=TOKEN, workspace_sid=self.centre.sid)
        socket = await self._socket(f"{DOOR}/{ACCOUNT}/{self.centre.sid}", token)
        self.start(self._listen(socket, number))

    async def _socket(self, path: str, token: str) -> aiohttp.ClientWebSocketResponse:
        return await self.centre.http.ws_connect(self.centre.server.url + path, params={"token": token})

    async def _work(self, socket: aiohttp.ClientWebSocketResponse, worker: str, token: str) -> None:
        async for message in socket:
            if '"reservation.created"' in message.data[:60]:
                now = perf_counter()
                reservation = json.loads(message.data)["payload"]
                number = json.loads(reservation["task"]["attributes"])["number"]
                self.latencies.append(now - self.begun[number])
                self.start(self._handle(reservation, worker, token))

    async def _handle(self, reservation: dict[str, Any], worker: str, token: str) -> None:
        path = f"Workers/{worker}/Reservations/{reservation['sid']}"
        await self._call(token, "POST", path, ReservationStatus="accepted")
        await self._call(token, "POST", f"Tasks/{reservation['task']['sid']}", AssignmentStatus="completed")
        self.completed += 1

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse, number: int) -> None:
        async for message in socket:
            if '"reservation.created"' in message.data[:60]:
                self.heard[number] += 1

    async def _call(self, token: str, method: str, path: str, **params: str) -> None:
        body = {"url": f"Workspaces/{self.centre.sid}/{path}", "method": method, "params": params, "token": token}
        async with self.centre.http.post(self.centre.server.url + DOOR, json=body) as answer:
            if answer.status != 200:
                raise Wrong(f"{method} {path}: {await answer.text()}")


async def _measure(server: Server, size: Size) -> list[Figure]:
    async with session() as http:
        centre = Centre(http, server)
        await centre.open()
        workers = await centre.workers(size.workers)
        crowd = Crowd(centre)
        before = server.resident_bytes()
        await crowd.connect(workers)
        sockets = size.workers + LISTENERS
        memory = (server.resident_bytes() - before) / sockets
        idle = await _cpu_while(server, asyncio.sleep(size.idle_seconds))
        begun = perf_counter()
        busy = await _cpu_while(server, _load(crowd, size))
        seconds = perf_counter() - begun
        _check(crowd)
    tasks = len(crowd.begun)
    return [
        Figure("sockets", sockets, "", f"{size.workers} workers, {LISTENERS} workspace listeners"),
        Figure("tasks", tasks / seconds, "1/s", "created, accepted and completed"),
        Figure("reservation_p50", percentile(crowd.latencies, 50) * 1000, "ms", "task sent → reservation.created"),
        Figure("reservation_p99", percentile(crowd.latencies, 99) * 1000, "ms", "on the worker's socket"),
        Figure("memory_per_socket", memory / 1024, "KiB", "resident, after connecting"),
        Figure("idle_cpu_per_socket", idle / size.idle_seconds / sockets * 1e6, "µs/s", "heartbeats only"),
        Figure("busy_cpu", busy / seconds * 100, "%", "of one core, the whole server at that rate"),
        Figure("cpu_per_task", busy / tasks * 1000, "ms", "three requests and all frames, the listeners' included"),
    ]


async def _cpu_while(server: Server, work: Any) -> float:
    """CPU seconds that the server uses meanwhile."""
    before = server.cpu_seconds()
    await work
    return server.cpu_seconds() - before


async def _load(crowd: Crowd, size: Size) -> None:
    """Tasks at an even rate whatever the server does, until all are completed."""
    count = int(size.tasks_per_second * size.seconds)
    begin = perf_counter()
    for number in range(count):
        await asyncio.sleep(begin + number / size.tasks_per_second - perf_counter())
        crowd.begun.append(perf_counter())
        crowd.start(crowd.create(number))
    async with asyncio.timeout(DRAIN_SECONDS):
        while not crowd.failures and (crowd.completed < count or min(crowd.heard) < count):
            await asyncio.sleep(0.05)


def _check(crowd: Crowd) -> None:
    if crowd.failures:
        raise Wrong(f"{len(crowd.failures)} failures, the first: {crowd.failures[0]!r}")
    count = len(crowd.begun)
    if len(crowd.latencies) != count or any(heard != count for heard in crowd.heard):
        raise Wrong(f"{count} tasks, {len(crowd.latencies)} reservations told to workers, to listeners {crowd.heard}")
