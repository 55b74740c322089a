"""A journal that cannot be written, seen from outside: 503 while it lasts, nothing lost, nothing done twice."""

from __future__ import annotations

import asyncio
import json
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.process.load import Answer, Line
from tests.process.server import LOGIN, Server

from pointsman.domain import facts
from pointsman.journal.envelope import decode
from pointsman.journal.faulty import Fault, FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.port import Row
from pointsman.runtime import node, snapshots
from pointsman.server.application import open_application
from pointsman.server.http import bind, make_server, url_of
from pointsman.settings import Settings

ROUTING = '{"task_routing":{"default_filter":{"queue":"%s"}}}'
SOON = 20.0
"""Seconds within which a server must have noticed that things are better, or worse."""


@contextmanager
def served(journal: FaultyJournal) -> Iterator[Line]:
    """A server on a socket, in a thread of its own; it must end in good order."""
    settings = Settings(port=0, clock="virtual", account_sid=LOGIN[0], auth_token=LOGIN[1])
    listener, opened, servers = bind(settings), threading.Event(), []

    async def serve() -> None:
        async with open_application(settings, journal=journal) as application:
            servers.append(make_server(application.asgi, settings))
            opened.set()
            await servers[0].serve(sockets=[listener])

    ended = []
    thread = threading.Thread(target=lambda: ended.append(asyncio.run(serve())), daemon=True)
    thread.start()
    assert opened.wait(SOON)
    line = Line(url_of(listener), LOGIN)
    try:
        yield line
    finally:
        line.close()
        servers[0].should_exit = True
        thread.join(SOON)
    assert ended == [None]


@pytest.fixture
def journal() -> FaultyJournal:
    return FaultyJournal(MemoryJournal())


