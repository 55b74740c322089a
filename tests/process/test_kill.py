"""kill -9 of a server at work, again and again on one file: what it answered is true after every restart."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from tests.process.load import Agent, Line, Promises, start
from tests.process.server import LOGIN, Server

from pointsman.domain import facts
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.journal.envelope import decode
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.ids import random_sid
from pointsman.runtime.snapshots import FACTS_AT_STOP
from pointsman.settings import Settings

pytestmark = pytest.mark.process

ROUNDS = 50
DEEP_EVERY = 10
AGENTS = 6
STATUS_OF_ANSWER = {
    "created": ("pending", "reserved", "assigned", "wrapping", "completed", "canceled"),
    "completed": ("completed",),
}


class Centre(NamedTuple):
    """What the load works in."""

    workspace: str
    workers: list[str]
    capacities: dict[str, int]
    """By TaskChannel; those that are not here have 1."""


def open_centre(line: Line) -> Centre:
    """Agents with capacity 2 for chats; two of them are asked for each task, so that acceptances race."""

    def make(path: str, **fields: Any) -> Any:
        status, body = line.post(path, **fields)
        assert status in (200, 201), body
        return body

    workspace = make("/v1/Workspaces", FriendlyName="Crash")["sid"]
    base = f"/v1/Workspaces/{workspace}"
    available = next(row["sid"] for row in line.get(f"{base}/Activities")[1]["activities"] if row["available"])
    queue_sid = make(f"{base}/TaskQueues", FriendlyName="All", TargetWorkers="1==1", MaxReservedWorkers=2)["sid"]
    routing = json.dumps({"task_routing": {"default_filter": {"queue": queue_sid}}})
    make(f"{base}/Workflows", FriendlyName="Main", Configuration=routing, TaskReservationTimeout=3600)
    workers = [make(f"{base}/Workers", FriendlyName=f"Agent {n}", ActivitySid=available)["sid"] for n in range(AGENTS)]
    for worker in workers:
        channel = make(f"{base}/Workers/{worker}/Channels/chat", Capacity=2)
    return Centre(workspace, workers, {channel["task_channel_sid"]: 2})


class Auditor:
    """Reads the journal from outside and folds it by its own, simpler rules, and by the engine's."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre
        self.engine = WorkspaceEngine(centre.workspace, Settings(), random_sid)
        self.resumed = 0
        self.rescinded = 0
        self._channels: dict[str, str] = {}
        self._reservations: dict[str, facts.ReservationCreated] = {}
        self._open: Counter[tuple[str, str]] = Counter()
        self._accepted: dict[str, str] = {}
        self._done: set[tuple[str, str]] = set()

    def read_on(self, path: Path) -> None:
        """Everything that is new since the last call. The journal has no gap, or replay raises."""
        for row in asyncio.run(rows(path, self._centre.workspace, self.engine.head)):
            entry = decode(row.body)
            self.engine.replay(row.seq, entry)
            self._fold(entry.fact)

    def _fold(self, fact: Any) -> None:
        match fact:
            case facts.TaskCreated():
                self._channels[fact.sid] = fact.task_channel_sid
                self._done.add(("created", fact.sid))
            case facts.ReservationCreated():
                self._reservations[fact.sid] = fact
                self._take(fact)
            case facts.ReservationAccepted():
                task = self._reservations[fact.sid].task_sid
                assert task not in self._accepted, f"{task} was accepted by {self._accepted[task]} and by {fact.sid}"
                self._accepted[task] = fact.sid
                self._done.add(("accepted", fact.sid))
            case facts.ReservationClosed() | facts.ReservationCompleted():
                self.rescinded += isinstance(fact, facts.ReservationClosed) and fact.trigger == "rescind"
                self._open[self._place(self._reservations.pop(fact.sid))] -= 1
            case facts.TaskCompleted():
                self._done.add(("completed", fact.sid))
            case facts.WorkspaceResumed():
                self.resumed += 1

    def _place(self, reservation: facts.ReservationCreated) -> tuple[str, str]:
        return reservation.worker_sid, self._channels[reservation.task_sid]

    def _take(self, reservation: facts.ReservationCreated) -> None:
        place = self._place(reservation)
        self._open[place] += 1
        assert self._open[place] <= self._centre.capacities.get(place[1], 1), f"{place} is over its capacity"

    def check(self, promises: Promises) -> int:
        """Every answer's fact is there, how many."""
        promised = {(kind, sid) for kind in ("created", "accepted", "completed") for sid in getattr(promises, kind)}
        assert promised <= self._done, f"answered, but lost: {sorted(promised - self._done)}"
        assert not promises.wrong
        return len(promised)

    def compare(self, line: Line) -> None:
        """What the server shows is what the journal says."""
        base = f"/v1/Workspaces/{self._centre.workspace}"
        tables = self.engine.tables
        tasks = {
            row["sid"]: (row["assignment_status"], row["task_queue_sid"]) for row in everything(line, f"{base}/Tasks")
        }
        assert tasks == {task.sid: (task.status, task.task_queue_sid) for task in tables.tasks}
        for worker in self._centre.workers:
            shown = everything(line, f"{base}/Workers/{worker}/Reservations")
            assert {row["sid"]: row["reservation_status"] for row in shown} == {
                row.sid: row.status for row in tables.reservations if row.worker_sid == worker
            }


