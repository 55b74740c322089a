"""Remote calls of the SDK's versions 2 and 3: every operation, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ..rest_live import Live
from .centre import Centre

LIST_KEYS = {"contents", "after_sid", "before_sid", "meta", "page", "total", "start", "end", "nextPage", "lastPage"}
WORKER_KEYS = {
    "account_sid",
    "workspace_sid",
    "sid",
    "friendly_name",
    "attributes",
    "available",
    "activity_sid",
    "activity_name",
    "date_created",
    "date_updated",
    "date_status_changed",
    "version",
}
TASK_KEYS = {
    "sid",
    "attributes",
    "addons",
    "age",
    "assignment_status",
    "priority",
    "reason",
    "queue_sid",
    "queue_name",
    "routing_target",
    "task_channel_sid",
    "task_channel_unique_name",
    "timeout",
    "workflow_sid",
    "workflow_name",
    "version",
    "virtual_start_time",
    "date_created",
    "date_updated",
}
ANSWERED_RESERVATION = {
    "account_sid",
    "workspace_sid",
    "sid",
    "date_created",
    "date_updated",
    "task_sid",
    "worker_sid",
    "worker_name",
    "reservation_status",
    "task_channel_sid",
    "worker_previous_activity_sid",
    "version",
}


class Desk:
    """Calls of one worker's token, about that worker."""

    def __init__(self, centre: Centre, worker: str = "", role: str = "worker") -> None:
        self.centre = centre
        self.worker = worker
        self.token = centre.token(worker, role)

    def get(self, below: str, params: dict[str, Any] | None = None) -> Any:
        return self.centre.payload(self.token, "GET", below, params)

    def set(self, below: str, params: dict[str, Any] | None = None) -> Any:
        return self.centre.payload(self.token, "POST", below, params)

    def refused(
        self, method: str, below: str, params: dict[str, Any] | None = None, version: int | None = None
    ) -> tuple[int, str]:
        answer = self.centre.call(self.token, method, below, params, version)
        assert answer.status >= 400 and set(answer.body) == {"code", "message", "more_info", "status"}
        assert answer.body["status"] == answer.status
        return answer.status, answer.body["message"]


@pytest.fixture
def alice(centre: Centre) -> Desk:
    return Desk(centre, centre.alice)


@pytest.fixture
def admin(centre: Centre) -> Desk:
    return Desk(centre, role="admin")


def test_what_a_worker_asks_when_it_starts(centre: Centre, alice: Desk) -> None:
    worker = alice.get(f"Workers/{centre.alice}")
    assert set(worker) == WORKER_KEYS
    assert isinstance(worker["date_created"], int) and json.loads(worker["attributes"]) == {"team": "all"}
    activities = alice.get("Activities", {"PageSize": 1000})
    assert set(activities) == LIST_KEYS and activities["after_sid"] is None
    assert worker["activity_sid"] in [each["sid"] for each in activities["contents"]]
    channels = alice.get(f"Workers/{centre.alice}/WorkerChannels", {"PageSize": 1000})["contents"]
    default = next(each for each in channels if each["task_channel_unique_name"] == "default")
    assert (default["available"], default["configured_capacity"], default["assigned_tasks"]) == (1, 1, 0)
    assert alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true", "PageSize": 1000})["contents"] == []


def test_activity_and_attributes(centre: Centre, alice: Desk) -> None:
    sid = centre.floor.activities["Available"]
    moved = alice.set(f"Workers/{centre.alice}", {"ActivitySid": sid})
    assert (moved["activity_sid"], moved["activity_name"], moved["available"]) == (sid, "Available", True)
    changed = alice.set(f"Workers/{centre.alice}", {"Attributes": {"languages": ["de", "en"], "ü": None}})
    assert json.loads(changed["attributes"]) == {"languages": ["de", "en"], "ü": None}
    assert changed["version"] == moved["version"] + 1


