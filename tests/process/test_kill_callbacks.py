"""kill -9 around an assignment callback: after the restart it is asked again, or was answered; never obeyed twice."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.process.load import Line
from tests.process.server import LOGIN, Server
from tests.sink import Received, Sink, until
from twilio.request_validator import RequestValidator

pytestmark = pytest.mark.process

ROUNDS = 6


class Desk:
    """Accepts what it is asked about; while it is shut, the answer waits."""

    def __init__(self) -> None:
        self.open = asyncio.Event()

    async def behave(self, sink: Sink, received: Received) -> web.StreamResponse:
        await self.open.wait()
        return web.json_response({"instruction": "accept"})


def found(line: Line, url: str) -> str:
    """A workspace with a worker who can take many tasks; its path."""

    def make(path: str, **fields: Any) -> Any:
        status, body = line.post(path, **fields)
        assert status in (200, 201), body
        return body

    base = "/v1/Workspaces/" + make("/v1/Workspaces", FriendlyName="Crash")["sid"]
    available = next(row["sid"] for row in line.get(f"{base}/Activities")[1]["activities"] if row["available"])
    queue = make(f"{base}/TaskQueues", FriendlyName="All", TargetWorkers="1==1")["sid"]
    routing = json.dumps({"task_routing": {"default_filter": {"queue": queue}}})
    make(f"{base}/Workflows", FriendlyName="Main", Configuration=routing, AssignmentCallbackUrl=url)
    worker = make(f"{base}/Workers", FriendlyName="Ann", ActivitySid=available)["sid"]
    make(f"{base}/Workers/{worker}/Channels/default", Capacity=100)
    return base


def test_kill_between_post_and_answer(tmp_path: Path) -> None:
    async def run() -> None:
        desk, data = Desk(), tmp_path / "journal.db"
        async with Sink(desk.behave) as sink:
            server = await asyncio.to_thread(Server, data)
            base = await asyncio.to_thread(found, Line(server.url, LOGIN), sink.url + "/assign")
            tasks = []
            for number in range(ROUNDS):
                status, task = await asyncio.to_thread(Line(server.url, LOGIN).post, f"{base}/Tasks", Attributes="{}")
                assert status == 201
                tasks.append(task["sid"])
                await until(lambda: asked(sink, tasks[-1]))
                if number % 2:
                    desk.open.set()  # the answer and the kill are under way together
                server.process.send_signal(signal.SIGKILL)
                await asyncio.to_thread(server.ended)
                desk.open.set()
                server = await asyncio.to_thread(Server, data)
                await assigned(server, base, tasks)
                desk.open.clear()
            events = (await asyncio.to_thread(Line(server.url, LOGIN).get, f"{base}/Events?Minutes=60&PageSize=1000"))[
                1
            ]
            assert await asyncio.to_thread(server.end, signal.SIGTERM) == 0
            accepted = Counter(
                event["resource_sid"] for event in events["events"] if event["event_type"] == "reservation.accepted"
            )
            assert len(accepted) == ROUNDS and set(accepted.values()) == {1}
            check_requests(sink)

    asyncio.run(run())


def asked(sink: Sink, task: str) -> bool:
    return any(received.form["TaskSid"] == task for received in sink.received)


async def assigned(server: Server, base: str, tasks: list[str]) -> None:
    async with asyncio.timeout(30):
        for task in tasks:
            while True:
                _, body = await asyncio.to_thread(Line(server.url, LOGIN).get, f"{base}/Tasks/{task}")
                if body["assignment_status"] == "assigned":
                    break
                await asyncio.sleep(0.02)


def check_requests(sink: Sink) -> None:
    """Each reservation was asked for at least once, at most once per process, always with the same token and form."""
    by_reservation: dict[str, list[Received]] = {}
    for received in sink.received:
        by_reservation.setdefault(received.form["ReservationSid"], []).append(received)
        signature = received.headers["X-Twilio-Signature"]
        assert RequestValidator(LOGIN[1]).validate(received.url, received.form, signature)
    assert len(by_reservation) == ROUNDS
    for several in by_reservation.values():
        assert len(several) <= 2
        assert len({received.headers["I-Twilio-Idempotency-Token"] for received in several}) == 1
        assert all(received.form == several[0].form for received in several)
