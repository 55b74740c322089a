"""Remote calls of the SDK's version 1: REST requests in an envelope."""

from __future__ import annotations

from typing import Any

import pytest

from ..rest_live import ACCOUNT, Answer
from .centre import Centre

TASKROUTER = "https://taskrouter.twilio.com/v1/Workspaces"


class Client:
    """The client of a channel; `sid` is its worker, task queue or workspace."""

    def __init__(self, centre: Centre, sid: str, token: str) -> None:
        self.centre = centre
        self.sid = sid
        self.token = token

    def call(self, method: str, below: str, params: dict[str, Any] | None = None, **more: Any) -> Answer:
        url = f"{TASKROUTER}/{self.centre.sid}{below}"
        body = {"url": url, "method": method, "params": params or {}, "token": self.token} | more
        kind = {"Content-Type": "text/plain"}
        return self.centre.post(body, f"/v1/wschannels/{ACCOUNT}/{self.sid}", kind)

    def payload(self, method: str, below: str, params: dict[str, Any] | None = None) -> Any:
        answer = self.call(method, below, params)
        assert answer.status == 200, answer.raw
        return answer.body["payload"]


@pytest.fixture
def alice(centre: Centre) -> Client:
    return Client(centre, centre.alice, centre.old_token(worker_sid=centre.alice, updates=True))


def test_ready_is_echoed_with_the_rest_resource(centre: Centre, alice: Client) -> None:
    answer = alice.call("GET", f"/Workers/{centre.alice}", event_type="ready")
    assert answer.body["event_type"] == "ready"
    shown = centre.live.call("GET", f"/v1/Workspaces/{centre.sid}/Workers/{centre.alice}").body
    assert answer.body["payload"] == shown
    assert "event_type" not in alice.call("GET", f"/Workers/{centre.alice}").body


def test_a_reservation_from_offer_to_completion(centre: Centre, alice: Client) -> None:
    task, reservation = centre.offer(centre.alice)
    found = alice.payload("GET", f"/Workers/{centre.alice}/Reservations", {"ReservationStatus": "pending"})
    assert [each["sid"] for each in found["reservations"]] == [reservation]
    assert found["meta"]["key"] == "reservations"
    page = alice.call("GET", f"/Workers/{centre.alice}/Reservations?ReservationStatus=accepted").body["payload"]
    assert page["reservations"] == []
    assert alice.payload("GET", f"/Tasks/{task}")["assignment_status"] == "reserved"
    path = f"/Tasks/{task}/Reservations/{reservation}"
    assert alice.payload("POST", path, {"ReservationStatus": "accepted"})["reservation_status"] == "accepted"
    done = alice.payload("POST", f"/Tasks/{task}", {"AssignmentStatus": "completed", "Reason": "done"})
    assert (done["assignment_status"], done["reason"]) == ("completed", "done")


def test_activity_attributes_and_channels(centre: Centre, alice: Client) -> None:
    sid = centre.floor.activities["Available"]
    assert alice.payload("POST", f"/Workers/{centre.alice}", {"ActivitySid": sid})["activity_name"] == "Available"
    assert len(alice.payload("GET", "/Activities")["activities"]) == 3
    status = alice.call("POST", f"/Workers/{centre.alice}", {"Attributes": '{"a":1}'}).status
    assert status == 403, "the usual policies allow a change of activity only"


def test_a_workspace_and_a_task_queue(centre: Centre) -> None:
    queue = Client(centre, centre.queue, centre.old_token(task_queue_sid=centre.queue))
    assert queue.payload("GET", f"/TaskQueues/{centre.queue}")["friendly_name"] == "All"
    everything = {"url": f"{TASKROUTER}/{centre.sid}/**", "method": "", "allow": True}
    policies = [everything | {"method": method} for method in ("GET", "POST", "DELETE")]
    boss = Client(centre, centre.sid, centre.old_token(policies=policies))
    assert boss.payload("GET", "/")["sid"] == centre.sid
    made = boss.payload("POST", "/Activities", {"FriendlyName": "Tea", "Available": "false"})
    assert boss.payload("GET", f"/Activities/{made['sid']}")["friendly_name"] == "Tea"
    assert boss.payload("DELETE", f"/Activities/{made['sid']}") == {}
    assert boss.call("GET", f"/Activities/{made['sid']}").status == 404


def test_errors_are_those_of_rest(centre: Centre, alice: Client) -> None:
    task, reservation = centre.offer(centre.alice)
    wrong = alice.call("POST", f"/Tasks/{task}/Reservations/{reservation}", {"ReservationStatus": "happy"})
    rest = centre.live.call(
        "POST", f"/v1/Workspaces/{centre.sid}/Tasks/{task}/Reservations/{reservation}", {"ReservationStatus": "happy"}
    )
    assert (wrong.status, wrong.body) == (400, rest.body)
    assert alice.call("GET", f"/Tasks/WT{'0' * 32}").status == 404


def test_policies_are_asked_first(centre: Centre, alice: Client) -> None:
    for method, below in (
        ("GET", f"/Workers/{centre.bob}"),
        ("DELETE", f"/Workers/{centre.alice}"),
        ("GET", "/Workers"),
    ):
        answer = alice.call(method, below)
        assert (answer.status, answer.body["code"]) == (403, 20006)
    stranger = Client(centre, centre.bob, alice.token)
    assert stranger.call("GET", f"/Workers/{centre.alice}").status == 403
    other = Client(centre, centre.alice, centre.token(centre.alice))
    assert other.call("GET", f"/Workers/{centre.alice}").status == 200, "an AccessToken speaks on its own channel, too"


@pytest.mark.parametrize(
    "url", ["https://api.twilio.com/2010-04-01/Accounts", "/pointsman/v1/Clock", "/v1/wschannels", ""]
)
def test_only_workspaces_are_reached(centre: Centre, alice: Client, url: str) -> None:
    assert alice.call("GET", "", url=url).status == 400


def test_the_answer_comes_before_the_caller_s_frames(held: Centre) -> None:
    alice = Client(held, held.alice, held.old_token(worker_sid=held.alice, updates=True))
    socket = held.listen(held.alice, alice.token)
    sid = held.floor.activities["Available"]
    alice.payload("POST", f"/Workers/{held.alice}", {"ActivitySid": sid})
    with pytest.raises(TimeoutError):
        socket.connection.recv(0)
    assert socket.until("worker.activity.update")["activity_sid"] == sid