def test_a_reservation_from_offer_to_completion(centre: Centre, alice: Desk) -> None:
    task, sid = centre.offer(centre.alice)
    (offered,) = alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"]
    assert (offered["sid"], offered["reservation_status"], offered["task"]["sid"]) == (sid, "pending", task)
    assert set(offered["task"]) == TASK_KEYS
    assert "task_transfer" not in offered and "active_outgoing_task_transfer" not in offered
    path = f"Workers/{centre.alice}/Reservations/{sid}"
    accepted = alice.set(path, {"ReservationStatus": "accepted"})
    assert set(accepted) == ANSWERED_RESERVATION
    assert (accepted["reservation_status"], accepted["version"]) == ("accepted", offered["version"] + 1)
    assert alice.get(path)["task"]["assignment_status"] == "assigned"
    shown = alice.get(f"Tasks/{task}")
    assert set(shown) == TASK_KEYS | {"account_sid", "workspace_sid", "counter"}
    changed = alice.set(f"Tasks/{task}", {"Attributes": {"n": 2}})
    assert (json.loads(changed["attributes"]), changed["version"]) == ({"n": 2}, shown["version"] + 1)
    started = alice.set(f"Tasks/{task}", {"VirtualStartTime": "2023-01-02T03:04:05Z"})
    assert started["virtual_start_time"] == 1_672_628_645
    assert "future" in alice.refused("POST", f"Tasks/{task}", {"VirtualStartTime": "2123-01-01T00:00:00Z"})[1]
    wrapping = alice.set(f"Tasks/{task}", {"AssignmentStatus": "wrapping", "Reason": "notes"})
    assert (wrapping["assignment_status"], wrapping["reason"]) == ("wrapping", "notes")
    completed = alice.set(f"Tasks/{task}", {"AssignmentStatus": "completed", "Reason": "done"})
    assert (completed["assignment_status"], completed["reason"]) == ("completed", "done")
    assert alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"] == []


def test_reject_wrap_and_complete(centre: Centre, alice: Desk) -> None:
    _, sid = centre.offer(centre.alice)
    away = centre.floor.activities["Unavailable"]
    rejected = alice.set(
        f"Workers/{centre.alice}/Reservations/{sid}", {"ReservationStatus": "rejected", "WorkerActivitySid": away}
    )
    assert rejected["reservation_status"] == "rejected"
    assert alice.get(f"Workers/{centre.alice}")["activity_sid"] == away
    _, sid = centre.offer(centre.alice)
    path = f"Workers/{centre.alice}/Reservations/{sid}"
    for status in ("accepted", "wrapping", "completed"):
        assert alice.set(path, {"ReservationStatus": status})["reservation_status"] == status
    assert alice.refused("POST", path, {"ReservationStatus": "accepted"})[0] == 400


def test_pending_reservations_are_rejected_with_an_activity(centre: Centre, alice: Desk) -> None:
    centre.move(centre.alice, "Available")
    centre.floor.task(centre.flow)
    offline = centre.floor.activities["Offline"]
    assert alice.refused("POST", f"Workers/{centre.alice}", {"ActivitySid": offline})[0] == 400
    alice.set(f"Workers/{centre.alice}", {"ActivitySid": offline, "RejectPendingReservations": True})
    assert alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"] == []


def test_create_task(centre: Centre, alice: Desk) -> None:
    params = {
        "WorkflowSid": centre.flow,
        "TaskQueueSid": centre.queue,
        "RoutingTarget": centre.alice,
        "TaskChannelUniqueName": "voice",
        "VirtualStartTime": "2023-01-02T03:04:05Z",
        "Attributes": {"outbound_to": "+1", "from": "+2"},
    }
    made = alice.set("Tasks", params)
    assert (made["routing_target"], made["queue_sid"], made["assignment_status"]) == (
        centre.alice,
        centre.queue,
        "pending",
    )
    assert (made["task_channel_unique_name"], made["virtual_start_time"]) == ("voice", 1_672_628_645)
    assert json.loads(made["attributes"])["outbound_to"] == "+1"
    (offered,) = alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"]
    assert offered["task"]["sid"] == made["sid"], "availability does not matter to a task for one worker"
    status, message = alice.refused("POST", "Tasks", params | {"WorkflowSid": centre.flow + "z"})
    wrong, whose = f"Value '{centre.flow}z' provided for WorkflowSid", f"WorkspaceSid: {centre.sid}, AccountSid: "
    assert status == 400
    assert f"{wrong} has an invalid format" in message
    assert f"{wrong} as RoutingTarget has an invalid format. {whose}{offered['account_sid']}" in message
    assert alice.refused("POST", "Tasks", params | {"TaskQueueSid": centre.queue + "z"})[0] == 400


def test_if_match(centre: Centre, alice: Desk) -> None:
    task, sid = centre.offer(centre.alice)
    reservation = f"Workers/{centre.alice}/Reservations/{sid}"
    for path, change in (
        (f"Workers/{centre.alice}", {"Attributes": {}}),
        (reservation, {"ReservationStatus": "accepted"}),
        (f"Tasks/{task}", {"Attributes": {}}),
    ):
        version = alice.get(path)["version"]
        assert alice.refused("POST", path, change, version + 1)[0] == 412
        assert alice.get(path)["version"] == version
        assert centre.call(alice.token, "POST", path, change, version).status == 200
        assert alice.refused("POST", path, change, version)[0] in (400, 412)


