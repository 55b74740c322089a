"""The server over HTTP: what a request costs it, beside a static JSON answer of its own, and how soon it answers.

The load comes from this process over 64 kept connections. Costs are CPU of the server process, all threads, without the
courier; they are taken in turns, so that the machine's bad moments hit all alike.
"""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable
from itertools import count, cycle
from statistics import median
from time import perf_counter
from typing import NamedTuple

from bench.centre import Centre, session
from bench.process import Server, served
from bench.report import Figure, Wrong, percentile
from bench.wire import Wire, by_all, connected, request, sid_of

CONNECTIONS = 64
NOTE = "x" * 130
"""Brings a task's attributes to some 170 bytes."""


class Size(NamedTuple):
    workers: int
    rounds: int
    requests: int
    lives: int
    seconds: float
    starts: int


FULL = Size(workers=1000, rounds=7, requests=2000, lives=700, seconds=20, starts=7)
QUICK = Size(workers=200, rounds=3, requests=200, lives=100, seconds=3, starts=2)


def run(quick: bool) -> list[Figure]:
    size = QUICK if quick else FULL
    with served() as server:
        figures = asyncio.run(_measure(server, size))
    return [*figures, *asyncio.run(_starts(size.starts))]


class Load:
    """What the load is made of: a centre with workers enough, and requests to it."""

    def __init__(self, centre: Centre, wires: list[Wire]) -> None:
        self.centre = centre
        self.wires = wires
        self.path = f"/v1/Workspaces/{centre.sid}"
        self.numbers = count()
        self.pending: list[str] = []
        """Tasks made by `create`: they are left alone."""

    async def static(self, wire: Wire) -> None:
        await wire.ask(request("GET", "/healthz"))

    async def create(self, wire: Wire) -> None:
        self.pending.append(await self.new_task(wire, "Nobody"))

    async def new_task(self, wire: Wire, kind: str) -> str:
        attributes = json.dumps({"kind": kind, "number": next(self.numbers), "note": NOTE})
        return sid_of(await wire.ask(request("POST", f"{self.path}/Tasks", Attributes=attributes)), b"WT")

    async def fetch(self, wire: Wire) -> None:
        await wire.ask(request("GET", f"{self.path}/Tasks/{self.pending[0]}"))

    async def life(self, wire: Wire) -> float:
        """Three durable POSTs, and a GET by which the agent learns of the reservation; how long until then."""
        begun = perf_counter()
        task = f"{self.path}/Tasks/{await self.new_task(wire, 'All')}"
        reservation = sid_of(await wire.ask(request("GET", f"{task}/Reservations")), b"WR")
        offered = perf_counter() - begun
        await wire.ask(request("POST", f"{task}/Reservations/{reservation}", ReservationStatus="accepted"))
        answer = await wire.ask(request("POST", task, AssignmentStatus="completed"))
        if b'"assignment_status":"completed"' not in answer:
            raise Wrong(f"{task} was not completed: {answer[:300]!r}")
        return offered


async def _measure(server: Server, size: Size) -> list[Figure]:
    async with session() as http:
        centre = Centre(http, server)
        await centre.open()
        nobody = await centre.post("/TaskQueues", FriendlyName="Nobody", TargetWorkers="1==2")
        await _route_apart(centre, nobody["sid"])
        await centre.workers(size.workers)
        load = Load(centre, [await connected(server.url) for _ in range(CONNECTIONS)])
        figures, rate = await _costs(server, load, size)
        figures += await _latency(server, load, size, rate / 2)
    return figures


async def _route_apart(centre: Centre, nobody: str) -> None:
    """Tasks that are only created wait in a queue of nobody's, or they would be offered while lives are measured."""
    [workflow] = (await centre.get("/Workflows"))["workflows"]
    routing = json.loads(workflow["configuration"])["task_routing"]
    routing["filters"] = [{"expression": "kind == 'Nobody'", "targets": [{"queue": nobody}]}]
    await centre.post(f"/Workflows/{workflow['sid']}", Configuration=json.dumps({"task_routing": routing}))


