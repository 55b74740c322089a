"""Every resource by the official client: create, fetch, update, list, delete; and every documented property."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException

from .rest_live import ACCOUNT, Live, live_server
from .rest_shapes import LINKS, PROPERTIES

ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture(scope="module")
def live() -> Iterator[Live]:
    with live_server() as running:
        yield running


class Centre:
    """A workspace with one worker, one queue and one workflow."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.workspaces = live.client().taskrouter.v1.workspaces
        self.sid = self.workspaces.create(friendly_name="Centre").sid
        self.api = self.workspaces(self.sid)
        self.available = next(a.sid for a in self.api.activities.list() if a.available)
        self.offline = next(a.sid for a in self.api.activities.list(friendly_name="Offline"))
        self.queue = self.api.task_queues.create(friendly_name="All", target_workers="1==1").sid
        routing = {"task_routing": {"filters": [], "default_filter": {"queue": self.queue}}}
        self.workflow = self.api.workflows.create(friendly_name="Flow", configuration=json.dumps(routing)).sid
        self.worker = self.api.workers.create(friendly_name="alice", attributes='{"skill": "tea"}').sid

    @property
    def path(self) -> str:
        return f"/v1/Workspaces/{self.sid}"

    def get(self, path: str) -> Any:
        answer = self.live.call("GET", self.path + path)
        assert answer.status == 200, answer
        return answer.body

    def reserve(self) -> Any:
        """A task that alice is asked to take; the reservation."""
        self.api.workers(self.worker).update(activity_sid=self.available)
        task = self.api.tasks.create(attributes="{}")
        (reservation,) = self.api.tasks(task.sid).reservations.list()
        return reservation


@pytest.fixture
def centre(live: Live) -> Centre:
    return Centre(live)


def check_shape(noun: str, shown: dict[str, Any]) -> None:
    assert set(shown) == PROPERTIES[noun]
    assert shown["account_sid"] == ACCOUNT
    assert set(shown.get("links", ())) == LINKS.get(noun, set())
    for name, value in shown.items():
        if name.startswith("date_") or name.endswith("_date") or name == "virtual_start_time":
            assert value is None or ISO.fullmatch(value), name


def test_every_documented_property_is_in_every_answer(centre: Centre) -> None:
    reservation = centre.reserve()
    places = {
        "workspace": "",
        "activity": f"/Activities/{centre.offline}",
        "task_channel": "/TaskChannels/default",
        "worker": f"/Workers/{centre.worker}",
        "worker_channel": f"/Workers/{centre.worker}/Channels/default",
        "task_queue": f"/TaskQueues/{centre.queue}",
        "workflow": f"/Workflows/{centre.workflow}",
        "task": f"/Tasks/{reservation.task_sid}",
        "reservation": f"/Tasks/{reservation.task_sid}/Reservations/{reservation.sid}",
    }
    for noun, path in places.items():
        shown = centre.get(path)
        check_shape(noun, shown)
        assert shown["url"].startswith(centre.live.url)
        assert centre.live.call("GET", shown["url"]).body["sid"] == shown["sid"]
    lists = {
        "activities": ("activity", "/Activities"),
        "channels": ("task_channel", "/TaskChannels"),
        "workers": ("worker", "/Workers"),
        "task_queues": ("task_queue", "/TaskQueues"),
        "workflows": ("workflow", "/Workflows"),
        "tasks": ("task", "/Tasks"),
        "reservations": ("reservation", f"/Workers/{centre.worker}/Reservations"),
        "events": ("event", "/Events"),
    }
    for key, (noun, path) in lists.items():
        page = centre.get(path)
        assert set(page) == {key, "meta"} and page["meta"]["key"] == key
        assert page[key], path
        for shown in page[key]:
            check_shape(noun, shown)
    (channel, *_) = centre.get(f"/Workers/{centre.worker}/Channels")["channels"]
    check_shape("worker_channel", channel)


def test_links_of_a_new_task_lead_somewhere(centre: Centre) -> None:
    task = centre.reserve()
    links = centre.get(f"/Tasks/{task.task_sid}")["links"]
    assert {centre.live.call("GET", url).status for url in links.values()} == {200}


