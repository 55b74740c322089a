"""What roles may do, row by row, and what tokens of the official library may."""

from __future__ import annotations

from typing import Any

import pytest
from twilio.jwt.taskrouter.capabilities import (
    TaskQueueCapabilityToken,
    WorkerCapabilityToken,
    WorkspaceCapabilityToken,
)

from pointsman.auth.caller import Caller
from pointsman.auth.minting import capability_token, policy
from pointsman.auth.permissions import Lookup, permit
from pointsman.domain.refusal import Refusal

from .directory import AUTH_TOKEN, NOW, OURS, QUEUE, THEIRS, WORKER, WORKSPACE, Desk

OTHER = "WK" + "9" * 32
ELSEWHERE = "WS" + "9" * 32
TASK, RESERVATION = "WT" + "4" * 32, "WR" + "5" * 32


def of_role(role: str) -> Caller:
    worker = "" if role == "bare admin" else WORKER
    return Caller(OURS, worker, workspace_sid=WORKSPACE, worker_sid=worker, role=role.removeprefix("bare "))


def may(caller: Caller, method: str, path: str, fields: dict[str, Any] | None = None) -> bool:
    try:
        permit(caller, method, path, fields or {})
    except Refusal as refusal:
        assert (refusal.status, refusal.code) == (403, 20006)
        assert method in refusal.message
        assert path[:300] in refusal.message
        return False
    return True


