"""Whole task lives at a steady rate, whose events go to a sink that takes 50 ms: does the courier keep up?

Of every event, with 64 callbacks in flight; and of five types that applications ask for most, with the default of 32,
which is 640 a second at 50 ms each. The backlog is what had happened and not yet come when the lives ended.
"""

from __future__ import annotations

import asyncio
import os
from time import perf_counter

from bench.callbacks import SinkCount, come_to, events_of, until_all_have_come
from bench.centre import Centre, session
from bench.process import Server, served, started
from bench.report import Figure, Wrong

SINK_MILLISECONDS = 50
LIVES_PER_SECOND = 100
SECONDS, QUICK_SECONDS = 30, 5
WORKERS = 40
FIVE_TYPES = "task.created,reservation.created,reservation.accepted,reservation.completed,task.completed"
WAYS = (("all_events_64", "64", ""), ("five_types_32", "32", FIVE_TYPES))
"""Name, callbacks in flight, and filter."""


def run(quick: bool) -> list[Figure]:
    figures: list[Figure] = []
    for name, concurrency, wanted in WAYS:
        with (
            served(callback_concurrency=concurrency) as server,
            started(["-m", "bench.sink", str(SINK_MILLISECONDS)], dict(os.environ)) as (_, sink),
        ):
            figures += asyncio.run(_measure(name, server, sink, wanted, QUICK_SECONDS if quick else SECONDS))
    return figures


async def _measure(name: str, server: Server, sink: str, wanted: str, seconds: int) -> list[Figure]:
    async with session() as http:
        centre = Centre(http, server)
        await centre.open()
        await centre.workers(WORKERS)
        before = await events_of(centre, wanted)
        await centre.post("", EventCallbackUrl=sink, EventsFilter=wanted)
        begun = perf_counter()
        await _lives(centre, seconds * LIVES_PER_SECOND)
        lived, come = perf_counter() - begun, await come_to(http, sink)
        happened = await events_of(centre, wanted) - before
        await until_all_have_come(http, sink, happened)
        drained = perf_counter() - begun - lived
        total: SinkCount = await come_to(http, sink)
    if total["events"] != happened:
        raise Wrong(f"{happened} events happened, {total['events']} have come")
    return [
        Figure(f"{name}_lives", seconds * LIVES_PER_SECOND / lived, "1/s", f"{happened} events"),
        Figure(f"{name}_backlog", happened - come["events"], "", f"events when the lives ended, after {lived:.0f} s"),
        Figure(f"{name}_drained", drained, "s", "until the last of them had come"),
    ]


async def _lives(centre: Centre, count: int) -> None:
    """Begun at the rate, however long each takes."""
    begun = perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            await asyncio.sleep(max(0.0, begun + number / LIVES_PER_SECOND - perf_counter()))
            group.create_task(_life(centre, number))


async def _life(centre: Centre, number: int) -> None:
    task = await centre.task(number=number)
    while not (offered := (await centre.get(f"/Tasks/{task}/Reservations"))["reservations"]):
        await asyncio.sleep(0.05)
    await centre.post(f"/Tasks/{task}/Reservations/{offered[0]['sid']}", ReservationStatus="accepted")
    await centre.post(f"/Tasks/{task}", AssignmentStatus="completed")