async def rows(path: Path, stream: str, after: int) -> list[Any]:
    """Rows of the stream, read beside the server."""
    journal = SqliteJournal(path, read_only=True)
    await journal.start()
    try:
        return await journal.read(stream, after, 10_000_000)
    finally:
        await journal.close()


async def last_snapshot(path: Path, stream: str) -> Any:
    journal = SqliteJournal(path, read_only=True)
    await journal.start()
    try:
        return await journal.latest_snapshot(stream)
    finally:
        await journal.close()


def everything(line: Line, path: str) -> list[Any]:
    """All pages of a list."""
    found: list[Any] = []
    page: str | None = f"{path}?PageSize=1000"
    while page is not None:
        status, body = line.get(page)
        assert status == 200, body
        found += body[body["meta"]["key"]]
        following = body["meta"]["next_page_url"]
        page = following and following[following.index("/v1/") :]
    return found


def check_shown(line: Line, workspace: str, promises: Promises, chance: random.Random) -> None:
    """Some of the answers of the last round, asked again: at least as far as they were."""
    for kind, allowed in STATUS_OF_ANSWER.items():
        sids = getattr(promises, kind)
        for sid in chance.sample(sids, min(5, len(sids))):
            status, body = line.get(f"/v1/Workspaces/{workspace}/Tasks/{sid}")
            assert status == 404 or body["assignment_status"] in allowed, (kind, body)


def merged(agents: list[Agent]) -> Promises:
    promises = Promises()
    for agent in agents:
        promises.created += agent.promises.created
        promises.accepted += agent.promises.accepted
        promises.completed += agent.promises.completed
        promises.wrong += agent.promises.wrong
        promises.raced += agent.promises.raced
    return promises


def loaded_and_killed(server: Server, centre: Centre, chance: random.Random) -> Promises:
    """A round of load that ends with the server's death."""
    agents = [Agent(server.url, LOGIN, centre.workspace, worker, chance.random()) for worker in centre.workers]
    threads = start(agents)
    time.sleep(chance.uniform(0.05, 0.4))  # the moment is the point: nothing is waited for
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    for thread in threads:
        thread.join(30)
        assert not thread.is_alive()
    return merged(agents)


def check_stopped(path: Path, auditor: Auditor) -> bool:
    """The tables that the server had at its end, if it stored them, are those of a replay from the first fact on.

    True if it did: a stop that has few facts behind the last snapshot stores none.
    """
    auditor.read_on(path)
    snapshot = asyncio.run(last_snapshot(path, auditor.engine.stream))
    behind = auditor.engine.head - (snapshot.seq if snapshot else 0)
    assert behind < FACTS_AT_STOP
    assert behind or snapshot.body == auditor.engine.snapshot()
    return behind == 0


def test_nothing_answered_is_lost_and_nothing_is_done_twice_by_kill_9(tmp_path: Path) -> None:
    path, chance, kept, raced, stored = tmp_path / "journal.db", random.Random(20), 0, 0, 0
    server = Server(path)
    centre = open_centre(Line(server.url, LOGIN))
    auditor = Auditor(centre)
    for number in range(1, ROUNDS + 1):
        promises = loaded_and_killed(server, centre, chance)
        server = Server(path)
        auditor.read_on(path)
        kept += auditor.check(promises)
        raced += promises.raced
        line = Line(server.url, LOGIN)
        check_shown(line, centre.workspace, promises, chance)
        if number % DEEP_EVERY == 0:
            auditor.compare(line)
            assert server.end(signal.SIGTERM) == 0
            stored += check_stopped(path, auditor)
            server = Server(path)
        line.close()
    assert server.end(signal.SIGKILL) == -signal.SIGKILL
    print(
        f"{kept} answers kept, {auditor.engine.head} facts, {raced} double acceptances, {auditor.rescinded} rescinded"
    )
    assert kept > 20 * ROUNDS and raced > ROUNDS and auditor.rescinded, "too little happened to prove anything"
    assert auditor.resumed >= ROUNDS and stored


def test_a_server_killed_while_it_starts_starts_the_next_time(tmp_path: Path) -> None:
    """On a new file, and on one that was just made."""
    chance = random.Random(21)
    for number in range(5):
        path = tmp_path / f"{number}.db"
        for _ in range(3):
            server = Server(path, wait=False)
            time.sleep(chance.uniform(0.15, 0.45))
            assert server.end(signal.SIGKILL) == -signal.SIGKILL
        server = Server(path)
        line = Line(server.url, LOGIN)
        status, body = line.get("/v1/Workspaces")
        assert (status, body["workspaces"]) == (200, [])
        line.close()
        assert server.end(signal.SIGTERM) == 0
