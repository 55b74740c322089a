"""The audit: every figure of every statistics resource equals a plain recount of the Events resource.

A random contact centre runs for some days under the virtual clock. In the middle the server's files are copied as they
are, as a crash would leave them, and a server on the copy goes on. POINTSMAN_AUDIT_LIVES=50000 makes it long.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pointsman.history import chronicle, file_statements, history, index

from .audit_recount import Event, Recount, waits
from .audit_world import CHANNELS, TEAMS, WORKSPACE, World
from .rest_live import SETTINGS, Live, live_server

LIVES = int(os.environ.get("POINTSMAN_AUDIT_LIVES", "1200"))
WINDOWS = 20
PATH = f"/v1/Workspaces/{WORKSPACE}"
OF_WORKSPACE = {"tasks_created": "task.created", "tasks_timed_out_in_workflow": "workflow.timeout"}
OF_WORKFLOW = {"tasks_entered": "workflow.entered", "tasks_timed_out_in_workflow": "workflow.timeout"}
OF_QUEUE = {"tasks_entered": "task-queue.entered"}


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a short audit stores several runs and eras, too."""
    for module in (chronicle, history, index):
        monkeypatch.setattr(module, "RUN", 1024)
    monkeypatch.setattr(file_statements, "ERA", 3)


def test_statistics_are_what_the_events_say(tmp_path: Path) -> None:
    first, second = replace(SETTINGS, data=str(tmp_path / "one.db")), replace(SETTINGS, data=str(tmp_path / "two.db"))
    with live_server(first) as live:
        world = World(live.application.node, seed=7, planned=LIVES)
        live.run(world.found())
        play(live, world, LIVES // 2)
        Audit(live, seed=1).check(WINDOWS // 4)
        play(live, world, LIVES // 2 + 50)
        for path in tmp_path.glob("one.db*"):
            if path.suffix != ".lock":
                shutil.copy(path, tmp_path / path.name.replace("one", "two"))
    with live_server(second) as live:
        world.node = live.application.node
        Audit(live, seed=2).check(WINDOWS // 4)
        play(live, world, LIVES)
        Audit(live, seed=3).check(WINDOWS)


def test_a_history_that_is_lost_is_made_again(tmp_path: Path) -> None:
    settings = replace(SETTINGS, data=str(tmp_path / "one.db"))
    with live_server(settings) as live:
        world = World(live.application.node, seed=8, planned=400)
        live.run(world.found())
        play(live, world, 400)
    for path in tmp_path.glob("one.db-history*"):
        path.unlink()
    with live_server(settings) as live:
        Audit(live, seed=4).check(3)


def play(live: Live, world: World, lives: int) -> None:
    """In parts, because a call onto the server's loop is given up after half a minute."""
    while world.lives < lives:
        live.run(world.play(min(lives, world.lives + 200)))


class Audit:
    def __init__(self, live: Live, seed: int) -> None:
        self.live = live
        self.random = random.Random(seed)
        self.now_ms = live.application.node.clock.now() // 1000
        self.begin = self.now_ms // 1000 - 29 * 86_400
        events = [*self.events()]
        events.reverse()
        self.born = events[0]["event_date_ms"] // 1000
        self.recount = Recount(events)
        self.rows = {noun: self.get(f"{noun}?PageSize=1000")[key] for noun, key in LISTS.items()}
        self.channels = {row["unique_name"]: row["sid"] for row in self.rows["TaskChannels"]}

    def get(self, place: str) -> Any:
        answer = self.live.call("GET", place if place.startswith("http") else f"{PATH}/{place}")
        assert answer.status == 200, (place, answer)
        return answer.body

    def events(self) -> Iterator[Event]:
        """All there are, newest first."""
        url = f"Events?StartDate={iso(self.begin)}&PageSize=1000"
        while url is not None:
            page = self.get(url)
            for event in page["events"]:
                data = {name: text for name, text in event["event_data"].items() if name in COUNTED}
                yield {name: event[name] for name in ("sid", "event_type", "event_date_ms")} | {"event_data": data}
            url = page["meta"]["next_page_url"]

    def check(self, windows: int) -> None:
        self.check_real_time(None)
        self.check_real_time(self.random.choice(CHANNELS))
        for number in range(windows):
            since, until = sorted(self.random.randint(self.born - 100, self.now_ms // 1000) for _ in range(2))
            if number == 0:
                since, until = self.begin, self.now_ms // 1000
            splits = sorted({self.random.randint(0, 90) for _ in range(3)})
            self.check_window(since, until, splits, self.random.choice([None, None, *CHANNELS]))

    # -- cumulative

    def check_window(self, since: int, until: int, splits: list[int], channel: str | None) -> None:
        query = f"?StartDate={iso(since)}&EndDate={iso(until)}&PageSize=1000"
        query += f"&TaskChannel={channel}" if channel else ""
        split = "&SplitByWaitTime=" + ",".join(map(str, splits))

        def of(**data: str) -> Any:
            wanted = data | ({"task_channel_unique_name": channel} if channel else {})
            return lambda shown: all(shown.get(name) == value for name, value in wanted.items())

        count = self.recount
        self.same("", query + split, count.tasks(since, until, of(), splits, OF_WORKSPACE))
        for row in self.rows["Workflows"]:
            expected = count.tasks(since, until, of(workflow_sid=row["sid"]), splits, OF_WORKFLOW)
            self.same(f"Workflows/{row['sid']}/", query + split, expected)
        listed = {item["task_queue_sid"]: item for item in self.get(f"TaskQueues/Statistics{query}{split}")[KEY]}
        for row in self.rows["TaskQueues"]:
            keep = of(task_queue_sid=row["sid"])
            expected = count.tasks(since, until, keep, splits, OF_QUEUE)
            expected["wait_duration_in_queue_until_accepted"] = count.waited_in_queue(since, until, keep)
            self.same(f"TaskQueues/{row['sid']}/", query + split, expected)
            alike(listed[row["sid"]]["cumulative"], expected)
        everyone = count.reservations(count.window(since, until, of()))
        for body in (self.get("Workers/CumulativeStatistics" + query), self.get("Workers/Statistics" + query)):
            shown = body.get("cumulative", body)
            alike(shown, everyone)
            self.same_durations(shown, count.durations(since, until))
        for row in self.random.sample(self.rows["Workers"], 3):
            body = self.get(f"Workers/{row['sid']}/Statistics{query}")["cumulative"]
            alike(body, count.reservations(count.window(since, until, of(worker_sid=row["sid"]))))
            self.same_durations(body, count.durations(since, until, row["sid"]))

    def same(self, place: str, query: str, expected: dict[str, Any]) -> None:
        """The cumulative resource, and the cumulative part of the combined one."""
        alike(self.get(f"{place}CumulativeStatistics{query}"), expected)
        alike(self.get(f"{place}Statistics{query}")["cumulative"], expected)

    def same_durations(self, shown: dict[str, Any], expected: dict[str, dict[str, int]]) -> None:
        durations = {row["sid"]: row for row in shown["activity_durations"]}
        assert durations.keys() == {row["sid"] for row in self.rows["Activities"]}
        for sid, row in durations.items():
            alike(row, expected.get(sid, waits([])))

    # -- real-time

    def check_real_time(self, channel: str | None) -> None:
        query = f"?TaskChannel={channel}" if channel else ""
        places = [("", {}, None)]
        places += [(f"Workflows/{row['sid']}/", {"workflow_sid": row["sid"]}, None) for row in self.rows["Workflows"]]
        teams = zip(TEAMS, self.rows["TaskQueues"], strict=True)
        places += [(f"TaskQueues/{row['sid']}/", {"task_queue_sid": row["sid"]}, team) for team, row in teams]
        for place, wanted, team in places:
            wanted = wanted | ({"task_channel_unique_name": channel} if channel else {})
            expected = self.recount.standing(
                self.now_ms, lambda data, wanted=wanted: all(data.get(key) == value for key, value in wanted.items())
            )
            for name in ("RealTimeStatistics", "Statistics"):
                body = self.get(f"{place}{name}{query}")
                shown = body.get("realtime", body)
                alike(shown, {key: value for key, value in expected.items() if key in shown})
                assert shown["longest_task_waiting_sid"] in (expected["waiting"] or {None})
                if place[:9] != "Workflows":
                    self.same_workers(shown, self.recount.workers(team))
                if team is not None:
                    assert shown["total_eligible_workers"] == sum(self.recount.workers(team).values())
        self.same_workers(self.get("Workers/RealTimeStatistics"), self.recount.workers())

    def same_workers(self, shown: dict[str, Any], expected: dict[str, int]) -> None:
        assert {row["sid"]: row["workers"] for row in shown["activity_statistics"]} == {
            row["sid"]: expected.get(row["sid"], 0) for row in self.rows["Activities"]
        }


KEY = "task_queues_statistics"
COUNTED = {
    "task_sid",
    "task_age",
    "task_priority",
    "task_assignment_status",
    "task_queue_sid",
    "task_channel_unique_name",
    "task_transfer_sid",
    "workflow_sid",
    "worker_sid",
    "worker_activity_sid",
    "worker_attributes",
}
"""What a count looks at: tens of thousands of lives are a lot of text."""
LISTS = {
    "Workflows": "workflows",
    "TaskQueues": "task_queues",
    "Workers": "workers",
    "Activities": "activities",
    "TaskChannels": "channels",
}


def iso(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def alike(shown: dict[str, Any], expected: dict[str, Any]) -> None:
    """Everything that was expected is shown; an average may be shown with more digits."""
    for key, value in expected.items():
        given = shown[key]
        assert value == (int(given + 0.5) if isinstance(given, float) else given), (key, value, given)