async def _costs(server: Server, load: Load, size: Size) -> tuple[list[Figure], float]:
    """The figures, and how many lives a second there were."""
    kinds: list[tuple[str, int, Callable[[Wire], Awaitable[object]]]] = [
        ("static_json", size.requests, load.static),
        ("post_task", size.requests, load.create),
        ("get_task", size.requests, load.fetch),
        ("life", size.lives, load.life),
    ]
    spent: dict[str, list[float]] = {name: [] for name, _, _ in kinds}
    rates: dict[str, list[float]] = {name: [] for name, _, _ in kinds}
    for _ in range(size.rounds):
        for name, times, act in kinds:
            cpu, begun = server.cpu_seconds(), perf_counter()
            await by_all(load.wires, times, act)
            rates[name].append(times / (perf_counter() - begun))
            spent[name].append((server.cpu_seconds() - cpu) / times)
    figures = [
        Figure(f"{name}_cpu", median(spent[name]) * 1e6, "µs", f"{median(rates[name]):,.0f} a second were answered")
        for name, _, _ in kinds
    ]
    ratios = [static / create for static, create in zip(spent["static_json"], spent["post_task"], strict=True)]
    figures += [
        Figure("post_task_against_static", median(ratios), "", "CPU of a static JSON answer / of a durable POST Tasks"),
        Figure("lives", 1 / median(spent["life"]), "1/s", "for each second of the server's CPU; three POSTs and a GET"),
    ]
    return figures, median(rates["life"])


async def _latency(server: Server, load: Load, size: Size, rate: float) -> list[Figure]:
    """At half of the lives a second that there just were; the load is even, whatever the server does."""
    disk = _fsync_milliseconds()
    stalls: list[float] = []
    pinging = asyncio.create_task(_ping(server, stalls))
    waits = [seconds * 1000 for seconds in await _evenly(load, rate, size.seconds)]
    pinging.cancel()
    note = f"POST sent → the agent has read the reservation by GET, {rate:,.0f} lives/s"
    return [
        Figure("offer_p50", percentile(waits, 50), "ms", note),
        Figure("offer_p99", percentile(waits, 99), "ms", f"wall time; fsync of 4 KiB here has p50 {disk:.2f} ms"),
        Figure("static_json_longest", max(stalls) * 1000, "ms", f"of {len(stalls)} answers meanwhile; wall time"),
    ]


async def _evenly(load: Load, rate: float, seconds: float) -> list[float]:
    """How long each offer took; a connection that is late makes its next life wait, which counts."""
    wires = cycle((wire, asyncio.Lock()) for wire in load.wires)
    lives: list[asyncio.Task[float]] = []

    async def one(wire: Wire, free: asyncio.Lock) -> float:
        begun = perf_counter()
        async with free:
            waited = perf_counter() - begun
            return waited + await load.life(wire)

    start = perf_counter()
    for turn in range(int(rate * seconds)):
        await asyncio.sleep(start + turn / rate - perf_counter())
        lives.append(asyncio.create_task(one(*next(wires))))
    return list(await asyncio.gather(*lives))


async def _ping(server: Server, took: list[float]) -> None:
    wire, raw = await connected(server.url), request("GET", "/healthz")
    while True:
        begun = perf_counter()
        await wire.ask(raw)
        took.append(perf_counter() - begun)
        await asyncio.sleep(0.005)


def _fsync_milliseconds() -> float:
    """The median of what the disk takes to keep 4 KiB."""
    took = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(100):
            file.write(bytes(4096))
            file.flush()
            begun = perf_counter()
            os.fsync(file.fileno())
            took.append(perf_counter() - begun)
    return median(took) * 1000


async def _starts(times: int) -> list[Figure]:
    wall, cpu = [], []
    for _ in range(times):
        begun = perf_counter()
        with served() as server:
            wire = await connected(server.url)
            await wire.ask(request("GET", "/healthz"))
            wall.append(perf_counter() - begun)
            cpu.append(server.cpu_seconds())
            wire.close()
    return [
        Figure("start", median(wall) * 1000, "ms", "process started → first answer, no data; wall time"),
        Figure("start_cpu", median(cpu) * 1000, "ms", "of which the server used so much CPU"),
    ]
