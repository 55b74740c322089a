"""Writes a golden journal: a history with every kind of fact, as this version stores it, and the tables it leads to.

From the repository's root: `python -m tests.journal.golden.make_golden v2` writes v2.jsonl and v2.snapshot.json here.
A file that is there is never written again: the journals it stands for lie on people's disks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec

from pointsman.domain.entry import SYSTEM, Origin
from pointsman.domain.facts import AnyFact
from pointsman.domain.limits import ASSIGNED_MOST_SECONDS, SECOND
from pointsman.engine.account import accounts, keys
from pointsman.engine.core.stream import StreamEngine
from pointsman.engine.core.timers import Timer
from pointsman.engine.workspace import (
    activities,
    assignments,
    presence,
    reservations,
    task_channels,
    task_queues,
    tasks,
    transfers,
    worker_channels,
    workers,
    workflows,
    workspaces,
)
from pointsman.journal.envelope import encode
from pointsman.runtime.engines import engine_for
from pointsman.runtime.ids import SeededIds
from pointsman.settings import Settings

T = TypeVar("T")
HERE = Path(__file__).parent
BIRTH = 1_767_225_600 * SECOND
"""2026-01-01, 00:00 UTC."""
ACCOUNT, CENTRE, CLOSED = "AC" + "1" * 32, "WS" + "1" * 32, "WS" + "2" * 32
AGENT = Origin("SK" + "1" * 32, "api", "192.0.2.1", "golden")


class Line(msgspec.Struct):
    """A line of a golden journal."""

    stream: str
    seq: int
    at: int
    row: msgspec.Raw


class Story:
    """One stream's history. Times are seconds since BIRTH."""

    def __init__(self, stream: str) -> None:
        self.engine = engine_for(stream, Settings(), SeededIds(len(stream)))
        self.lines: list[Line] = []
        self.kinds: set[type] = set()
        self.now = 0.0

    def do(self, command: Callable[..., T], *args: Any, **kw: Any) -> T:
        """A command at the present; everything comes to rest."""
        self.engine.begin(BIRTH + round(self.now * SECOND), AGENT)
        answer = command(self.engine, *args, **kw)
        self._rest()
        return answer

    def wait(self, seconds: float) -> None:
        """Every timer on the way fires at its time."""
        self.now += seconds
        end = BIRTH + round(self.now * SECOND)
        while (due := self.engine.next_due()) is not None and due <= end:
            self.engine.run_due(due, 1)
            self._rest()

    def restart(self, pause: float) -> None:
        """No process runs for so long."""
        down_since = BIRTH + round(self.now * SECOND)
        self.now += pause
        self.engine.begin(BIRTH + round(self.now * SECOND), SYSTEM)
        self.engine.resume(down_since)
        self._rest()

    def _rest(self) -> None:
        while not self.engine.settle(64):
            pass
        entries = self.engine.take()
        for seq, entry in enumerate(entries, self.engine.head - len(entries) + 1):
            self.lines.append(Line(self.engine.stream, seq, entry.at, msgspec.Raw(encode(entry))))
            self.kinds.add(type(entry.fact))


def an_account() -> Story:
    story = Story(ACCOUNT)
    story.do(accounts.create, sid=ACCOUNT, auth_token="not-a-secret", friendly_name="Example Ltd")
    story.do(keys.create, friendly_name="kept")
    gone = story.do(keys.create, friendly_name="gone").sid
    story.wait(60)
    story.do(keys.delete, gone)
    return story


def a_closed_workspace() -> Story:
    """Single-tasking, from the template; deleted with all that is in it."""
    story = Story(CLOSED)
    story.do(
        workspaces.create,
        sid=CLOSED,
        account_sid=ACCOUNT,
        friendly_name="Pilot",
        multi_task_enabled=False,
        template="FIFO",
    )
    idle = next(row.sid for row in story.engine.tables.activities if row.available)
    story.do(workers.create, friendly_name="Ann", activity_sid=idle)
    task = story.do(tasks.create)
    story.do(reservations.update, task.reservations[0], reservation_status="accepted")
    story.do(workspaces.delete)
    return story