# (request below the workspace, parameters, worker, supervisor, admin)
MATRIX: list[tuple[str, dict[str, Any], bool, bool, bool]] = [
    ("GET ", {}, False, True, True),
    ("POST ", {"FriendlyName": ["x"]}, False, False, True),
    ("DELETE ", {}, False, False, False),
    ("GET /Activities", {}, True, True, True),
    ("GET /Activities/WA1", {}, True, True, True),
    ("POST /Activities", {"FriendlyName": ["x"]}, False, False, True),
    ("DELETE /Activities/WA1", {}, False, False, True),
    ("GET /Workers", {}, False, True, True),
    ("POST /Workers", {"FriendlyName": ["x"]}, False, False, True),
    ("GET /Workers/{me}", {}, True, True, True),
    ("GET /Workers/{other}", {}, False, True, True),
    ("GET /Workers/{me}0", {}, False, True, True),
    ("POST /Workers/{me}", {"ActivitySid": "WA1", "RejectPendingReservations": True}, True, True, True),
    ("POST /Workers/{me}", {"Attributes": {"a": 1}}, True, True, True),
    ("POST /Workers/{me}", {"FriendlyName": "x"}, False, False, True),
    ("POST /Workers/{me}", {"Attributes": {}, "FriendlyName": "x"}, False, False, True),
    ("POST /Workers/{other}", {"ActivitySid": "WA1"}, False, True, True),
    ("POST /Workers/{other}", {"Attributes": {}}, False, True, True),
    ("POST /Workers/{other}", {"FriendlyName": "x"}, False, False, True),
    ("POST /Workers/no_sid", {"ActivitySid": "WA1"}, False, True, True),
    ("DELETE /Workers/{me}", {}, False, False, True),
    ("GET /Workers/{me}/WorkerChannels", {}, True, True, True),
    ("GET /Workers/{me}/Channels", {}, True, True, True),
    ("GET /Workers/{me}/Channels/default", {}, True, True, True),
    ("POST /Workers/{me}/Channels/default", {"Capacity": ["9"]}, False, False, True),
    ("GET /Workers/{other}/WorkerChannels", {}, False, True, True),
    ("GET /Workers/{me}/Reservations", {"Active": "true"}, True, True, True),
    ("GET /Workers/{other}/Reservations", {}, False, True, True),
    ("GET /Workers/{me}/Reservations/WR1", {}, True, True, True),
    ("POST /Workers/{me}/Reservations/WR1", {"ReservationStatus": "accepted"}, True, True, True),
    ("POST /Workers/{me}/Reservations/WR1", {"Instruction": "conference", "From": "1"}, True, True, True),
    ("POST /Workers/{other}/Reservations/WR1", {"ReservationStatus": "accepted"}, False, False, True),
    ("POST /Workers/{me}/Transfers", {"TaskSid": "WT1", "ReservationSid": "WR1", "To": "WK2"}, True, True, True),
    ("POST /Workers/{me}/Transfers/TT1", {"TaskSid": "WT1", "TransferStatus": "canceled"}, True, True, True),
    ("POST /Workers/{me}/Transfers", {"TaskSid": ["WT1", "WT2"]}, False, False, True),
    ("POST /Workers/{other}/Transfers", {"TaskSid": "WT1"}, False, False, True),
    ("POST /Workers/{me}/CustomerParticipant", {"TaskSid": "WT1", "Hold": True}, True, True, True),
    ("POST /Workers/{me}/HoldWorkerParticipant", {"TaskSid": "WT1"}, True, True, True),
    ("POST /Workers/{me}/KickWorkerParticipant", {"TaskSid": "WT1"}, True, True, True),
    ("POST /Workers/{me}/WorkerParticipant", {"ReservationSid": "WR1"}, True, True, True),
    ("POST /Workers/{other}/WorkerParticipant", {"ReservationSid": "WR1"}, False, False, True),
    ("POST /Workers/{me}/Anything", {}, False, False, True),
    ("GET /Workers/{me}/Statistics", {}, True, True, True),
    ("GET /Workers/Statistics", {}, False, True, True),
    ("GET /Tasks", {}, False, True, True),
    ("POST /Tasks", {"RoutingTarget": "{me}", "WorkflowSid": "WW1"}, True, True, True),
    ("POST /Tasks", {"RoutingTarget": "{other}", "WorkflowSid": "WW1"}, False, False, True),
    ("POST /Tasks", {"RoutingTarget": ["{me}", "{other}"]}, False, False, True),
    ("POST /Tasks", {"RoutingTarget": ["{me}", ""]}, False, False, True),
    ("POST /Tasks", {"WorkflowSid": "WW1"}, False, False, True),
    ("GET /Tasks/WT1", {}, True, True, True),
    ("POST /Tasks/WT1", {"AssignmentStatus": "completed", "Reason": "done"}, True, True, True),
    ("POST /Tasks/WT1", {"Attributes": {}}, True, True, True),
    ("POST /Tasks/WT1", {"VirtualStartTime": "2023-01-01T00:00:00Z"}, True, True, True),
    ("POST /Tasks/WT1", {"Priority": 5}, False, False, True),
    ("DELETE /Tasks/WT1", {}, False, False, True),
    ("GET /Tasks/WT1/Reservations", {}, False, True, True),
    ("GET /Tasks/WT1/Reservations", {"WorkerSid": ["{me}"]}, True, True, True),
    ("GET /Tasks/WT1/Reservations", {"WorkerSid": ["{other}"]}, False, True, True),
    ("GET /Tasks/WT1/Reservations", {"WorkerSid": ["{me}", ""]}, False, True, True),
    ("GET /Tasks/WT1/Reservations/WR1", {}, True, True, True),
    ("POST /Tasks/WT1/Reservations/WR1", {"ReservationStatus": "accepted"}, True, True, True),
    ("GET /TaskQueues", {}, False, True, True),
    ("GET /TaskQueues/WQ1", {}, False, True, True),
    ("POST /TaskQueues/WQ1", {"FriendlyName": "x"}, False, False, True),
    ("GET /Workflows", {}, False, True, True),
    ("POST /Workflows", {}, False, False, True),
    ("GET /Events", {}, False, True, True),
    ("GET /TaskChannels", {}, False, True, True),
    ("GET /RealTimeStatistics", {}, False, True, True),
    ("PUT /Workers/{me}", {}, False, False, False),
]