def test_workspaces(live: Live) -> None:
    workspaces = live.client().taskrouter.v1.workspaces
    made = workspaces.create(friendly_name="One of its kind", template="FIFO", event_callback_url="http://a.example/x")
    assert (made.multi_task_enabled, made.default_activity_name, made.timeout_activity_name) == (
        True,
        "Offline",
        "Offline",
    )
    assert [w.sid for w in workspaces.list(friendly_name="One of its kind")] == [made.sid]
    assert made.sid in [w.sid for w in workspaces.list(page_size=2)]
    assert len(workspaces(made.sid).workflows.list()) == 1
    changed = workspaces(made.sid).update(friendly_name="Renamed", events_filter="task.created")
    assert (changed.friendly_name, changed.events_filter) == ("Renamed", "task.created")
    assert workspaces(made.sid).delete()
    assert refusal(lambda: workspaces(made.sid).fetch()) == (404, 20404)
    assert made.sid not in [w.sid for w in workspaces.list()]


def test_workspaces_are_paged_both_ways_and_past_a_deleted_one(live: Live) -> None:
    workspaces = live.client().taskrouter.v1.workspaces
    sids = []
    for _ in range(5):
        live.advance(1)
        sids.append(workspaces.create(friendly_name="Paged").sid)
    first = workspaces.page(friendly_name="Paged", page_size=2)
    assert [w.sid for w in first] == sids[:2]
    workspaces(sids[1]).delete()
    second = first.next_page()
    assert [w.sid for w in second] == sids[2:4]
    assert [w.sid for w in second.previous_page()] == sids[:1]
    assert [w.sid for w in second.next_page()] == sids[4:]


def test_activities(centre: Centre) -> None:
    made = centre.api.activities.create(friendly_name="Lunch", available=False)
    assert (made.friendly_name, made.available) == ("Lunch", False)
    assert made.sid not in [a.sid for a in centre.api.activities.list(available="yes")]
    assert made.sid in [a.sid for a in centre.api.activities.list(available="nonsense")]
    assert centre.api.activities(made.sid).update(friendly_name="Supper").friendly_name == "Supper"
    assert centre.api.activities(made.sid).fetch().friendly_name == "Supper"
    assert centre.api.activities(made.sid).delete()
    assert refusal(lambda: centre.api.activities(made.sid).fetch()) == (404, 20404)


def test_task_channels_by_sid_and_by_name(centre: Centre) -> None:
    made = centre.api.task_channels.create(friendly_name="Post", unique_name="post", channel_optimized_routing=True)
    assert centre.api.task_channels("post").fetch().sid == made.sid
    assert centre.api.task_channels("post").update(friendly_name="Letters").friendly_name == "Letters"
    assert made.sid in [c.sid for c in centre.api.task_channels.list()]
    assert centre.api.task_channels(made.sid).delete()
    assert refusal(lambda: centre.api.task_channels("post").fetch()) == (404, 20404)


def test_workers_and_their_filters(centre: Centre) -> None:
    bob = centre.api.workers.create(friendly_name="bob", activity_sid=centre.available)
    kettle = centre.api.task_queues.create(friendly_name="Kettle", target_workers='skill == "tea"').sid

    def found(**filters: str) -> list[str]:
        return [w.friendly_name for w in centre.api.workers.list(**filters)]

    assert found() == ["alice", "bob"]
    assert found(available="true") == ["bob"] and found(available="false") == ["alice"]
    assert found(activity_name="Available") == ["bob"] and found(activity_sid=centre.offline) == ["alice"]
    assert found(friendly_name="bob") == ["bob"]
    assert found(target_workers_expression='skill == "tea"') == ["alice"]
    assert found(task_queue_sid=kettle) == ["alice"] and found(task_queue_name="All") == ["alice", "bob"]
    assert found(ordering="DateStatusChanged:desc")
    changed = centre.api.workers(bob.sid).update(attributes='{"skill": "tea"}', friendly_name="robert")
    assert (changed.attributes, changed.friendly_name) == ('{"skill": "tea"}', "robert")
    assert found(task_queue_sid=kettle) == ["alice", "robert"]
    assert centre.api.workers(bob.sid).delete()
    assert refusal(lambda: centre.api.workers(bob.sid).fetch()) == (404, 20404)