class Centre:
    """A multitasking workspace, told chapter by chapter."""

    def __init__(self) -> None:
        self.story = Story(CENTRE)
        self.do = self.story.do
        self.wait = self.story.wait
        self.settings()
        self.queues_and_workflows()
        self.staff()

    @property
    def tables(self) -> Any:
        return self.story.engine.tables  # type: ignore[attr-defined]

    def settings(self) -> None:
        self.do(workspaces.create, sid=CENTRE, account_sid=ACCOUNT, friendly_name="Centre")
        self.do(
            workspaces.update,
            friendly_name="Service Centre",
            event_callback_url="https://hooks.example.com/events",
            events_filter="task.created,reservation.accepted",
            prioritize_queue_order="LIFO",
        )
        self.available = next(row.sid for row in self.tables.activities if row.available)
        self.lunch = self.do(activities.create, friendly_name="Lunch").sid
        self.do(activities.update, self.lunch, friendly_name="Mittagspause ☕")
        self.do(activities.delete, self.do(activities.create, friendly_name="Never").sid)
        self.do(workspaces.update, timeout_activity_sid=self.lunch)
        self.fax = self.do(task_channels.create, friendly_name="Fax", unique_name="fax").sid
        self.do(task_channels.update, self.fax, friendly_name="Telefax", channel_optimized_routing=True)
        self.do(task_channels.delete, self.do(task_channels.create, friendly_name="Pager", unique_name="pager").sid)

    def queues_and_workflows(self) -> None:
        queue = task_queues.create
        self.skilled = self.do(queue, friendly_name="Skilled", target_workers="skills HAS 'de'").sid
        self.everyone = self.do(queue, friendly_name="Everyone", target_workers="1==2", max_reserved_workers=2).sid
        self.do(task_queues.update, self.everyone, target_workers="1==1", task_order="LIFO")
        self.do(task_queues.delete, self.do(queue, friendly_name="Never").sid)
        self.configuration = self.routing(60)
        self.workflow = self.do(
            workflows.create,
            friendly_name="Main",
            configuration=self.configuration,
            assignment_callback_url="https://hooks.example.com/assign",
        ).sid
        other = self.do(workflows.create, friendly_name="Never", configuration=self.routing(1)).sid
        self.do(workflows.delete, other)

    def routing(self, timeout: int) -> str:
        targets = [
            {"queue": self.skilled, "expression": "task.lang IN worker.skills", "timeout": timeout, "priority": 5},
            {"queue": self.everyone, "timeout": 2 * timeout, "order_by": "worker.level DESC"},
        ]
        filters = [{"filter_friendly_name": "Language", "expression": "lang != 'none'", "targets": targets}]
        skipping = {"queue": self.everyone, "skip_if": "workers.available == 0"}
        filters.append({"filter_friendly_name": "Skips", "expression": "skip == 1", "targets": [skipping]})
        return json.dumps({"task_routing": {"filters": filters, "default_filter": {"queue": self.everyone}}})

    def staff(self) -> None:
        self.agents = [
            self.do(workers.create, friendly_name=name, attributes=json.dumps({"skills": skills, "level": level})).sid
            for name, skills, level in (("Bea", ["de"], 1), ("Cem", ["en"], 2), ("Dov", ["fr"], 3))
        ]
        for agent in self.agents[:2]:
            self.do(workers.update, agent, activity_sid=self.available)
        self.do(worker_channels.update, self.agents[0], "default", capacity=3)
        self.do(worker_channels.update, self.agents[1], "fax", available=False)
        self.do(workers.update, self.agents[1], attributes='{"skills":["en","es"],"level":2}', friendly_name="Cem Ö.")
        self.do(workers.delete, self.do(workers.create, friendly_name="Never").sid)

    def task(self, lang: str, **kw: Any) -> Any:
        return self.do(tasks.create, attributes=json.dumps({"lang": lang, "customer": "Zoë"}), **kw)

    def answer(self, task: Any, status: str, **kw: Any) -> None:
        """What the task's latest open reservation is told."""
        self.do(reservations.update, task.open_reservations[0], reservation_status=status, **kw)

    def good_ends(self) -> None:
        by_task, by_reservation = self.task("de"), self.task("de", priority=3)
        for task in (by_task, by_reservation):
            self.answer(task, "accepted")
        self.wait(30)
        self.do(tasks.update, by_task.sid, assignment_status="wrapping", reason="talked")
        self.answer(by_reservation, "wrapping")
        self.wait(30)
        self.do(tasks.update, by_task.sid, assignment_status="completed", reason="done")
        self.answer(by_reservation, "completed")
        self.wait(301)  # nobody can read them any more

    def other_ends(self) -> None:
        """Rejected, timed out, rescinded, canceled; over the TTL, out of the workflow, deleted."""
        task = self.task("de")
        self.answer(task, "rejected", worker_activity_sid=self.lunch)
        self.wait(70)
        self.do(tasks.update, task.sid, assignment_status="canceled")
        self.do(workers.update, self.agents[0], activity_sid=self.available)
        both = self.task("xx")
        self.wait(61)  # into Everyone, two at a time
        self.answer(both, "accepted")
        self.do(tasks.update, both.sid, assignment_status="completed")
        self.task("de", timeout=20)
        self.wait(200)  # reservations time out, and their workers go to lunch
        for agent in self.agents[:2]:
            self.do(workers.update, agent, activity_sid=self.available)
        self.wait(200)
        doomed = self.task("de")
        self.do(tasks.update, doomed.sid, assignment_status="canceled", reason="hung up")
        self.do(tasks.delete, self.task("de").sid)
        self.do(tasks.create, attributes='{"lang":"none"}', routing_target=self.agents[2], ignore_capacity=False)
        self.do(tasks.create, attributes='{"lang":"none"}', routing_target=self.skilled)

    def changes(self) -> None:
        """While tasks wait: attributes, order, a new version of the workflow, a pause of the server, a stuck timer."""
        for agent in self.agents[:2]:
            self.do(workers.update, agent, activity_sid=self.lunch, reject_pending_reservations=True)
        waiting = [self.task("fr", virtual_start_time=BIRTH, task_channel=self.fax), self.task("de"), self.task("es")]
        self.do(tasks.update, waiting[0].sid, priority=9, virtual_start_time=BIRTH + SECOND, task_channel="chat")
        self.do(tasks.update, waiting[2].sid, attributes='{"lang":"none","skip":0}')
        self.do(tasks.create, attributes='{"lang":"none","skip":1}')
        self.do(
            workflows.update,
            self.workflow,
            configuration=self.routing(900),
            task_reservation_timeout=45,
            fallback_assignment_callback_url="https://hooks.example.com/other",
            re_evaluate_tasks=True,
        )
        self.do(workers.update, self.agents[0], activity_sid=self.available)
        self.wait(5)
        self.story.restart(600)
        self.do(lambda engine: engine.park(Timer(engine.now, 1, "ttl", waiting[1].sid), "RuntimeError: example"))

    def forgotten(self) -> None:
        """A task that stays assigned for too long."""
        task = next(row for row in self.tables.tasks if row.open_reservations)
        self.answer(task, "accepted")
        self.wait(ASSIGNED_MOST_SECONDS)

    def passed_on(self) -> None:
        """Transfers to workers and to queues, and every way they end."""
        for agent in self.agents[:2]:
            self.do(workers.update, agent, activity_sid=self.available)
        self.do(worker_channels.update, self.agents[0], "video", capacity=2)
        task = self.task("de", task_channel="video")
        self.answer(task, "accepted")
        own = task.reservations[0]
        self.transfer(task, own, self.agents[1], attributes='{"lang":"en"}', priority=8)
        self.let_go(task)
        self.do(transfers.cancel, self.agents[0], self.transfer(task, own, self.everyone))
        self.transfer(task, own, self.everyone, mode="COLD")  # two at once
        self.let_go(task)
        self.let_go(task)
        self.do(reservations.update, task.reservations[-1], reservation_status="accepted")
        self.do(reservations.update, own, reservation_status="completed")
        self.answer(task, "completed")

    def transfer(self, task: Any, sid: str, to: str, **kw: Any) -> str:
        holder = self.tables.reservations[sid].worker_sid
        return self.do(transfers.initiate, holder, reservation_sid=sid, task_sid=task.sid, to=to, **kw).sid

    def let_go(self, task: Any) -> None:
        """Somebody rejects the task."""
        pending = [sid for sid in task.open_reservations if self.tables.reservations[sid].status == "pending"]
        self.do(reservations.update, pending[0], reservation_status="rejected")

    def sockets(self) -> None:
        """One agent comes back, one is moved by default, one to where the socket wished."""
        for agent in self.agents[:2]:
            self.do(workers.update, agent, activity_sid=self.available, reject_pending_reservations=False)
        self.do(presence.connected, self.agents[0], offline=True)
        self.do(presence.connected, self.agents[1], offline=True)
        self.do(presence.connected, self.agents[2], disconnect_activity_sid=self.lunch)
        for agent in self.agents:
            self.do(presence.disconnected, agent)
        self.wait(5)
        self.do(presence.connected, self.agents[0])
        self.wait(60)

    def callbacks(self) -> None:
        """Every outcome, with an alert that is counted, and one that is raised anew."""
        self.do(workers.update, self.agents[1], activity_sid=self.available)
        refused = assignments.Complaint(11200, "The connection was refused", "https://hooks.example.com/assign")
        unclear = assignments.Complaint(40005, "No instruction", "https://hooks.example.com/assign")
        for outcome, complaints in (
            ("manual", ()),
            ("cancel", (refused, refused)),
            ("failed", (refused,)),
            ("invalid", (unclear,)),
            ("reject", ()),
            ("accept", ()),
        ):
            task = self.task("en", task_channel="sms", routing_target=self.agents[1])
            self.wait(61 if outcome == "failed" else 1)
            sid = task.open_reservations[0]
            self.do(assignments.answer, sid, outcome, workflow_sid=self.workflow, complaints=complaints)
            self.do(tasks.delete, task.sid)

    def left_as_they_are(self) -> None:
        """One task in each state at the end, one that was let go once, and a last pause of the server."""
        for agent in self.agents:
            self.do(workers.update, agent, activity_sid=self.available)
        self.do(worker_channels.update, self.agents[0], "sms", capacity=5)
        for status in ((), ("accepted",), ("accepted", "wrapping"), ("accepted", "completed")):
            task = self.task("de", task_channel="sms")
            for word in status:
                self.answer(task, word)
        self.do(tasks.update, self.task("de", task_channel="sms").sid, assignment_status="canceled")
        for to in (self.agents[1], self.skilled):  # under way
            task = self.task("de", task_channel="sms")
            self.answer(task, "accepted")
            self.transfer(task, task.reservations[0], to)
        self.task("none", task_channel=self.fax)
        self.answer(self.task("de", task_channel="video"), "rejected")
        self.wait(5)
        self.story.restart(600)