def filled(value: Any) -> Any:
    """`{me}` and `{other}` replaced by the sids of two workers."""
    if isinstance(value, str):
        return value.replace("{me}", WORKER).replace("{other}", OTHER)
    return [filled(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("request_line", "fields", "worker", "supervisor", "admin"),
    MATRIX,
    ids=[f"{row[0]} {','.join(row[1])}" for row in MATRIX],
)
def test_the_table_of_roles(
    request_line: str, fields: dict[str, Any], worker: bool, supervisor: bool, admin: bool
) -> None:
    method, _, below = filled(request_line).partition(" ")
    given = {name: filled(value) for name, value in fields.items()}
    path = f"Workspaces/{WORKSPACE}{below}"
    expected = {"worker": worker, "supervisor": supervisor, "admin": admin, "bare admin": admin}
    assert {role: may(of_role(role), method, path, given) for role in expected} == expected
    assert may(Caller(OURS, OURS), method, path, given), "the account itself may do everything"
    elsewhere = path.replace(WORKSPACE, ELSEWHERE)
    assert not any(may(of_role(role), method, elsewhere, given) for role in expected)


OUTSIDE = ["Workspaces", "", "Workflows", "2010-04-01/Accounts/AC1", f"2010-04-01/Accounts/{OURS}/Keys", "pointsman/v1"]


@pytest.mark.parametrize("path", OUTSIDE)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_no_token_reaches_beyond_its_workspace(path: str, method: str, desk: Desk) -> None:
    everything = capability_token(
        account_sid=OURS,
        auth_token=AUTH_TOKEN,
        workspace_sid=WORKSPACE,
        policies=[policy("https://any.host/**", method)],
        now=NOW,
    )
    callers = [of_role("worker"), of_role("supervisor"), of_role("admin"), desk.tokens.caller(everything)]
    assert [may(caller, method, path) for caller in callers] == [False] * 4
    assert not may(desk.tokens.caller(everything), method, f"Workspaces/{ELSEWHERE}/Workers")
    assert may(desk.tokens.caller(everything), method, f"Workspaces/{WORKSPACE}/Workers")


def test_supervising() -> None:
    path = f"Workspaces/{WORKSPACE}/Tasks/{TASK}/Reservations/{RESERVATION}"
    supervise = {"Instruction": "supervise", "Supervisor": WORKER, "SupervisorMode": "monitor"}
    assert permit(of_role("supervisor"), "POST", path, supervise) is None
    own = Lookup(WORKER, TASK, RESERVATION, changes=True)
    for fields in (supervise | {"Supervisor": OTHER}, {"ReservationStatus": "accepted"}):
        assert permit(of_role("supervisor"), "POST", path, fields) == own
    assert permit(of_role("worker"), "POST", path, supervise) == own


def test_what_must_be_looked_up() -> None:
    task = f"Workspaces/{WORKSPACE}/Tasks/{TASK}"
    transfers = f"Workspaces/{WORKSPACE}/Workers/{WORKER}/Transfers"
    worker = of_role("worker")
    assert permit(worker, "GET", task, {}) == Lookup(WORKER, TASK)
    assert permit(worker, "POST", task, {"Reason": "x"}) == Lookup(WORKER, TASK, changes=True)
    assert permit(worker, "GET", f"{task}/Reservations/{RESERVATION}", {}) == Lookup(WORKER, TASK, RESERVATION)
    named = {"TaskSid": TASK, "ReservationSid": RESERVATION}
    assert permit(worker, "POST", transfers, named) == Lookup(WORKER, TASK, RESERVATION, changes=True)
    assert permit(of_role("supervisor"), "GET", task, {}) is None
    assert permit(of_role("admin"), "POST", task, {"Priority": 5}) is None


def test_channels_of_the_event_bridge(desk: Desk) -> None:
    worker, admin = of_role("worker"), of_role("bare admin")
    assert may(worker, "GET", "wschannels")
    assert may(worker, "POST", f"wschannels/{OURS}/{WORKER}")
    assert not may(worker, "GET", f"wschannels/{OURS}/{OTHER}")
    assert not may(worker, "GET", f"wschannels/{THEIRS}/{WORKER}")
    assert may(admin, "GET", f"wschannels/{OURS}/{WORKSPACE}")
    token = WorkerCapabilityToken(OURS, AUTH_TOKEN, WORKSPACE, WORKER, valid_until=NOW + 9)
    caller = desk.tokens.caller(token.to_jwt())
    assert may(caller, "GET", f"wschannels/{OURS}/{WORKER}")
    assert may(caller, "POST", f"wschannels/{OURS}/{WORKER}")
    assert not may(caller, "GET", f"wschannels/{OURS}/{OTHER}")
    assert not may(caller, "GET", f"wschannels/{THEIRS}/{WORKER}")
    deaf = WorkerCapabilityToken(OURS, AUTH_TOKEN, WORKSPACE, WORKER, valid_until=NOW + 9, allow_web_sockets=False)
    assert not may(desk.tokens.caller(deaf.to_jwt()), "GET", f"wschannels/{OURS}/{WORKER}")


QUEUE_PATH = f"/TaskQueues/{QUEUE}"
SELF, MINE = f"/Workers/{WORKER}", f"/Workers/{WORKER}/Reservations"
ACTIVITY = {"ActivitySid": ["WA1"]}

# (kind of token, options, request, parameters, allowed?)
OFFICIAL: list[tuple[type, dict[str, bool], str, dict[str, Any], bool]] = [
    (WorkerCapabilityToken, {}, f"GET {SELF}", {}, True),
    (WorkerCapabilityToken, {}, "GET /Activities", {}, True),
    (WorkerCapabilityToken, {}, f"GET /Tasks/{TASK}", {}, True),
    (WorkerCapabilityToken, {}, f"GET {MINE}", {"ReservationStatus": ["pending"]}, True),
    (WorkerCapabilityToken, {}, f"GET {MINE}/{RESERVATION}", {}, True),
    (WorkerCapabilityToken, {}, f"GET {SELF}/Channels", {}, False),
    (WorkerCapabilityToken, {}, f"GET /Workers/{OTHER}", {}, False),
    (WorkerCapabilityToken, {}, f"POST {SELF}", ACTIVITY, False),
    (WorkerCapabilityToken, {}, f"POST {MINE}/{RESERVATION}", {}, False),
    (WorkerCapabilityToken, {"allow_fetch_self": False}, f"GET {SELF}", {}, False),
    (WorkerCapabilityToken, {"allow_fetch_activities": False}, "GET /Activities", {}, False),
    (WorkerCapabilityToken, {"allow_fetch_reservations": False}, f"GET /Tasks/{TASK}", {}, False),
    (WorkerCapabilityToken, {"allow_fetch_worker_reservations": False}, f"GET {MINE}", {}, False),
    (WorkerCapabilityToken, {"allow_update_activities": True}, f"POST {SELF}", ACTIVITY, True),
    (WorkerCapabilityToken, {"allow_update_activities": True}, f"POST {SELF}", {"Attributes": ["{}"]}, False),
    (WorkerCapabilityToken, {"allow_update_activities": True}, f"POST {SELF}", ACTIVITY | {"Attributes": "{}"}, False),
    (WorkerCapabilityToken, {"allow_update_self": True}, f"POST {SELF}", {"Attributes": ["{}"]}, True),
    (WorkerCapabilityToken, {"allow_delete_self": True}, f"DELETE {SELF}", {}, True),
    (WorkerCapabilityToken, {"allow_fetch_subresources": True}, f"GET {SELF}/Channels", {}, True),
    (WorkerCapabilityToken, {"allow_update_reservations": True}, f"POST {MINE}/{RESERVATION}", {}, True),
    (WorkerCapabilityToken, {"allow_update_reservations": True}, f"POST /Tasks/{TASK}", {}, True),
    (TaskQueueCapabilityToken, {}, f"GET {QUEUE_PATH}", {}, True),
    (TaskQueueCapabilityToken, {}, f"GET {QUEUE_PATH}/Statistics", {}, False),
    (TaskQueueCapabilityToken, {}, f"POST {QUEUE_PATH}", {}, False),
    (TaskQueueCapabilityToken, {"allow_fetch_subresources": True}, f"GET {QUEUE_PATH}/Statistics", {}, True),
    (TaskQueueCapabilityToken, {"allow_update_self": True}, f"POST {QUEUE_PATH}", {}, True),
    (TaskQueueCapabilityToken, {"allow_update_self": True}, f"DELETE {QUEUE_PATH}", {}, False),
    (WorkspaceCapabilityToken, {}, "GET ", {}, True),
    (WorkspaceCapabilityToken, {}, "GET /Workers", {}, False),
    (WorkspaceCapabilityToken, {"allow_fetch_subresources": True}, "GET /Workers", {}, True),
    (WorkspaceCapabilityToken, {"allow_fetch_subresources": True}, "POST /Workers", {}, False),
    (WorkspaceCapabilityToken, {"allow_update_subresources": True}, "POST /Workers", {}, True),
    (WorkspaceCapabilityToken, {"allow_update_subresources": True}, "POST ", {}, True),
    (WorkspaceCapabilityToken, {"allow_delete_subresources": True}, f"DELETE /Tasks/{TASK}", {}, True),
]


@pytest.mark.parametrize(("kind", "options", "request_line", "fields", "expected"), OFFICIAL)
def test_capability_tokens_of_the_official_library(
    desk: Desk, kind: Any, options: dict[str, bool], request_line: str, fields: dict[str, Any], expected: bool
) -> None:
    channel = {WorkerCapabilityToken: (WORKER,), TaskQueueCapabilityToken: (QUEUE,)}.get(kind, ())
    token = kind(OURS, AUTH_TOKEN, WORKSPACE, *channel, valid_until=NOW + 60, **options)
    method, _, below = request_line.partition(" ")
    assert may(desk.tokens.caller(token.to_jwt()), method, f"Workspaces/{WORKSPACE}{below}", fields) is expected