def test_worker_channels_by_sid_and_by_name(centre: Centre) -> None:
    channels = centre.api.workers(centre.worker).worker_channels
    before = channels("default").fetch()
    assert (before.configured_capacity, before.available_capacity_percentage, before.available) == (1, 100, True)
    changed = channels(before.sid).update(capacity=4, available=False)
    assert (changed.sid, changed.configured_capacity, changed.available) == (before.sid, 4, False)
    assert before.sid in [c.sid for c in channels.list()]


def test_capacity_is_taken_by_a_pending_reservation(centre: Centre) -> None:
    reservation = centre.reserve()
    channel = centre.api.workers(centre.worker).worker_channels("default").fetch()
    assert (channel.available_capacity_percentage, channel.assigned_tasks) == (0, 0)
    reservation.update(reservation_status="accepted")
    assert centre.api.workers(centre.worker).worker_channels("default").fetch().assigned_tasks == 1


def test_task_queues_and_their_filters(centre: Centre) -> None:
    made = centre.api.task_queues.create(
        friendly_name="Kettle", target_workers='skill == "tea"', max_reserved_workers=3, task_order="LIFO"
    )
    assert (made.max_reserved_workers, made.task_order) == (3, "LIFO")

    def found(**filters: str) -> list[str]:
        return [q.friendly_name for q in centre.api.task_queues.list(**filters)]

    assert found() == ["All", "Kettle"]
    assert found(evaluate_worker_attributes='{"skill": "coffee"}') == ["All"]
    assert found(evaluate_worker_attributes='{"skill": "tea"}') == ["All", "Kettle"]
    assert found(worker_sid=centre.worker) == ["All", "Kettle"]
    assert found(friendly_name="Kettle") == ["Kettle"]
    assert centre.api.task_queues(made.sid).update(friendly_name="Pot").friendly_name == "Pot"
    assert centre.api.task_queues(made.sid).delete()
    assert found() == ["All"]


def test_workflows(centre: Centre) -> None:
    made = centre.api.workflows(centre.workflow).fetch()
    assert (made.task_reservation_timeout, made.document_content_type) == (120, "application/json")
    changed = centre.api.workflows(centre.workflow).update(
        friendly_name="Stream", task_reservation_timeout=30, assignment_callback_url="http://a.example/assign"
    )
    assert (changed.friendly_name, changed.task_reservation_timeout) == ("Stream", 30)
    assert changed.assignment_callback_url == "http://a.example/assign"
    assert [w.sid for w in centre.api.workflows.list(friendly_name="Stream")] == [centre.workflow]
    assert centre.api.workflows(centre.workflow).delete()
    assert centre.api.workflows.list() == []


def test_tasks_and_their_filters(centre: Centre) -> None:
    low = centre.api.tasks.create(attributes='{"lang": "fr"}', priority=1).sid
    centre.live.advance(5)
    high = centre.api.tasks.create(attributes='{"lang": "de"}', priority=9, task_channel="voice").sid

    def found(**filters: Any) -> list[str]:
        return [t.sid for t in centre.api.tasks.list(**filters)]

    assert found() == [low, high]
    assert found(ordering="Priority:desc,DateCreated:asc") == [high, low]
    assert found(evaluate_task_attributes='lang == "fr"') == [low]
    assert found(assignment_status=["pending", "reserved"]) == [low, high]
    assert found(assignment_status=["completed"]) == []
    assert found(priority=9) == [high] and found(has_addons=True) == []
    assert found(workflow_name="Flow") == [low, high] and found(task_queue_name="All") == [low, high]
    assert found(workflow_name="None") == [] and found(task_queue_sid=centre.queue) == [low, high]
    task = centre.api.tasks(low).fetch()
    assert (task.age, task.addons, task.task_queue_friendly_name) == (5, "{}", "All")
    canceled = centre.api.tasks(low).update(assignment_status="canceled", reason="no more tea")
    assert (canceled.assignment_status, canceled.reason) == ("canceled", "no more tea")
    assert centre.api.tasks(high).delete()
    centre.live.advance(301)
    assert refusal(lambda: centre.api.tasks(low).fetch()) == (404, 20404)
    assert found() == []


def test_a_new_task_is_answered_as_pending(centre: Centre) -> None:
    centre.api.workers(centre.worker).update(activity_sid=centre.available)
    task = centre.api.tasks.create(attributes="{}")
    assert (task.assignment_status, task.reason) == ("pending", None)
    assert centre.api.tasks(task.sid).fetch().assignment_status == "reserved"


