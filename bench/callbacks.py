"""Event callbacks: how many a courier delivers, and what each costs it. The sink answers at once, or after 50 ms.

Tasks are created faster than their events can be delivered; the rate is taken from then on, while the courier catches
up and the rest of the server rests.
"""

from __future__ import annotations

import asyncio
import os
from time import perf_counter
from typing import Any

import aiohttp

from bench.centre import Centre, at_once, session
from bench.process import Server, served, started
from bench.report import Figure, Wrong

SINK_MILLISECONDS = (0, 50)
TASKS, QUICK_TASKS = 3000, 400
AT_ONCE = 64
PATIENCE_SECONDS = 300.0
LOOK_SECONDS = 0.1

SinkCount = dict[str, int]


def run(quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for milliseconds in SINK_MILLISECONDS:
        with served() as server, started(["-m", "bench.sink", str(milliseconds)], dict(os.environ)) as (_, sink):
            figures += asyncio.run(_measure(server, sink, milliseconds, QUICK_TASKS if quick else TASKS))
    return figures


async def _measure(server: Server, sink: str, milliseconds: int, tasks: int) -> list[Figure]:
    async with session() as http:
        centre = Centre(http, server)
        await centre.open()
        before = await events_of(centre)
        await centre.post("", EventCallbackUrl=sink)
        await at_once(AT_ONCE, range(tasks), lambda number: centre.task(number=number))
        come, begun, cpu = await come_to(http, sink), perf_counter(), _courier_cpu(server)
        expected = await events_of(centre) - before
        await until_all_have_come(http, sink, expected)
        seconds, used = perf_counter() - begun, _courier_cpu(server) - cpu
        total = await come_to(http, sink)
    left = total["events"] - come["events"]
    if total["events"] != expected or not left:
        raise Wrong(f"{expected} events happened, {total['events']} have come, {left} of them were waited for")
    name = f"sink_{milliseconds}ms"
    return [
        Figure(f"{name}_callbacks", left / seconds, "1/s", f"{left} events that waited, one courier"),
        Figure(f"{name}_cpu", used / left * 1000, "ms", "of the courier, for each callback"),
        Figure(f"{name}_repeated", total["callbacks"] - total["events"], "", "callbacks that came more than once"),
    ]


async def until_all_have_come(http: aiohttp.ClientSession, sink: str, expected: int) -> None:
    begun = perf_counter()
    while (come := await come_to(http, sink))["events"] < expected:
        if perf_counter() - begun > PATIENCE_SECONDS:
            raise Wrong(f"{expected} events happened, {come['events']} have come after {PATIENCE_SECONDS:.0f} s")
        await asyncio.sleep(LOOK_SECONDS)


async def come_to(http: aiohttp.ClientSession, sink: str) -> SinkCount:
    """How many callbacks and how many different events have come."""
    async with http.get(sink) as answer:
        come: SinkCount = await answer.json()
        return come


async def events_of(centre: Centre, wanted: str = "") -> int:
    """How many events the workspace has had, or how many of the wanted types (separated by commas)."""
    types = wanted.split(",")
    count, path = 0, "/Events?PageSize=1000&Minutes=60"
    while path:
        page: Any = await centre.get(path)
        count += sum(not wanted or event["event_type"] in types for event in page["events"])
        path = page["meta"]["next_page_url"] or ""
    return count


def _courier_cpu(server: Server) -> float:
    """CPU seconds of the server's children: the courier."""
    return sum(child.cpu_seconds() for child in server.children())