def test_transfers(centre: Centre, alice: Desk) -> None:
    task, sid = centre.offer(centre.alice)
    centre.move(centre.bob, "Available")
    alice.set(f"Workers/{centre.alice}/Reservations/{sid}", {"ReservationStatus": "accepted"})
    alice.set(f"Tasks/{task}", {"Attributes": {"conference": {"sid": "CF" + "1" * 32}}})
    params = {"ReservationSid": sid, "TaskSid": task, "To": centre.bob, "Mode": "WARM", "Attributes": {"why": "skill"}}
    made = alice.set(f"Workers/{centre.alice}/Transfers", params)
    assert (made["transfer_status"], made["transfer_to"], made["task_sid"]) == ("initiated", centre.bob, task)
    (held,) = alice.get(f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"]
    assert held["active_outgoing_task_transfer"]["sid"] == made["sid"] and "task_transfer" not in held
    bob = Desk(centre, centre.bob)
    (offered,) = bob.get(f"Workers/{centre.bob}/Reservations", {"Active": "true"})["contents"]
    assert offered["task_transfer"]["sid"] == made["sid"] and "active_outgoing_task_transfer" not in offered
    cancel = {"TaskSid": task, "TransferStatus": "canceled"}
    path = f"Workers/{centre.alice}/Transfers/{made['sid']}"
    assert bob.refused("POST", path, cancel)[0] == 403
    assert alice.set(path, cancel)["transfer_status"] == "canceled"
    assert alice.refused("POST", path, cancel) == (
        400,
        f"Transfer {made['sid']} is already canceled . Cannot cancel transfer.",
    )


def test_supervisors(centre: Centre) -> None:
    boss = Desk(centre, centre.bob, role="supervisor")
    sid = centre.floor.activities["Available"]
    assert boss.set(f"Workers/{centre.alice}", {"ActivitySid": sid})["activity_sid"] == sid
    assert json.loads(boss.set(f"Workers/{centre.alice}", {"Attributes": {"a": 1}})["attributes"]) == {"a": 1}
    status, message = boss.refused("POST", f"Workers/{centre.alice}", {"ActivitySid": "invalid_activitySid"})
    assert status == 400 and "invalid_activitySid" in message
    assert boss.refused("POST", "Workers/invalid_workerSid", {"ActivitySid": sid})[0] == 404
    task, reservation = centre.offer(centre.alice)
    supervise = {"Instruction": "supervise", "Supervisor": centre.bob, "SupervisorMode": "monitor"}
    status, message = boss.refused("POST", f"Tasks/{task}/Reservations/{reservation}", supervise)
    assert status == 400 and "telephony" in message


@pytest.mark.parametrize(
    "what", ["CustomerParticipant", "HoldWorkerParticipant", "KickWorkerParticipant", "WorkerParticipant"]
)
def test_conferences_need_telephony(centre: Centre, alice: Desk, what: str) -> None:
    task, sid = centre.offer(centre.alice)
    params = {"TaskSid": task, "ReservationSid": sid, "Hold": True}
    status, message = alice.refused("POST", f"Workers/{centre.alice}/{what}", params)
    assert status == 400 and "telephony" in message


@pytest.mark.parametrize("instruction", ["call", "dequeue", "redirect", "conference"])
def test_instructions_need_telephony(centre: Centre, alice: Desk, instruction: str) -> None:
    _, sid = centre.offer(centre.alice)
    status, message = alice.refused(
        "POST", f"Workers/{centre.alice}/Reservations/{sid}", {"Instruction": instruction, "From": "+1"}
    )
    assert status == 400 and "telephony" in message


def test_the_workspace_of_an_admin(centre: Centre, admin: Desk) -> None:
    assert [each["sid"] for each in admin.get("Workers")["contents"]] == [centre.alice, centre.bob]
    assert admin.get(f"Workers/{centre.bob}")["friendly_name"] == "Bob"
    (queue,) = admin.get("TaskQueues")["contents"]
    assert admin.get(f"TaskQueues/{centre.queue}") == queue
    assert {"reservation_activity_sid", "assignment_activity_name", "target_workers", "task_order"} <= set(queue)
    assert (queue["lifo_queue"], queue["max_reserved_workers"]) == (False, 1)
    made = centre.floor.api.tasks.create(workflow_sid=centre.flow)
    assert admin.get(f"Tasks/{made.sid}")["attributes"] == "{}"
    assert [each["sid"] for each in admin.get("Tasks")["contents"]] == [made.sid]
    for path in ("Workers/WK" + "0" * 32, "TaskQueues/WQ" + "0" * 32, "Tasks/WT" + "0" * 32, "TaskQueues/WK1"):
        assert admin.refused("GET", path)[0] == 404


def test_queries(centre: Centre, admin: Desk) -> None:
    def found(params: dict[str, Any]) -> list[str]:
        return [each["friendly_name"] for each in admin.get("Workers", params)["contents"]]

    centre.move(centre.bob, "Available")
    assert found({"FriendlyName": "Bob"}) == found({"ActivityName": "Available"}) == ["Bob"]
    assert found({"ActivitySid": centre.floor.activities["Offline"]}) == ["Alice"]
    assert found({"TargetWorkersExpression": f"sid IN ['{centre.alice}']"}) == ["Alice"]
    assert found({"ActivityName": "I"}) == []
    assert admin.refused("GET", "Workers", {"ActivitySid": "WAxxx"})[0] == 400
    assert admin.refused("GET", "Workers", {"Ordering": "Nothing:asc"})[0] == 400
    other = centre.floor.queue("Nobody", 'missingAttribute = "foo"')
    assert [each["sid"] for each in admin.get("TaskQueues", {"WorkerSid": centre.alice})["contents"]] == [centre.queue]
    assert [each["sid"] for each in admin.get("TaskQueues", {"FriendlyName": "Nobody"})["contents"]] == [other]


def test_pages_go_on_after_a_sid(centre: Centre, admin: Desk) -> None:
    page = admin.get("Workers", {"PageSize": 1})
    assert ([each["sid"] for each in page["contents"]], page["after_sid"]) == ([centre.alice], centre.alice)
    page = admin.get("Workers", {"PageSize": 1, "AfterSid": centre.alice})
    assert ([each["sid"] for each in page["contents"]], page["after_sid"]) == ([centre.bob], None)
    assert "next_token" not in page["meta"]
    for wrong in ("WK" + "0" * 32, "WQ" + "0" * 32, "nonsense"):
        assert admin.refused("GET", "Workers", {"AfterSid": wrong})[0] == 400


def test_pages_go_on_though_their_last_object_is_deleted(centre: Centre, admin: Desk) -> None:
    """Ruling 13."""
    names = [centre.floor.worker(f"W{n}") for n in range(5)]
    page = admin.get("Workers", {"PageSize": 4})
    assert page["after_sid"] == names[1]
    centre.floor.api.workers(names[1]).delete()
    rest = admin.get("Workers", {"PageSize": 4, "AfterSid": page["after_sid"]})["contents"]
    assert [each["sid"] for each in rest] == names[2:]


@pytest.mark.parametrize("direction", ["asc", "desc"])
def test_pages_in_an_order_go_on_from_a_token(centre: Centre, admin: Desk, direction: str) -> None:
    for worker in (centre.bob, centre.alice):
        centre.live.advance(5)
        centre.move(worker, "Available")
    params: dict[str, Any] = {"Ordering": f"DateStatusChanged:{direction}", "PageSize": 1}
    sids, pages = [], 0
    while True:
        page = admin.get("Workers", params)
        sids += [each["sid"] for each in page["contents"]]
        pages += 1
        if page["meta"].get("next_token") is None:
            break
        params["NextToken"] = page["meta"]["next_token"]
    ordered = [centre.bob, centre.alice]
    assert (sids, pages) == (ordered if direction == "asc" else ordered[::-1], 2)
    assert admin.refused("GET", "Workers", {"NextToken": "nonsense"})[0] == 400


def test_page_sizes(admin: Desk) -> None:
    for size in (0, -1, 1001, "many", 10**30, 1.5):
        assert admin.refused("GET", "Workers", {"PageSize": size})[0] == 400


def test_every_content_type_is_json(centre: Centre, alice: Desk) -> None:
    body = {"url": f"Workspaces/{centre.sid}/Workers/{centre.alice}", "method": "GET", "token": alice.token}
    for kind in ("application/json", "text/plain;charset=UTF-8", "application/x-www-form-urlencoded", ""):
        assert centre.post(body, headers={"Content-Type": kind}).status == 200


def test_absolute_urls_are_read_by_their_path(centre: Centre, alice: Desk) -> None:
    below = f"Workspaces/{centre.sid}/Workers/{centre.alice}"
    for url in (f"https://taskrouter.twilio.com/v1/{below}", f"/v1/{below}", f"{below}/"):
        assert centre.post({"url": url, "method": "GET", "token": alice.token}).body["payload"]["sid"] == centre.alice


def test_preflight(served: Live) -> None:
    asked = {"Origin": "https://agents.test", "Access-Control-Request-Method": "POST"}
    asked["Access-Control-Request-Headers"] = "apiversion,clientversion,content-type,if-match"
    answer = served.call("OPTIONS", "/v1/wschannels", headers=asked, login=None)
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == "*"
    allowed = {name.strip().lower() for name in answer.headers["Access-Control-Allow-Headers"].split(",")}
    assert {"apiversion", "clientversion", "content-type", "if-match"} <= allowed
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    refused = served.call("POST", "/v1/wschannels", b"{}", login=None)
    assert (refused.status, refused.headers["Access-Control-Allow-Origin"]) == (400, "*")
