"""kill -9 of the server and of its courier, under load: every event still arrives, in order per resource."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from aiohttp import web
from tests.process.load import Line
from tests.process.server import LOGIN, Server
from tests.sink import Received, Sink, until
from twilio.request_validator import RequestValidator

from pointsman.domain.entry import event_sid
from pointsman.history.deliveries import DeliveryBook
from pointsman.journal.envelope import decode
from pointsman.journal.sqlite import SqliteJournal

pytestmark = pytest.mark.process

T = TypeVar("T")
ROUNDS = 10
PATIENCE = 60.0


async def aside(work: Callable[[], T]) -> T:
    return await asyncio.to_thread(work)


def courier_of(server: Server) -> int:
    """The process id of the server's courier; 0 while it has none."""
    shown = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
    for line in shown.stdout.splitlines():
        pid, parent, command = line.split(maxsplit=2)
        if int(parent) == server.process.pid and "pointsman.courier.child" in command:
            return int(pid)
    return 0


async def courier_running(server: Server) -> int:
    async with asyncio.timeout(PATIENCE):
        while not (pid := await aside(lambda: courier_of(server))):
            await asyncio.sleep(0.02)
    return pid


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def gone(pid: int) -> None:
    await until(lambda: not is_alive(pid), PATIENCE)


async def events_of(path: Path, workspace: str) -> dict[str, str]:
    """Each event of the journal by its sid, with the resource in whose order it stands."""
    journal = SqliteJournal(path, read_only=True)
    await journal.start()
    try:
        rows = await journal.read(workspace, 0, 10_000_000)
    finally:
        await journal.close()
    return {
        event_sid(workspace, row.seq, n): str(
            event.data.get("task_sid") or event.data.get("worker_sid") or event.resource_sid
        )
        for row in rows
        for n, event in enumerate(decode(row.body).events)
    }


def open_workspace(line: Line, url: str) -> str:
    status, body = line.post("/v1/Workspaces", FriendlyName="Crash", EventCallbackUrl=url, Template="FIFO")
    assert status == 201, body
    sid: str = body["sid"]
    return sid


def create_tasks(line: Line, workspace: str, count: int) -> list[Any]:
    """Some of them are updated at once, so that a resource has several events."""
    statuses = []
    for _ in range(count):
        status, body = line.post(f"/v1/Workspaces/{workspace}/Tasks", Attributes='{"a":"ü"}')
        statuses.append(status)
        statuses.append(line.post(f"/v1/Workspaces/{workspace}/Tasks/{body['sid']}", Priority="5")[0])
    return statuses


class Accepted:
    """A sink's behaviour: now and then it fails; what it takes is noted."""

    def __init__(self, seed: int) -> None:
        self.sids: list[str] = []
        self._chance = random.Random(seed)

    async def __call__(self, sink: Sink, received: Received) -> web.StreamResponse:
        mood = self._chance.random()
        if mood < 0.03:
            return received.drop()
        if mood < 0.06:
            return web.Response(status=500)
        await asyncio.sleep(self._chance.uniform(0, 0.02))
        self.sids.append(received.form["Sid"])
        return web.Response()

    def check(self, events: dict[str, str]) -> int:
        """In order per resource; how many repeats there were."""
        last: dict[str, str] = {}
        for sid in dict.fromkeys(self.sids):
            assert last.get(events[sid], "") < sid
            last[events[sid]] = sid
        return len(self.sids) - len(set(self.sids))


async def everything(accepted: Accepted, path: Path, workspace: str) -> dict[str, str]:
    events = await events_of(path, workspace)
    await until(lambda: set(accepted.sids) >= set(events), PATIENCE)
    return events


