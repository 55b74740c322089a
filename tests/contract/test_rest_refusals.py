"""What is malformed, foreign or forbidden is answered in Twilio's shape, and never with a 5xx."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any

import pytest

from .rest_live import ACCOUNT, TOKEN, Answer, Live, live_server

NOBODY = "0" * 32


class Place:
    """A server with a workspace; paths may use {ws}, {task}, {worker}, {queue}, {workflow}."""

    def __init__(self, live: Live) -> None:
        self.live = live
        ws = self.post("/v1/Workspaces", FriendlyName="Refusals")["sid"]
        base = f"/v1/Workspaces/{ws}"
        queue = self.post(f"{base}/TaskQueues", FriendlyName="Q")["sid"]
        routing = json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": queue}}})
        workflow = self.post(f"{base}/Workflows", FriendlyName="W", Configuration=routing)["sid"]
        worker = self.post(f"{base}/Workers", FriendlyName="alice")["sid"]
        task = self.post(f"{base}/Tasks", Attributes="{}")["sid"]
        self.names = {"ws": base, "task": task, "worker": worker, "queue": queue, "workflow": workflow}

    def post(self, path: str, **fields: Any) -> Any:
        answer = self.live.call("POST", path, fields)
        assert answer.status == 201, answer
        return answer.body

    def call(self, method: str, path: str, *arguments: Any) -> Answer:
        return self.live.call(method, path.format(**self.names), *arguments)


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with live_server() as live:
        yield Place(live)


def check_error(answer: Answer, status: int, code: int | None = None) -> None:
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    body = answer.body
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == status and body["message"]
    assert body["more_info"] == f"https://www.twilio.com/docs/errors/{body['code']}"
    if code is not None:
        assert body["code"] == code


POSTS: list[tuple[str, Any, int, int | None]] = [
    ("/v1/Workspaces", {"FriendlyName": "a\0b"}, 400, 20001),
    ("/v1/Workspaces", {}, 400, 20001),
    ("/v1/Workspaces", {"FriendlyName": ""}, 400, 20001),
    ("/v1/Workspaces", {"FriendlyName": "x" * 65}, 400, 20001),
    ("/v1/Workspaces", {"FriendlyName": "x", "MultiTaskEnabled": "maybe"}, 400, 20001),
    ("/v1/Workspaces", {"FriendlyName": "x", "Template": "SPIRAL"}, 400, 20001),
    ("/v1/Workspaces", {"FriendlyName": "x", "PrioritizeQueueOrder": "SIDEWAYS"}, 400, 20001),
    ("{ws}", {"DefaultActivitySid": "WA" + NOBODY}, 400, 20001),
    ("{ws}", {"TimeoutActivitySid": "nonsense"}, 400, 20001),
    ("{ws}/Activities", {}, 400, 20001),
    ("{ws}/TaskChannels", {"FriendlyName": "x"}, 400, 20001),
    ("{ws}/TaskQueues", {"FriendlyName": "x", "TargetWorkers": "((("}, 400, 20001),
    ("{ws}/TaskQueues", {"FriendlyName": "x", "MaxReservedWorkers": "51"}, 400, 20001),
    ("{ws}/TaskQueues", {"FriendlyName": "x", "MaxReservedWorkers": "many"}, 400, 20001),
    ("{ws}/TaskQueues", {"FriendlyName": "x", "TaskOrder": "RANDOM"}, 400, 20001),
    ("{ws}/TaskQueues", {"FriendlyName": "Q"}, 400, 20001),
    ("{ws}/TaskQueues/{queue}", {"ReservationActivitySid": "WA" + NOBODY}, 400, 20001),
    ("{ws}/TaskQueues/RealTimeStatistics", b'{"queueSids": []}', 400, 20001),
    ("{ws}/Workflows", {"FriendlyName": "x"}, 400, 20001),
    ("{ws}/Workflows", {"FriendlyName": "x", "Configuration": "[]"}, 400, 20001),
    ("{ws}/Workflows", {"FriendlyName": "x", "Configuration": "{" * 5000}, 400, 20001),
    ("{ws}/Workflows/{workflow}", {"TaskReservationTimeout": "0"}, 400, 20001),
    ("{ws}/Workflows/{workflow}", {"ReEvaluateTasks": "perhaps"}, 400, 20001),
    ("{ws}/Workers", {}, 400, 20001),
    ("{ws}/Workers", {"FriendlyName": "ALICE"}, 400, 20001),
    ("{ws}/Workers", {"FriendlyName": "x", "Attributes": "nonsense"}, 400, 20001),
    ("{ws}/Workers", {"FriendlyName": "x", "Attributes": "[1]"}, 400, 20001),
    ("{ws}/Workers", {"FriendlyName": "x", "Attributes": "[" * 4000}, 400, 20001),
    ("{ws}/Workers", {"FriendlyName": "x", "ActivitySid": "WK" + NOBODY}, 400, 20001),
    ("{ws}/Workers/{worker}", {"Attributes": '{"a": "' + "x" * 5000 + '"}'}, 400, 20001),
    ("{ws}/Workers/{worker}", {"RejectPendingReservations": "?"}, 400, 20001),
    ("{ws}/Workers/{worker}/Channels/default", {"Capacity": "-1"}, 400, 20001),
    ("{ws}/Workers/{worker}/Channels/default", {"Capacity": "1e3"}, 400, 20001),
    ("{ws}/Workers/{worker}/Channels/none", {"Capacity": "1"}, 404, 20404),
    ("{ws}/Tasks", {"Attributes": "{]"}, 400, 20001),
    ("{ws}/Tasks", {"Priority": "9" * 30}, 400, 20001),
    ("{ws}/Tasks", {"Priority": "-1"}, 400, 20001),
    ("{ws}/Tasks", {"Priority": "١"}, 400, 20001),  # a digit, but not one of ours
    ("{ws}/Tasks", {"Timeout": "0"}, 400, 20001),
    ("{ws}/Tasks", {"Timeout": "1209601"}, 400, 20001),
    ("{ws}/Tasks", {"TaskChannel": "smoke-signals"}, 400, 20001),
    ("{ws}/Tasks", {"WorkflowSid": "WW123"}, 400, 20001),
    ("{ws}/Tasks", {"WorkflowSid": "WW" + NOBODY}, 400, 20001),
    ("{ws}/Tasks", {"RoutingTarget": "WWz"}, 400, 20001),
    ("{ws}/Tasks", {"RoutingTarget": "WK" + NOBODY}, 400, 20001),
    ("{ws}/Tasks", {"TaskQueueSid": "nonsense"}, 400, 20001),
    ("{ws}/Tasks", {"VirtualStartTime": "9999-12-31T23:59:59Z"}, 400, 20001),
    ("{ws}/Tasks", {"VirtualStartTime": "0001-01-01"}, 400, 20001),
    ("{ws}/Tasks", {"VirtualStartTime": "yesterday"}, 400, 20001),
    ("{ws}/Tasks/{task}", {"AssignmentStatus": "done"}, 400, 20001),
    ("{ws}/Tasks/{task}", {"AssignmentStatus": "wrapping"}, 400, 20001),
    ("{ws}/Tasks/{task}", {"AssignmentStatus": "completed"}, 400, 20001),
    ("{ws}/Tasks/{task}", {"AssignmentStatus": "reserved"}, 400, 20001),
    ("{ws}/Tasks/WT" + NOBODY, {}, 404, 20404),
    ("{ws}/Tasks/{task}/Reservations/WR" + NOBODY, {"ReservationStatus": "accepted"}, 404, 20404),
    ("{ws}/Tasks/{task}/Reservations/WR" + NOBODY, {"ReservationStatus": "taken"}, 400, 20001),
    ("{ws}/Tasks/{worker}/Reservations/WR" + NOBODY, {}, 404, 20404),
    ("{ws}/Tasks", b"Attributes=%FF", 400, 20001),
    ("{ws}/Tasks", b"Attributes=\xff", 400, 20001),
    ("{ws}/Tasks", b"&".join(b"a=1" for _ in range(2000)), 400, 20001),
    ("{ws}/Tasks", b"Attributes=" + b"x" * 1_100_000, 413, 20413),
    ("/v1/Workspaces", b'{"FriendlyName": "JSON is no form"}', 400, 20001),
    ("/pointsman/v1/Clock", {}, 400, 20001),
    ("/pointsman/v1/Clock", {"Advance": "-1"}, 400, 20001),
    ("/pointsman/v1/Clock", {"Advance": "nan"}, 400, 20001),
    ("/pointsman/v1/Clock", {"Advance": "inf"}, 400, 20001),
    (f"/2010-04-01/Accounts/{ACCOUNT}/Keys.json", {"FriendlyName": "x" * 65}, 400, 20001),
    (f"/2010-04-01/Accounts/AC{NOBODY}/Keys.json", {}, 404, 20404),
]


@pytest.mark.parametrize(("path", "fields", "status", "code"), POSTS)
def test_a_bad_post_changes_nothing(place: Place, path: str, fields: Any, status: int, code: int | None) -> None:
    check_error(place.call("POST", path, fields), status, code)


GETS: list[tuple[str, int, int | None]] = [
    ("/v1/Workspaces/WS" + NOBODY, 404, 20404),
    ("/v1/Workspaces/nonsense/Tasks", 404, 20404),
    ("/v1/Workspaces//Tasks", 404, 20404),
    ("/v1/Workspaces/%00/Tasks", 404, 20404),
    ("/v1/Workspaces/AC" + ACCOUNT[2:], 404, 20404),
    ("/v1/Nothing", 404, 20404),
    ("{ws}/Nothing", 404, 20404),
    ("{ws}/Statistics?Minutes=0", 400, 20001),
    ("{ws}/Statistics?StartDate=2001-01-01", 400, 14241),
    ("{ws}/TaskQueues/WQ" + NOBODY + "/Statistics", 404, 20404),
    ("{ws}/Workers/WK" + NOBODY + "/Statistics", 404, 20404),
    ("{ws}/Workflows/WW" + NOBODY + "/CumulativeStatistics", 404, 20404),
    ("{ws}/Events/EV" + NOBODY, 404, 20404),
    ("{ws}/Events/nonsense", 404, 20404),
    ("{ws}/Tasks?PageSize=1001", 400, 20007),
    ("{ws}/Tasks?PageSize=0", 400, 20001),
    ("{ws}/Tasks?PageSize=ten", 400, 20001),
    ("{ws}/Tasks?Page=3", 400, 40153),
    ("{ws}/Tasks?Page=-1", 400, 20001),
    ("{ws}/Tasks?PageToken=nonsense", 400, 21481),
    ("{ws}/Tasks?PageToken=PA", 400, 21481),
    ("{ws}/Tasks?PageToken=PA5b5d", 400, 21481),
    ("{ws}/Tasks?PageToken=PAWT" + NOBODY, 400, 21481),
    ("{ws}/Tasks?PageToken=PA" + "5b" * 500, 400, 21481),
    ("{ws}/Events?PageToken=PAEV" + NOBODY, 400, 21481),
    ("/v1/Workspaces?PageToken=PA5b302c315d", 400, 21481),
    ("{ws}/Tasks?Ordering=Age:asc", 400, 20001),
    ("{ws}/Tasks?Ordering=Priority:up", 400, 20001),
    ("{ws}/Tasks?Ordering=DateCreated:asc,VirtualStartTime:asc", 400, 20001),
    ("{ws}/Tasks?AssignmentStatus=lost", 400, 20001),
    ("{ws}/Tasks?EvaluateTaskAttributes=(((", 400, 20001),
    ("{ws}/Tasks?WorkflowSid=abc", 400, 20001),
    ("{ws}/Tasks?Priority=high", 400, 20001),
    ("{ws}/Tasks?HasAddons=some", 400, 20001),
    ("{ws}/Tasks?a=%FF", 400, 20001),
    ("{ws}/Workers?ActivitySid=abc", 400, 20001),
    ("{ws}/Workers?TargetWorkersExpression=a%20==", 400, 20001),
    ("{ws}/Workers?Ordering=Name:asc", 400, 20001),
    ("{ws}/TaskQueues?EvaluateWorkerAttributes=nonsense", 400, 20001),
    ("{ws}/TaskQueues?EvaluateWorkerAttributes=%5B%5D", 400, 20001),
    ("{ws}/TaskQueues?WorkerSid=abc", 400, 20001),
    ("{ws}/Events?Minutes=0", 400, 20001),
    ("{ws}/Events?Minutes=43201", 400, 20001),
    ("{ws}/Events?StartDate=2999-01-01&Minutes=5", 400, 20001),
    ("{ws}/Events?StartDate=soon", 400, 20001),
    ("{ws}/Events?TaskSid=abc", 400, 20001),
    ("{ws}/Tasks/{task}/Reservations?ReservationStatus=lost", 400, 20001),
    ("{ws}/Tasks/WT" + NOBODY + "/Reservations", 404, 20404),
    ("{ws}/Workers/WK" + NOBODY + "/Channels", 404, 20404),
    (f"/2010-04-01/Accounts/{ACCOUNT}/Keys/SK{NOBODY}.json", 404, 20404),
    (f"/2010-04-01/Accounts/AC{NOBODY}.json", 404, 20404),
]


@pytest.mark.parametrize(("path", "status", "code"), GETS)
def test_a_bad_get_is_refused(place: Place, path: str, status: int, code: int | None) -> None:
    check_error(place.call("GET", path), status, code)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "{ws}"),
        ("PATCH", "{ws}/Tasks"),
        ("DELETE", "{ws}/Tasks"),
        ("DELETE", "{ws}/Workers/{worker}/Channels/default"),
        ("POST", "{ws}/Events"),
    ],
)
def test_a_method_that_is_not_there(place: Place, method: str, path: str) -> None:
    answer = place.call(method, path)
    check_error(answer, 405, 20004)
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize(
    "login",
    [
        None,
        (ACCOUNT, "wrong"),
        (ACCOUNT, ""),
        ("AC" + NOBODY, TOKEN),
        ("SK" + NOBODY, TOKEN),
        ("", ""),
        ("ü", "ü"),
        (ACCOUNT, TOKEN + "x" * 5000),
    ],
)
def test_strangers_are_asked_who_they_are(place: Place, login: tuple[str, str] | None) -> None:
    for path in ("/v1/Workspaces", "{ws}/Tasks", "/v1/Workspaces/nothing/here", "/pointsman/v1/Clock"):
        answer = place.live.call("GET", path.format(**place.names), None, None, login)
        check_error(answer, 401, 20003)
        assert answer.body["message"] == "Authenticate"
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic " + "QQ" * 3, "Bearer x", "basic", "Basic \u00ff"])
def test_a_malformed_authorization_header(place: Place, header: str) -> None:
    answer = place.live.call("GET", "/v1/Workspaces", None, {"Authorization": header}, None)
    check_error(answer, 401, 20003)


def test_a_refused_post_has_made_nothing(place: Place) -> None:
    before = place.call("GET", "{ws}/Tasks").body["tasks"]
    place.call("POST", "{ws}/Tasks", {"Attributes": "{]"})
    assert place.call("GET", "{ws}/Tasks").body["tasks"] == before


def test_if_match(place: Place) -> None:
    sid = place.post("{ws}/Workers".format(**place.names), FriendlyName="versioned")["sid"]
    path = "{ws}/Workers/" + sid
    tag = place.call("GET", path).headers["ETag"]
    assert tag == f'"{json.loads(tag)}"' and isinstance(json.loads(json.loads(f'"{json.loads(tag)}"')), int)
    check_error(place.call("POST", path, {"Attributes": "{}"}, {"If-Match": '"77"'}), 412)
    check_error(place.call("POST", path, {"Attributes": "{}"}, {"If-Match": "nonsense"}), 412)
    check_error(place.call("DELETE", path, None, {"If-Match": "77"}), 412)
    changed = place.call("POST", path, {"Attributes": '{"a": 1}'}, {"If-Match": tag})
    assert changed.status == 200 and changed.headers["ETag"] != tag
    check_error(place.call("POST", path, {"Attributes": "{}"}, {"If-Match": tag}), 412)
    assert place.call("GET", path).body["attributes"] == '{"a": 1}'
    again = place.call("POST", path, {"FriendlyName": "v"}, {"If-Match": changed.headers["ETag"].strip('"')})
    assert again.status == 200
    assert place.call("POST", path, {"FriendlyName": "w"}, {"If-Match": "*"}).status == 200
    assert place.call("DELETE", path).status == 204


def test_if_match_of_tasks(place: Place) -> None:
    made = place.call("POST", "{ws}/Tasks", {"Attributes": "{}"})
    path, tag = "{ws}/Tasks/" + made.body["sid"], made.headers["ETag"]
    check_error(place.call("POST", path, {"Priority": "3"}, {"If-Match": '"99"'}), 412)
    current = place.call("GET", path).headers["ETag"]
    assert place.call("POST", path, {"Priority": "3"}, {"If-Match": current}).status == 200
    check_error(place.call("DELETE", path, None, {"If-Match": current}), 412)
    assert tag and place.call("DELETE", path).status == 204


def test_json_is_not_passed_over_in_silence(place: Place) -> None:
    json_type = {"Content-Type": "application/json; charset=utf-8"}
    answer = place.call("POST", "{ws}", b'{"FriendlyName": "Z"}', json_type)
    check_error(answer, 415, 20415)
    assert place.call("GET", "{ws}").body["friendly_name"] == "Refusals"


def test_keys_act_for_their_account_until_they_are_deleted(place: Place) -> None:
    client = place.live.client()
    made = client.new_keys.create(friendly_name="robot")
    assert made.sid.startswith("SK") and made.secret
    robot = place.live.client(made.sid, made.secret)
    assert robot.taskrouter.v1.workspaces.list()
    assert made.sid in [key.sid for key in client.keys.list(page_size=1)]
    assert client.keys(made.sid).fetch().friendly_name == "robot"
    assert "secret" not in place.call("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Keys/{made.sid}.json").body
    account = place.live.call("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json", None, None, (made.sid, made.secret))
    assert account.status == 200 and account.body["auth_token"] is None
    assert client.api.v2010.accounts(ACCOUNT).fetch().auth_token == TOKEN
    pair, keys = (made.sid, made.secret), f"/2010-04-01/Accounts/{ACCOUNT}/Keys"
    check_error(place.live.call("POST", f"{keys}.json", {"FriendlyName": "heir"}, None, pair), 403, 20403)
    check_error(place.live.call("DELETE", f"{keys}/{made.sid}.json", None, None, pair), 403, 20403)
    assert client.keys(made.sid).delete()
    answer = place.live.call("GET", "/v1/Workspaces", None, None, (made.sid, made.secret))
    check_error(answer, 401, 20003)


def test_a_wrong_path_below_a_known_one_is_not_found_when_deleted(place: Place) -> None:
    check_error(place.call("DELETE", "{ws}/Workers/WK" + NOBODY), 404, 20404)


def test_a_workflow_of_a_megabyte_is_let_through(place: Place) -> None:
    queue = place.names["queue"]
    filters = {"filters": [], "default_filter": {"queue": queue}, "filler": "é" * 480_000}
    text = json.dumps({"task_routing": filters}, ensure_ascii=False)
    answer = place.call("POST", "{ws}/Workflows", {"FriendlyName": "Large", "Configuration": text})
    assert answer.status == 201, answer
    connection = HTTPConnection(place.live.url.removeprefix("http://"), timeout=20)  # keeps alive, as clients do
    for _ in range(2):
        login = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}
        connection.request("POST", place.names["ws"] + "/Workflows", b"x" * 4_300_000, login)
        refused = connection.getresponse()
        check_error(Answer(refused.status, refused.headers, refused.read()), 413, 20413)
    connection.close()


def test_health_needs_no_credentials(place: Place) -> None:
    for path in ("/healthz", "/readyz"):
        assert place.live.call("GET", path, None, None, None).status == 200


def test_options_are_told_to_browsers(place: Place) -> None:
    answer = place.live.call("OPTIONS", "{ws}/Tasks".format(**place.names), None, None, None)
    assert answer.status in (200, 204)
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert "ETag" in answer.headers["Access-Control-Expose-Headers"]


def test_urls_lead_back_to_the_host_that_was_asked(place: Place) -> None:
    path = "{ws}".format(**place.names)
    assert (
        place.live.call("GET", path, None, {"Host": "router.example:81"})
        .body["url"]
        .startswith("http://router.example:81/v1/")
    )
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "router.example"}
    assert place.live.call("GET", path, None, told).body["url"] == f"https://router.example{path}"
    strange = place.live.call("GET", path, None, {"X-Forwarded-Host": "a b<script>"}).body["url"]
    assert strange == place.live.url + path


@pytest.mark.parametrize("kind", ["length", "chunks"])
def test_a_body_that_is_cut_short_is_not_carried_out(place: Place, kind: str) -> None:
    before = len(place.call("GET", "{ws}/Tasks?PageSize=1000").body["tasks"])
    login = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
    head = "POST {ws}/Tasks HTTP/1.1\r\nHost: x\r\nAuthorization: Basic ".format(**place.names) + login
    tail = {
        "length": "\r\nContent-Length: 100\r\n\r\nAttributes={}",
        "chunks": "\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nAttributes={}\r\n",
    }
    host, port = place.live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as connection:
        connection.sendall((head + tail[kind]).encode())
    assert len(place.call("GET", "{ws}/Tasks?PageSize=1000").body["tasks"]) == before


def test_a_client_that_closes_sees_why_its_large_body_is_refused(place: Place) -> None:
    for size in (2_000_000, 20_000_000):  # this client asks to close, and sends all before it reads
        check_error(place.call("POST", "{ws}/Tasks", b"x" * size), 413, 20413)
