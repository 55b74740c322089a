"""Statistics as the official client reads them, and requests that make no sense."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from pointsman.operations import statistics_views

from .rest_live import Live
from .served import Floor
from .statistics_shapes import ACTIVITIES, HEADING, QUEUE_BULK, combined, cumulative, mismatches, real_time

SPLIT = "5,10"


class Stage:
    """Ann and Bob, two queues, and a task accepted after 7 seconds while another waits."""

    def __init__(self, floor: Floor) -> None:
        self.floor, self.live = floor, floor.live
        self.ann, self.bob = floor.worker("Ann", "Available"), floor.worker("Bob", team="none")
        self.queue, self.other = floor.queue("Queue"), floor.queue("Other", "team == 'none'")
        self.workflow = floor.workflow(default=self.queue)
        self.task, self.waiting = floor.task(self.workflow), floor.task(self.workflow)
        floor.advance(7)
        self.task.reservations(self.task.reservations.list()[0].sid).update(reservation_status="accepted")
        floor.advance(3)

    def get(self, place: str, **query: Any) -> Any:
        answer = self.live.call("GET", f"{self.floor.path}/{place}?" + "&".join(f"{k}={v}" for k, v in query.items()))
        assert answer.status == 200, answer
        return answer.body


@pytest.fixture
def stage(floor: Floor) -> Stage:
    return Stage(floor)


def test_every_field_of_the_samples_is_there_with_its_type(stage: Stage) -> None:
    places = {"": "workspace", f"Workflows/{stage.workflow}/": "workflow", f"TaskQueues/{stage.queue}/": "queue"}
    sids: dict[str, dict[str, type]] = {"queue": {"task_queue_sid": str}, "workflow": {"workflow_sid": str}}
    for place, of in [*places.items(), ("Workers/", "workers")]:
        more = sids.get(of, {})
        for name, shape in (
            ("Statistics", combined(of)),
            ("RealTimeStatistics", real_time(of)),
            ("CumulativeStatistics", cumulative(of)),
        ):
            body = stage.get(place + name, SplitByWaitTime=SPLIT)
            assert mismatches(shape | more, body) == []
            assert body["url"].endswith(f"{stage.floor.path}/{place}{name}")
    one = {key: HEADING[key] for key in HEADING} | {"worker_sid": str, "cumulative": combined("workers")["cumulative"]}
    assert mismatches(one, stage.get(f"Workers/{stage.ann}/Statistics")) == []
    item = {key: kind for key, kind in combined("queue").items() if key != "url"} | {"task_queue_sid": str}
    listed = stage.get("TaskQueues/Statistics", SplitByWaitTime=SPLIT, FriendlyName="Queue")
    assert mismatches([item], listed["task_queues_statistics"]) == [] and len(listed["task_queues_statistics"]) == 1


def test_the_official_client_reads_them(stage: Stage) -> None:
    api = stage.floor.api
    queue, flow = api.task_queues(stage.queue), api.workflows(stage.workflow)
    assert api.real_time_statistics().fetch().total_tasks == 2
    assert api.cumulative_statistics().fetch(split_by_wait_time=SPLIT).avg_task_acceptance_time == 7
    assert api.statistics().fetch(minutes=60).cumulative["tasks_created"] == 2
    shown = queue.real_time_statistics().fetch()
    assert (shown.total_eligible_workers, shown.total_available_workers) == (1, 1)
    assert (shown.longest_task_waiting_sid, shown.longest_task_waiting_age) == (stage.waiting._solution["sid"], 10)
    counted = queue.cumulative_statistics().fetch(split_by_wait_time=SPLIT)
    assert counted.split_by_wait_time["5"]["above"] == {"tasks_canceled": 0, "reservations_accepted": 1}
    assert counted.split_by_wait_time["10"]["below"] == {"tasks_canceled": 0, "reservations_accepted": 1}
    assert counted.wait_duration_until_accepted == {"avg": 7, "min": 7, "max": 7, "total": 7}
    assert queue.statistics().fetch().realtime["total_tasks"] == 2
    assert flow.real_time_statistics().fetch().tasks_by_status["assigned"] == 1
    assert flow.cumulative_statistics().fetch().tasks_entered == 2
    assert flow.statistics().fetch().cumulative["reservations_accepted"] == 1
    assert [each.task_queue_sid for each in api.task_queues.statistics.list()] == [stage.queue, stage.other]
    assert api.workers.statistics().fetch().realtime["total_workers"] == 2
    assert api.workers.real_time_statistics().fetch().total_workers == 2
    assert api.workers.cumulative_statistics().fetch().reservations_created == 1
    assert api.workers(stage.ann).statistics().fetch().cumulative["reservations_accepted"] == 1
    body = SimpleNamespace(to_dict=lambda: {"queueSids": [stage.queue, stage.other]})
    assert api.task_queues.bulk_real_time_statistics.create(body=body).task_queue_response_count == 2


def test_the_whole_thirty_days_can_be_counted_from_the_events(stage: Stage) -> None:
    """Dates are whole seconds, so such a window begins a little before the thirtieth day."""
    stage.floor.advance(0.7)
    shown = stage.get("CumulativeStatistics", Minutes=43_200)
    events = stage.get("Events", StartDate=shown["start_time"], EndDate=shown["end_time"], EventType="task.created")
    assert len(events["events"]) == shown["tasks_created"] == 2


def test_others_are_served_while_many_waits_are_counted(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    count, loop = statistics_views.cumulative, stage.live.loop

    def counting(*args: Any) -> Any:
        turned = Event()
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(5), "the loop stands still"
        return count(*args)

    monkeypatch.setattr(statistics_views, "cumulative", counting)
    assert stage.get("TaskQueues/Statistics")["task_queues_statistics"][0]["cumulative"]["tasks_entered"] == 2
    assert stage.get("CumulativeStatistics")["tasks_created"] == 2


def test_many_queues_at_once(stage: Stage) -> None:
    unknown = "WQ" + "0" * 32
    for name in ("queueSids", "QueueSids"):
        answer = bulk(stage, {name: [stage.queue, unknown]})
        assert answer.status == 200
        known, zeros = answer.body["task_queue_data"]
        assert mismatches(QUEUE_BULK | {"task_queue_sid": str}, known) == []
        assert zeros["total_tasks"] == zeros["total_eligible_workers"] == 0
        assert mismatches(ACTIVITIES, zeros["activity_statistics"]) == []


def bulk(stage: Stage, body: Any) -> Any:
    path = f"{stage.floor.path}/TaskQueues/RealTimeStatistics"
    return stage.live.call("POST", path, json.dumps(body).encode(), {"Content-Type": "application/json"})


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ({}, "1 to 50"),
        ([], "JSON object"),
        ({"queueSids": []}, "1 to 50"),
        ({"queueSids": ["WQ" + "0" * 32] * 51}, "has 51"),
        ({"queueSids": ["WQ1"]}, "invalid format"),
        ({"queueSids": [7]}, "invalid format"),
        ({"queueSids": "WQ"}, "1 to 50"),
    ],
)
def test_a_bulk_call_that_is_wrong(stage: Stage, body: Any, says: str) -> None:
    answer = bulk(stage, body)
    assert answer.status == 400 and says in answer.body["message"]


def at(live: Live, **shift: int) -> str:
    now = datetime.fromtimestamp(live.application.node.clock.now() / 1e6, UTC)
    return (now + timedelta(**shift)).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_windows_that_make_no_sense_are_refused_with_the_reason(floor: Floor) -> None:
    live = floor.live
    refused: list[tuple[dict[str, Any], int, str]] = [
        ({"StartDate": "yesterday"}, 20001, "ISO 8601"),
        ({"EndDate": "2026-13-01"}, 20001, "ISO 8601"),
        ({"Minutes": "ten"}, 20001, "whole number"),
        ({"Minutes": 0}, 20001, "between 1 and 43200"),
        ({"Minutes": 43_201}, 20001, "between 1 and 43200"),
        ({"Minutes": 5, "StartDate": at(live, hours=-1)}, 20001, "together"),
        ({"Minutes": 5, "EndDate": at(live)}, 20001, "together"),
        ({"StartDate": at(live), "EndDate": at(live, hours=-1)}, 20001, "later than EndDate"),
        ({"StartDate": at(live, hours=1)}, 20001, "later than now"),
        ({"StartDate": at(live, days=-31)}, 14241, "30 days"),
        ({"EndDate": at(live, days=-31)}, 14241, "30 days"),
        ({"SplitByWaitTime": "5,x"}, 20001, "whole seconds"),
        ({"SplitByWaitTime": "-5"}, 20001, "whole seconds"),
        ({"SplitByWaitTime": ",".join(map(str, range(101)))}, 20001, "more than 100"),
        ({"TaskChannel": "pigeon"}, 20001, "does not exist"),
    ]
    for query, code, says in refused:
        text = "&".join(f"{name}={value}" for name, value in query.items())
        for place in ("Statistics", "Workers/CumulativeStatistics", "TaskQueues/Statistics"):
            answer = live.call("GET", f"{floor.path}/{place}?{text}")
            assert (answer.status, answer.body["code"]) == (400, code), (query, answer.body)
            assert says in answer.body["message"]
    whole = live.call("GET", f"{floor.path}/Statistics?StartDate={at(live, days=-30)}&EndDate={at(live)}")
    assert whole.status == 200


def test_what_is_not_there(floor: Floor) -> None:
    nobody = {"TaskQueues": "WQ", "Workflows": "WW", "Workers": "WK"}
    for noun, prefix in nobody.items():
        answer = floor.live.call("GET", f"{floor.path}/{noun}/{prefix}{'0' * 32}/Statistics")
        assert (answer.status, answer.body["code"]) == (404, 20404)
    answer = floor.live.call("GET", f"/v1/Workspaces/WS{'0' * 32}/Statistics")
    assert (answer.status, answer.body["code"]) == (404, 20404)


def test_workers_by_queue_name_and_activity(stage: Stage) -> None:
    def workers(**query: Any) -> tuple[int, int]:
        body = stage.get("Workers/Statistics", **query)
        return body["realtime"]["total_workers"], body["cumulative"]["reservations_accepted"]

    assert workers() == (2, 1)
    assert workers(TaskQueueSid=stage.queue) == (1, 1)
    assert workers(TaskQueueName="Other") == (1, 0)
    assert workers(TaskQueueName="Nowhere") == (0, 0)
    assert workers(FriendlyName="Ann") == (1, 1) and workers(FriendlyName="Bob") == (1, 0)
    assert workers(ActivityName="Available") == (1, 1) and workers(ActivityName="Offline") == (1, 0)
    assert workers(TaskChannel="voice") == (2, 0)


def test_time_in_activities_is_cut_at_the_windows_ends(floor: Floor) -> None:
    worker = floor.worker("Ann")
    start = at(floor.live)
    floor.advance(10)
    floor.move(worker, "Available")
    floor.advance(20)
    floor.move(worker, "Offline")
    floor.advance(30)

    def spent(**query: Any) -> dict[str, tuple[int, int]]:
        cumulative = floor.api.workers(worker).statistics().fetch(**query).cumulative
        return {each["friendly_name"]: (each["total"], each["avg"]) for each in cumulative["activity_durations"]}

    assert spent(minutes=5) == {"Offline": (40, 20), "Available": (20, 20), "Unavailable": (0, 0)}
    begin = datetime.strptime(start, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    cut = spent(start_date=begin + timedelta(seconds=4), end_date=begin + timedelta(seconds=25))
    assert cut == {"Offline": (6, 6), "Available": (15, 15), "Unavailable": (0, 0)}


def test_the_worked_example_of_the_page(floor: Floor) -> None:
    """docs/STATISTICS.md: moved after 20 s, offered at 21.2, timed out at 36.2, accepted at 41.9 by another worker."""
    ann, bob = floor.worker("Ada"), floor.worker("Bob")
    first, support = floor.queue("First line", "team == 'none'"), floor.queue("Support")
    targets = [{"queue": first, "timeout": 20}, {"queue": support}]
    workflow = floor.workflow({"expression": "1==1", "targets": targets}, task_reservation_timeout=15)
    floor.live.run(_to_whole_second(floor))
    begin = datetime.fromtimestamp(floor.live.application.node.clock.now() / 1e6, UTC)
    task = floor.task(workflow)
    floor.advance(21.2)
    floor.move(ann, "Available")
    floor.advance(10)
    floor.move(bob, "Available")
    floor.advance(10.7)
    (accepted,) = [each for each in task.reservations.list() if each.reservation_status == "pending"]
    assert accepted.worker_name == "Bob"
    task.reservations(accepted.sid).update(reservation_status="accepted")
    floor.advance(378.1)
    task.reservations(accepted.sid).update(reservation_status="completed")

    def shown(queue: str, since: int = 0) -> dict[str, Any]:
        figures = (
            floor.api.task_queues(queue)
            .cumulative_statistics()
            .fetch(
                start_date=begin + timedelta(seconds=since),
                end_date=begin + timedelta(minutes=5),
                split_by_wait_time="5,30",
            )
        )
        names = ("tasks_entered", "tasks_moved", "tasks_completed")
        names += ("reservations_created", "reservations_timed_out", "reservations_accepted")
        figure = {name: getattr(figures, name) for name in names}
        above = [side["above"]["reservations_accepted"] for side in figures.split_by_wait_time.values()]
        waits = [figures.wait_duration_until_accepted, figures.wait_duration_in_queue_until_accepted]
        return figure | {"above": above, "waits": [wait["total"] for wait in waits]}

    nothing = dict.fromkeys(("tasks_moved", "tasks_completed", "reservations_created", "reservations_accepted"), 0)
    nothing |= {"reservations_timed_out": 0, "above": [0, 0], "waits": [0, 0]}  # type: ignore[dict-item]
    assert shown(first) == nothing | {"tasks_entered": 1, "tasks_moved": 1}
    served = {"reservations_accepted": 1, "reservations_timed_out": 1, "above": [1, 1], "waits": [41, 21]}
    assert shown(support) == nothing | served | {"tasks_entered": 1, "reservations_created": 2}
    assert shown(support, since=30) == nothing | served | {"tasks_entered": 0, "reservations_created": 1}


async def _to_whole_second(floor: Floor) -> None:
    clock = floor.live.application.node.clock
    await floor.live.application.node.advance(1 - clock.now() % 1_000_000 / 1e6)