def test_nothing_is_lost_by_kill_9_of_server_or_courier(tmp_path: Path) -> None:
    async def run() -> None:
        path, chance, accepted = tmp_path / "journal.db", random.Random(30), Accepted(31)
        async with Sink(accepted) as sink:
            server = await aside(lambda: Server(path))
            line = Line(server.url, LOGIN)
            workspace = await aside(lambda: open_workspace(line, sink.url))
            couriers = set()
            for number in range(ROUNDS):
                pid = await courier_running(server)
                couriers.add(pid)
                load = asyncio.create_task(asyncio.to_thread(create_tasks, line, workspace, 60))
                before = len(accepted.sids)
                await until(lambda before=before: len(accepted.sids) > before + 40, PATIENCE)  # type: ignore[misc]
                await asyncio.sleep(chance.uniform(0, 0.15))  # the moment is the point
                if number % 2:
                    os.kill(pid, signal.SIGKILL)
                    await gone(pid)
                    assert set(await load) <= {200, 201}
                    continue
                assert await asyncio.to_thread(server.end, signal.SIGKILL) == -signal.SIGKILL
                await asyncio.gather(load, return_exceptions=True)
                await gone(pid)
                line.close()
                server = await aside(lambda: Server(path))
                line = Line(server.url, LOGIN)
            events = await everything(accepted, path, workspace)
            repeats = accepted.check(events)
            print(f"{len(events)} events, {repeats} came twice, {len(couriers)} couriers")
            assert len(events) > ROUNDS * 40 and len(couriers) == ROUNDS
            assert 0 < repeats < len(events) / 2, "the kills must hit something, and few events may come twice"
            line.close()
            assert await aside(lambda: server.end(signal.SIGTERM)) == 0

    asyncio.run(run())


def test_the_server_ends_its_courier_and_leaves_nothing_to_repeat(tmp_path: Path) -> None:
    async def run() -> None:
        path, accepted = tmp_path / "journal.db", Accepted(32)
        async with Sink(accepted) as sink:
            server = await aside(lambda: Server(path))
            line = Line(server.url, LOGIN)
            workspace = await aside(lambda: open_workspace(line, sink.url))
            await aside(lambda: create_tasks(line, workspace, 50))
            pid = await courier_running(server)
            await until(lambda: len(accepted.sids) > 20, PATIENCE)
            assert await aside(lambda: server.end(signal.SIGTERM)) == 0
            await gone(pid)
            before = list(accepted.sids)
            book = DeliveryBook(f"{path}-courier")
            standing = book.standing(workspace)
            book.close()
            assert standing is not None and standing.delivered == len(before) == len(set(before))
            server = await aside(lambda: Server(path))
            events = await everything(accepted, path, workspace)
            assert accepted.check(events) == 0
            assert await aside(lambda: server.end(signal.SIGTERM)) == 0

    asyncio.run(run())


def test_two_servers_after_each_other_and_a_workspace_that_nobody_answers(tmp_path: Path) -> None:
    """A dead endpoint holds up neither the other workspace nor the server's end."""

    async def silent(sink: Sink, received: Received) -> web.StreamResponse:
        await asyncio.sleep(600)
        return web.Response()

    async def run() -> None:
        path, accepted = tmp_path / "journal.db", Accepted(33)
        async with Sink(accepted) as sink, Sink(silent) as dead:
            server = await aside(lambda: Server(path))
            line = Line(server.url, LOGIN)
            stuck = await aside(lambda: open_workspace(line, dead.url))
            await until(lambda: dead.received, PATIENCE)
            workspace = await aside(lambda: open_workspace(line, sink.url))
            for sid in (workspace, stuck):
                await aside(lambda sid=sid: create_tasks(line, sid, 20))  # type: ignore[misc]
            await everything(accepted, path, workspace)
            deliveries = f"/pointsman/v1/Workspaces/{stuck}/Deliveries"
            async with asyncio.timeout(PATIENCE):
                while (await aside(lambda: line.get(deliveries)))[1]["pending"] == 0:
                    await asyncio.sleep(0.05)
            status, body = await aside(lambda: line.get(deliveries))
            assert (status, body["delivered"], body["failed"]) == (200, 0, 0)
            assert await aside(lambda: server.end(signal.SIGTERM)) == 0

    asyncio.run(run())


def test_signatures_verify_with_the_accounts_token(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink() as sink:
            server = await aside(lambda: Server(tmp_path / "journal.db"))
            await aside(lambda: open_workspace(Line(server.url, LOGIN), sink.url + "/e?x=%20y"))
            await until(lambda: len(sink.received) >= 10, PATIENCE)
            validator = RequestValidator(LOGIN[1])
            for each in sink.received:
                assert validator.validate(each.url, each.form, each.headers["X-Twilio-Signature"])
            assert await aside(lambda: server.end(signal.SIGTERM)) == 0

    asyncio.run(run())