def test_reservations_from_both_sides(centre: Centre) -> None:
    reservation = centre.reserve()
    assert (reservation.reservation_status, reservation.worker_name) == ("pending", "alice")
    mine = centre.api.workers(centre.worker).reservations
    assert [r.sid for r in mine.list(reservation_status="pending")] == [reservation.sid]
    assert mine(reservation.sid).update(reservation_status="accepted").reservation_status == "accepted"
    theirs = centre.api.tasks(reservation.task_sid).reservations
    assert theirs.list(reservation_status="pending") == []
    assert [r.sid for r in theirs.list(worker_sid=centre.worker)] == [reservation.sid]
    wrong = lambda: theirs(reservation.sid).update(reservation_status="accepted")  # noqa: E731
    assert refusal(wrong) == (400, 20001)
    assert theirs(reservation.sid).update(reservation_status="completed").reservation_status == "completed"


def test_a_reservation_of_another_task_is_not_found(centre: Centre) -> None:
    reservation = centre.reserve()
    other = centre.api.tasks.create(attributes="{}").sid
    assert refusal(lambda: centre.api.tasks(other).reservations(reservation.sid).fetch()) == (404, 20404)


def test_an_ended_reservation_is_gone(centre: Centre) -> None:
    reservation = centre.reserve()
    centre.live.advance(121)
    assert refusal(lambda: reservation.update(reservation_status="accepted"))[0] == 410


def test_instructions(centre: Centre) -> None:
    reservation = centre.reserve()
    for word in ("conference", "dequeue", "call", "redirect", "supervise"):
        with pytest.raises(TwilioRestException, match="needs telephony") as caught:
            reservation.update(instruction=word)
        assert (caught.value.status, caught.value.code) == (400, 20001)
    assert refusal(lambda: reservation.update(instruction="sing")) == (400, 55555)
    assert reservation.update(instruction="accept").reservation_status == "accepted"
    with pytest.raises(TwilioRestException, match="is not currently in a Pending state"):
        reservation.update(instruction="conference")


def test_events_tell_what_happened_newest_first(centre: Centre) -> None:
    reservation = centre.reserve()
    centre.api.tasks(reservation.task_sid).update(attributes='{"later": true}')
    events = centre.api.events.list(task_sid=reservation.task_sid)
    types = [e.event_type for e in events]
    assert types.index("task.updated") < types.index("reservation.created") < types.index("task.created")
    created = next(e for e in events if e.event_type == "reservation.created")
    assert created.event_data["task_attributes"] == "{}"
    assert created.event_data["worker_attributes"] == '{"skill": "tea"}'
    assert all(isinstance(value, str) for value in created.event_data.values())
    assert created.event_date_ms // 1000 == int(created.event_date.timestamp())
    assert centre.api.events(created.sid).fetch().event_type == "reservation.created"
    assert [e.sid for e in centre.api.events.list(sid=created.sid)] == [created.sid]
    assert {e.event_type for e in centre.api.events.list(event_type="task.created")} == {"task.created"}
    assert (events[-1].actor_type, events[-1].actor_sid, events[-1].source) == ("account", ACCOUNT, "api")
    assert events[-1].source_ip_address == "127.0.0.1"


def test_events_are_paged_without_loss_and_bounded_by_time(centre: Centre) -> None:
    for _ in range(7):
        centre.api.tasks.create(attributes="{}")
    every = [e.sid for e in centre.api.events.list(page_size=1000)]
    assert [e.sid for e in centre.api.events.list(page_size=3)] == every
    assert len(every) == len(set(every)) >= 14
    centre.live.advance(16 * 60)
    assert centre.api.events.list(event_type="task.created") == []
    assert len(centre.api.events.list(event_type="task.created", minutes=17)) == 7
    bare_date = centre.live.call("GET", f"{centre.path}/Events?StartDate=2001-01-01")
    assert (bare_date.status, bare_date.body["code"]) == (400, 14241)


def refusal(action: Any) -> tuple[int, int]:
    """Status and code of the error that an action must end with."""
    with pytest.raises(TwilioRestException) as caught:
        action()
    return caught.value.status, caught.value.code