@pytest.fixture
def line(journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    monkeypatch.setattr(node, "PATIENCE", 0.3)  # how long an answer waits for the disk, in seconds
    with served(journal) as line:
        yield line


def make(line: Line, path: str, **fields: Any) -> str:
    """The sid of what is created or changed."""
    status, body = line.post(path, **fields)
    assert status in (200, 201), body
    sid: str = body["sid"]
    return sid


def open_centre(line: Line) -> str:
    """The path of a workspace with one worker, who is available."""
    base = "/v1/Workspaces/" + make(line, "/v1/Workspaces", FriendlyName="Centre")
    available = next(row["sid"] for row in line.get(f"{base}/Activities")[1]["activities"] if row["available"])
    queue = make(line, f"{base}/TaskQueues", FriendlyName="All", TargetWorkers="1==1")
    make(line, f"{base}/Workflows", FriendlyName="Main", Configuration=ROUTING % queue)
    make(line, f"{base}/Workers", FriendlyName="Alice", ActivitySid=available)
    return base


def new_task(line: Line, base: str, n: int) -> Answer:
    return line.post(f"{base}/Tasks", Attributes=json.dumps({"n": n}))


def numbers(line: Line, base: str) -> list[int]:
    """The `n` of every task."""
    status, body = line.get(f"{base}/Tasks?PageSize=1000")
    assert status == 200, body
    return [json.loads(task["attributes"])["n"] for task in body["tasks"]]


def until_readyz(line: Line, wanted: int) -> None:
    end = time.monotonic() + SOON
    while line.get("/readyz")[0] != wanted:
        assert time.monotonic() < end, f"/readyz never said {wanted}"


def assert_unavailable(answer: Answer) -> None:
    status, body = answer
    assert (status, body["status"], body["code"]) == (503, 503, 20503), body
    assert set(body) == {"code", "message", "more_info", "status"}


def stored(journal: FaultyJournal, base: str) -> list[Any]:
    """Every fact of the workspace; its seqs have no gap."""

    async def read() -> list[Row]:
        await journal.inner.start()
        return await journal.inner.read(base.rsplit("/", 1)[1], 0, 1_000_000)

    rows = asyncio.run(read())
    assert [row.seq for row in rows] == list(range(1, len(rows) + 1))
    return [decode(row.body).fact for row in rows]


# -- a journal that says so itself


def test_a_full_disk_is_answered_with_503_and_passes_without_a_restart(journal: FaultyJournal, line: Line) -> None:
    base, other = open_centre(line), open_centre(line)
    assert new_task(line, base, 1)[0] == 201
    task = line.get(f"{base}/Tasks")[1]["tasks"][0]["sid"]
    journal.fail_next("full")
    assert_unavailable(new_task(line, base, 2))  # taken, but not written in time
    for n in (3, 4):
        assert_unavailable(new_task(line, base, n))  # not taken any more
    assert_unavailable(line.post("/v1/Workspaces", FriendlyName="Another"))
    assert_unavailable(line.get(f"{base}/Tasks/{task}"))  # rests on what is not written
    assert line.get(f"{other}/Tasks")[0] == 200
    assert (line.get("/readyz")[0], line.get("/healthz")[0]) == (503, 200)
    journal.heal()
    until_readyz(line, 200)
    assert numbers(line, base) == [1, 2]
    assert new_task(line, base, 5)[0] == 201
    assert numbers(line, base) == [1, 2, 5]
    created = [fact for fact in stored(journal, base) if isinstance(fact, facts.TaskCreated)]
    assert len(created) == 3


def test_503_says_when_to_come_again(journal: FaultyJournal, line: Line) -> None:
    base = open_centre(line)
    journal.fail_next("full")
    for _ in range(2):
        line.ask("POST", f"{base}/Tasks", {"Attributes": "{}"})
        response = line._connection.getresponse()
        response.read()
        assert response.status == 503
        assert int(response.headers["Retry-After"]) >= 1
        assert response.headers["Content-Type"].startswith("application/json")
    journal.heal()


@pytest.mark.parametrize("fault", ["unavailable", "in_doubt_written", "in_doubt_lost"])
def test_appends_that_fail_are_repeated_and_applied_once(journal: FaultyJournal, line: Line, fault: Fault) -> None:
    base = open_centre(line)
    journal.fail_next(fault, 2)
    assert new_task(line, base, 1)[0] == 201
    assert numbers(line, base) == [1]
    task = line.get(f"{base}/Tasks")[1]["tasks"][0]["sid"]
    [reservation] = line.get(f"{base}/Tasks/{task}/Reservations")[1]["reservations"]
    path = f"{base}/Tasks/{task}/Reservations/{reservation['sid']}"
    journal.fail_next(fault, 2)
    assert line.post(path, ReservationStatus="accepted")[0] == 200
    assert line.post(path, ReservationStatus="accepted")[0] == 400
    kinds = [type(fact) for fact in stored(journal, base)]
    for kind in (facts.TaskCreated, facts.ReservationCreated, facts.ReservationAccepted):
        assert kinds.count(kind) == 1


@pytest.mark.parametrize(("fault", "late"), [("full", 0), ("in_doubt_written", 1), ("in_doubt_lost", 1)])
def test_a_workspace_that_could_not_be_stored_in_time_is_there_once_or_never(
    journal: FaultyJournal, line: Line, fault: Fault, late: int
) -> None:
    """Never, if its stream could not even be claimed; what was taken is written as soon as that is possible."""
    journal.fail_next(fault, 1_000)
    assert_unavailable(line.post("/v1/Workspaces", FriendlyName="Late"))
    journal.heal()
    until_readyz(line, 200)
    make(line, "/v1/Workspaces", FriendlyName="Next")
    names = [row["friendly_name"] for row in line.get("/v1/Workspaces")[1]["workspaces"]]
    assert sorted(names) == ["Late"] * late + ["Next"]


def test_a_disk_that_is_full_at_the_end_keeps_nobody_from_stopping(
    journal: FaultyJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshots, "FACTS_AT_STOP", 1)
    with served(journal) as line:
        open_centre(line)
        journal.fail_next("full")


def in_bursts(line: Line, base: str, break_it: Callable[[], None], mend_it: Callable[[], None]) -> list[int]:
    """Tasks before, during and after several failures; the `n` of those that were answered with 201."""
    answered, n = [], 0
    for _ in range(3):
        for broken in (False, True):
            if broken:
                break_it()
            for _ in range(3):
                n += 1
                status, body = new_task(line, base, n)
                if status == 201:
                    answered.append(n)
                else:
                    assert_unavailable((status, body))
            if broken:
                assert line.get("/readyz")[0] == 503
                mend_it()
                until_readyz(line, 200)
    return answered


def check_once(line: Line, base: str, answered: list[int]) -> None:
    found = numbers(line, base)
    assert len(set(found)) == len(found), "something was applied twice"
    assert set(answered) <= set(found), "something answered was lost"
    assert len(answered) >= 9


def test_failures_that_come_and_go_lose_nothing(journal: FaultyJournal, line: Line) -> None:
    base = open_centre(line)
    answered = in_bursts(line, base, lambda: journal.fail_next("full"), journal.heal)
    check_once(line, base, answered)
    assert sum(isinstance(fact, facts.TaskCreated) for fact in stored(journal, base)) == len(numbers(line, base))


# -- a file that the system does not let grow, below a server as users start it


def let_files_grow(server: Server, bytes_at_most: int) -> None:
    """What a file of this process may hold from now on; a write beyond fails."""
    _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (bytes_at_most, hard))


def no_limit(server: Server) -> int:
    return resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)[1]


with_limits = pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="needs Linux's prlimit")


@pytest.mark.process
@with_limits
def test_a_real_server_recovers_when_its_file_can_grow_again(tmp_path: Path) -> None:
    server = Server(tmp_path / "journal.db")
    line = Line(server.url, LOGIN)
    base = open_centre(line)
    free = no_limit(server)
    answered = [1_000]
    assert new_task(line, base, 1_000)[0] == 201
    let_files_grow(server, 0)
    assert_unavailable(new_task(line, base, 1))
    assert_unavailable(new_task(line, base, 2))
    assert line.get("/readyz")[0] == 503
    let_files_grow(server, free)
    until_readyz(line, 200)
    assert new_task(line, base, 3)[0] == 201
    found = numbers(line, base)
    assert found == [*answered, 1, 3]  # 1 was taken before the trouble was known
    line.close()
    assert server.end(signal.SIGTERM) == 0


@pytest.mark.process
@with_limits
def test_a_real_server_gives_up_in_the_end_and_the_next_one_has_everything(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    server = Server(path, unavailable_exit_seconds="1")
    line = Line(server.url, LOGIN)
    base = open_centre(line)
    for n in range(5):
        assert new_task(line, base, n)[0] == 201
    let_files_grow(server, 0)
    assert_unavailable(new_task(line, base, 5))
    assert server.ended() != 0
    line.close()
    server = Server(path)
    line = Line(server.url, LOGIN)
    assert numbers(line, base) == list(range(5))
    line.close()
    assert server.end(signal.SIGTERM) == 0