def a_centre() -> Story:
    centre = Centre()
    centre.good_ends()
    centre.other_ends()
    centre.changes()
    centre.forgotten()
    centre.passed_on()
    centre.sockets()
    centre.callbacks()
    centre.left_as_they_are()
    return centre.story


def tables_of(engine: StreamEngine) -> Any:
    return msgspec.json.decode(engine.snapshot())


def main(name: str, folder: Path = HERE) -> None:
    """Write the files. Raises FileExistsError, and ValueError if the history lacks a kind of fact."""
    stories = [an_account(), a_centre(), a_closed_workspace()]
    if missing := set(get_args(AnyFact)) - {kind for story in stories for kind in story.kinds}:
        raise ValueError(f"no story tells of {sorted(kind.__name__ for kind in missing)}")
    lines = [line for story in stories for line in story.lines]
    with open(folder / f"{name}.jsonl", "xb") as journal, open(folder / f"{name}.snapshot.json", "xb") as snapshot:
        journal.writelines(msgspec.json.encode(line) + b"\n" for line in lines)
        tables = {story.engine.stream: tables_of(story.engine) for story in stories}
        snapshot.write(msgspec.json.format(msgspec.json.encode(tables), indent=1) + b"\n")


if __name__ == "__main__":
    main(sys.argv[1])
