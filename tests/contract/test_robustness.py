"""A hostile client at the REST door: never a 5xx, always Twilio's shape, and nothing changed by what is refused."""

from __future__ import annotations

import json
import random
import re
import socket
from base64 import b64encode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.core.result import Ok

from pointsman.auth.caller import Caller
from pointsman.domain.entry import SYSTEM
from pointsman.engine.account import accounts
from pointsman.operations import tasks, workers
from pointsman.operations.scope import WorkspaceScope

from .openapi import REFUSALS, Operation, describe, operations, path_parameters
from .rest_live import ACCOUNT, SETTINGS, TOKEN, Answer, Live, live_server

OTHER, OTHER_TOKEN = "AC" + "b2" * 16, "t0ken-of-the-others"
LOGIN = "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
NOBODY = "0" * 32
PREFIXES = ("AC", "WS", "WA", "WK", "TC", "WQ", "WW", "WT", "WR", "EV", "WC")

HOSTILE = [
    "", " ", "\0", "a\0b", "é", "🎧🎧", "x" * 70, "x" * 5000, "-1", "0", "7", "1e3", "NaN", "0x10", "١", "1_000",
    "9" * 5000, "-" + "9" * 30, "9223372036854775808", "2147483648", "true", "maybe", "null", "{}", "[]", "{", '"',
    '{"a":' * 60 + "1" + "}" * 60, "[" * 4000, '{"a":' * 800 + "1" + "}" * 800, '{"a":"\\ud800"}', '{"\\udfff":1}',
    '{"a":1e999}', '{"a":' + "9" * 4000 + "}", '{"a":NaN}', '{"a":1,"a":[2]}', "' OR 1=1; DROP TABLE tasks --", "1==1",
    "(" * 3000 + "1==1" + ")" * 3000, " AND ".join(["a==1"] * 5000), "a IN [" + ",".join(["1"] * 9000) + "]",
    "a > 9" + "9" * 400, "a HAS", "worker.a == task.b", "2024-02-30", "2024-01-01T00:00:00Z", "2024-01-01",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "20240101T000000,5Z", "Priority:desc,DateCreated:asc",
    "Priority:desc,Priority:asc", ":::,", "../../etc/passwd", "%FF%00", "a,b,,", "PA", "PA5b302c315d",
    "PA" + json.dumps([0, 10**30]).encode().hex(), "PA" + json.dumps([1, -5, 3]).encode().hex(),
    "PA" + b"[0,1.5]".hex(), "\r\nX-Injected: 1", "<script>", "{workspace}", "ws" + NOBODY, "WS" + "g" * 32,
    *(prefix + NOBODY for prefix in PREFIXES),
]  # fmt: skip


class Stage:
    """A server with two accounts, each with a workspace that holds one of everything."""

    def __init__(self, live: Live) -> None:
        self.live = live
        live.run(self._add_account())
        self.connection = HTTPConnection(live.url.removeprefix("http://"), timeout=30)
        self.other = self.furnish((OTHER, OTHER_TOKEN))
        self.own = self.furnish((ACCOUNT, TOKEN))

    async def _add_account(self) -> None:
        house = self.live.application.house
        make = accounts.create
        await house.node.create(OTHER, SYSTEM, lambda engine: make(engine, sid=OTHER, auth_token=OTHER_TOKEN))
        await house.directory.load(OTHER)

    def furnish(self, login: tuple[str, str]) -> dict[str, str]:
        """A sid of every kind by its prefix; the worker has a pending reservation for the task."""

        def make(path: str, **fields: str) -> Any:
            answer = self.live.call("POST", base + path, fields, None, login)
            assert answer.status == 201, answer
            return answer.body

        def first(path: str, key: str) -> str:
            found: str = self.live.call("GET", base + path, None, None, login).body[key][0]["sid"]
            return found

        base = "/v1/Workspaces"
        base += "/" + (made := {"WS": make("", FriendlyName="Robust")["sid"]})["WS"]
        made["WA"] = make("/Activities", FriendlyName="Ready", Available="true")["sid"]
        made["TC"] = make("/TaskChannels", FriendlyName="Fax", UniqueName="fax")["sid"]
        made["WQ"] = make("/TaskQueues", FriendlyName="Q")["sid"]
        routing = json.dumps({"task_routing": {"default_filter": {"queue": made["WQ"]}}})
        made["WW"] = make("/Workflows", FriendlyName="W", Configuration=routing)["sid"]
        made["WK"] = make("/Workers", FriendlyName="Ada", ActivitySid=made["WA"])["sid"]
        made["WT"] = make("/Tasks", WorkflowSid=made["WW"])["sid"]
        made["WR"] = first(f"/Tasks/{made['WT']}/Reservations", "reservations")
        made["WC"] = first(f"/Workers/{made['WK']}/Channels", "channels")
        made["EV"] = first("/Events", "events")
        return made

    def heads(self) -> dict[str, int]:
        """The last fact of every stream, in memory and in the journal, once everything is at rest."""
        return self.live.run(self._heads())

    async def _heads(self) -> dict[str, int]:
        node = self.live.application.node
        await node.advance(0)
        heads = {head.stream: head.head for head in await node.journal.streams() if not head.deleted}
        for stream, head in heads.items():
            assert await node.ask(stream, lambda engine: engine.head) == head
        return heads

    def send(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection that is kept."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.connection.request(method, path, body, {"Authorization": LOGIN} | headers)
        answer = self.connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())

    def path(self, operation: Operation, sids: dict[str, str]) -> str:
        found = {name: quote(sids[prefix], safe="") for name, prefix in path_parameters(operation.path)}
        return operation.path.format(**found)


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    with live_server() as live:
        yield Stage(live)


def check(answer: Answer, *statuses: int) -> None:
    """A refusal in Twilio's shape, with one of these statuses."""
    assert answer.status in (statuses or REFUSALS), answer
    assert answer.headers["Content-Type"] == "application/json"
    body = answer.body
    assert set(body) == {"code", "message", "more_info", "status"}
    assert body["status"] == answer.status and isinstance(body["code"], int) and body["message"]
    assert body["more_info"].endswith(f"/{body['code']}")


def check_any(answer: Answer, success: int, what: object) -> bool:
    """A documented success with JSON, or a refusal; True if it was refused."""
    assert answer.status < 500, (what, answer)
    if answer.status < 300:
        assert answer.status == success, (what, answer)
        assert not answer.raw if success == 204 else isinstance(answer.body, dict)
        return False
    check(answer)
    return True


NEEDED = {
    "create-Workspaces": {"FriendlyName": "n"},
    "create-Activities": {"FriendlyName": "n"},
    "create-TaskChannels": {"FriendlyName": "n", "UniqueName": "n"},
    "create-TaskQueues": {"FriendlyName": "n"},
    "create-Workflows": {"FriendlyName": "n", "Configuration": "{}"},
    "create-Workers": {"FriendlyName": "n"},
}


def variants(operation: Operation) -> Iterator[list[tuple[str, str]]]:
    """Every parameter with every hostile value, alone; then some in which several are hostile, or come twice."""
    needed = NEEDED.get(operation.name, {})
    for name in operation.parameters:
        for value in HOSTILE:
            yield list((needed | {name: value}).items())
    dice = random.Random(operation.name)
    for _ in range(20 if operation.parameters else 0):
        chosen = dice.choices(list(operation.parameters), k=dice.randint(2, 6))
        yield [*needed.items(), *((name, dice.choice(HOSTILE)) for name in chosen)]


CHANGING = [each for each in operations() if each.verb in ("create", "update")]
LISTING = [each for each in operations() if each.verb == "listing"]


@pytest.mark.parametrize("operation", CHANGING, ids=lambda operation: operation.name)
def test_what_is_refused_changes_nothing(stage: Stage, operation: Operation) -> None:
    sids = stage.furnish((ACCOUNT, TOKEN))
    path = stage.path(operation, sids)
    before = stage.heads()
    for fields in variants(operation):
        answer = stage.send("POST", path, urlencode(fields).encode())
        after = stage.heads()
        if check_any(answer, operation.success, fields):
            assert after == before, (fields, answer)
        before = after


@pytest.mark.parametrize("operation", LISTING, ids=lambda operation: operation.name)
def test_lists_take_whatever_is_asked(stage: Stage, operation: Operation) -> None:
    path = stage.path(operation, stage.own)
    before = stage.heads()
    for fields in variants(operation):
        check_any(stage.send("GET", f"{path}?{urlencode(fields)}"), 200, fields)
    assert stage.heads() == before


def test_another_accounts_objects_are_not_there(stage: Stage) -> None:
    before = stage.heads()
    for operation in (each for each in operations() if "{" in each.path):
        mixed = [stage.own | {"WS": stage.other["WS"]}, stage.other]
        prefixes = [prefix for _, prefix in path_parameters(operation.path)]
        mixed += [stage.own | {prefix: stage.other[prefix]} for prefix in prefixes]
        mixed += [stage.own | {prefix: bad} for prefix in prefixes for bad in HOSTILE if 0 < len(bad) < 500]
        for sids in mixed:
            body = urlencode(NEEDED.get(operation.name, {})).encode()
            check(stage.send(operation.method, stage.path(operation, sids), body), 404, 405)
    assert stage.heads() == before


def test_another_accounts_objects_cannot_be_named(stage: Stage) -> None:
    base, before = f"/v1/Workspaces/{stage.own['WS']}", stage.heads()
    routing = json.dumps({"task_routing": {"default_filter": {"queue": stage.other["WQ"]}}})
    asked = [
        ("/Tasks", {"WorkflowSid": stage.other["WW"]}),
        ("/Tasks", {"RoutingTarget": stage.other["WK"]}),
        ("/Tasks", {"RoutingTarget": stage.other["WQ"]}),
        ("/Tasks", {"TaskQueueSid": stage.other["WQ"]}),
        ("/Tasks", {"TaskChannel": stage.other["TC"]}),
        ("/Workers", {"FriendlyName": "n", "ActivitySid": stage.other["WA"]}),
        ("/TaskQueues", {"FriendlyName": "n", "ReservationActivitySid": stage.other["WA"]}),
        ("/Workflows", {"FriendlyName": "n", "Configuration": routing}),
        ("", {"DefaultActivitySid": stage.other["WA"]}),
    ]
    for path, fields in asked:
        check(stage.send("POST", base + path, urlencode(fields).encode()), 400)
    for path in ("/Tasks?PageToken=PA" + stage.other["WT"], "/Events?PageToken=PA" + stage.other["EV"]):
        check(stage.send("GET", base + path), 400)
    check(stage.send("GET", "/v1/Workspaces?PageToken=PA" + stage.other["WS"]), 400, 404)
    assert stage.heads() == before
    listed = stage.send("GET", "/v1/Workspaces?PageSize=1000").body["workspaces"]
    assert {each["account_sid"] for each in listed} == {ACCOUNT}


def _cases(mode: GenerationMode) -> Any:
    with live_server() as live:
        stage = Stage(live)
        known = {prefix: [stage.own[prefix], stage.other[prefix]] for prefix in stage.own}
        found = schemathesis.openapi.from_dict(describe(known)).get_all_operations()
        ordered = sorted(
            (result.ok() for result in found if isinstance(result, Ok)),
            key=lambda each: (each.method == "delete", -len(each.path)),
        )
        for operation in ordered:
            _try(stage, operation, mode)


def _try(stage: Stage, operation: Any, mode: GenerationMode) -> None:
    successes = [int(status) for status in operation.definition.raw["responses"] if status < "300"]

    @settings(
        max_examples=4,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def attempt(case: Any) -> None:
        before = stage.heads()
        answer = case.call(base_url=stage.live.url, auth=(ACCOUNT, TOKEN))
        headers = {"Content-Type": "".join(answer.headers.get("content-type", []))}
        refused = check_any(Answer(answer.status_code, headers, answer.content), successes[0], case)
        assert not refused or stage.heads() == before, case

    attempt()


@pytest.mark.parametrize("mode", list(GenerationMode))
def test_drawn_requests_are_answered_or_refused(mode: GenerationMode) -> None:
    _cases(mode)


# -- raw sockets


def raw(live: Live, data: bytes, *, timeout: float = 20) -> Answer:
    """What comes back for these bytes."""
    host, port = live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=timeout) as connection:
        connection.sendall(data)
        answer = HTTPResponse(connection, method=data.split(b" ", 1)[0].decode("latin-1"))
        answer.begin()
        return Answer(answer.status, answer.headers, answer.read())


def request(line: str, body: bytes = b"", *headers: str) -> bytes:
    length = [] if any("ransfer-" in header or "ontent-L" in header for header in headers) else [len(body)]
    lines = [f"{line} HTTP/1.1", "Host: h", f"Authorization: {LOGIN}", *headers]
    return "\r\n".join([*lines, *(f"Content-Length: {size}" for size in length), "", ""]).encode("latin-1") + body


def chunked(body: bytes, size: int) -> bytes:
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in [*pieces, b""])


BODIES = [
    b"Attributes=%FF", b"Attributes=\xff", b"Attributes=%ED%A0%80", b"Attributes=\xed\xa0\x80", b"Attributes=%C0%80",
    b"Attributes=%7B%22a%22%3A%22%5Cud800%22%7D", b"%FF=1", b"Attributes=" + b"{" * 1_100_000,
    b"&".join(b"F%d=1" % number for number in range(2000)), b"&" * 2000, b"Priority=1&Priority=x",
    b'{"Attributes": "{"}', b"Attributes={}&Timeout=1e9", b"Timeout=" + b"9" * 500_000,
    b"\0\0\0Priority=1&Priority=%00",
]  # fmt: skip


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_bad_bodies(stage: Stage, body: bytes) -> None:
    line, before = f"POST /v1/Workspaces/{stage.own['WS']}/Tasks", stage.heads()
    answers = [raw(stage.live, request(line, body)), raw(stage.live, request(line, body, "Content-Type: text/x"))]
    answers.append(raw(stage.live, request(line, chunked(body, 60_000), "Transfer-Encoding: chunked")))
    lenient = b"1e9" not in body and body.startswith((b"&", b"F0", b"%FF=1", b'{"A'))
    for answer in answers:
        check(answer, 400, 413) if not (lenient and answer.status == 201) else None
    if all(answer.status != 201 for answer in answers):
        assert stage.heads() == before


def test_a_huge_body_is_refused_before_it_has_come(stage: Stage) -> None:
    line = f"POST /v1/Workspaces/{stage.own['WS']}/Tasks"
    check(raw(stage.live, request(line, b"", "Content-Length: 999999999999")), 413)
    check(raw(stage.live, request(line, b"", "Content-Length: 99999999", "Expect: 100-continue")), 413)
    endless = request(line, b"1000000\r\n" + b"x" * 3_000_000, "Transfer-Encoding: chunked")
    check(raw(stage.live, endless), 413)


LINES = [
    ("GET /v1/Workspaces/{ws}%2FTasks", {200, 404}), ("GET /v1/Workspaces/{ws}/Tasks%00", {404}),
    ("GET /v1/Workspaces//{ws}/Tasks", {404}), ("GET //v1/Workspaces", {200, 404}),
    ("GET /%2Fv1/Workspaces", {200, 404}), ("GET /v1//Workspaces", {404}), ("GET /v1/Workspaces/{ws}/", {200}),
    ("GET /v1/Workspaces/{ws}//", {200, 404}), ("GET /v1/workspaces", {404}), ("GET /v1/Workspaces/../x", {404}),
    ("GET /v1/Workspaces/%FF", {404}), ("GET /v1/Workspaces/%ED%A0%80", {404}), ("GET /v1/Workspaces/%zz", {404}),
    ("GET /" + "x" * 20_000, {404}), ("GET /v1/Workspaces?" + "a=1&" * 2000, {400}), ("GET /v1/Workspaces?%FF", {400}),
    ("HEAD /v1/Workspaces", {405}), ("PUT /v1/Workspaces/{ws}", {405}), ("PATCH /v1/Workspaces/{ws}", {405}),
    ("OPTIONS /v1/Workspaces", {200, 204}), ("OPTIONS /v1/Nothing", {404}), ("TRACE /v1/Workspaces", {405}),
    ("GET http://elsewhere/v1/Workspaces", {200, 404}), ("GET *", {400, 404}), ("GET /", {404}), ("DELETE /", {404}),
    ("PROPFIND /v1/Workspaces", {405}), ("CONNECT h:1", {400, 404, 405}), ("POST /v1/Workspaces/{ws}/Events/x", {405}),
]  # fmt: skip


@pytest.mark.parametrize(("line", "statuses"), LINES, ids=range(len(LINES)))
def test_strange_request_lines(stage: Stage, line: str, statuses: set[int]) -> None:
    before = stage.heads()
    answer = raw(stage.live, request(line.format(ws=stage.own["WS"])), timeout=10)
    assert answer.status in statuses, answer
    if answer.status >= 400 and not line.startswith("HEAD"):
        check(answer)
    assert stage.heads() == before


@pytest.mark.parametrize(
    "path", ["//v1/Workspaces", "/%2Fv1/Workspaces", "///pointsman/v1/Clock", f"//2010-04-01/Accounts/{ACCOUNT}.json"]
)
def test_more_slashes_are_no_way_past_the_login(stage: Stage, path: str) -> None:
    check(raw(stage.live, f"GET {path} HTTP/1.1\r\nHost: h\r\n\r\n".encode()), 401, 404)


GARBAGE = [
    b"\0" * 100 + b"\r\n\r\n", b"GET\r\n\r\n", b"get / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\r\n\r\n",
    request("GET /v1/Workspaces", b"", "Content-Length: -1"), request("GET /v1/Workspaces", b"", "Content-Length: 1x"),
    request("POST /v1/Workspaces", b"0\r\n\r\n", "Content-Length: 5", "Transfer-Encoding: chunked"),
    request("POST /v1/Workspaces", b"zz\r\n\r\n", "Transfer-Encoding: chunked"),
    request("GET /v1/Workspaces", b"", "X: " + "y" * 70_000), request("GET /v1/Workspaces?\xff"),
    request("GET /v1/Workspaces?a=" + "b" * 70_000), b"GET / HTTP/1.1\r\nHost: h\r\nbad header\r\n\r\n",
    request("POST /v1/Workspaces", b"FriendlyName=x", "Content-Length: 14", "Content-Length: 3"),
]  # fmt: skip


@pytest.mark.parametrize("data", GARBAGE, ids=range(len(GARBAGE)))
def test_garbage_is_a_bad_request(stage: Stage, data: bytes) -> None:
    before = stage.heads()
    check(raw(stage.live, data, timeout=10))
    assert stage.heads() == before


def test_a_socket_is_not_opened_on_a_resource(stage: Stage) -> None:
    upgrade = (
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: " + "A" * 22,
    )
    for path in ("/v1/Workspaces", "/v1/Nothing", "/healthz"):
        answer = raw(stage.live, request(f"GET {path}", b"", *upgrade), timeout=10)
        assert 400 <= answer.status < 500, answer


def test_an_event_beyond_the_end_of_a_file(tmp_path: Path) -> None:
    with live_server(replace(SETTINGS, data=str(tmp_path / "data.db"))) as live:
        base = "/v1/Workspaces/" + live.call("POST", "/v1/Workspaces", {"FriendlyName": "File"}).body["sid"]
        event = live.call("GET", base + "/Events").body["events"][0]["sid"]
        for end in ("f" * 20, "7" + "f" * 19, "8" + "0" * 19, "0" * 20):
            sid = event[:14] + end
            check(live.call("GET", f"{base}/Events/{sid}"), 404)
            check_any(live.call("GET", f"{base}/Events?PageToken=PA{sid}"), 200, end)
            check_any(live.call("GET", f"{base}/Events?Sid={sid}"), 200, end)
        for key in ([0, 10**30, 0], [0, -(10**30), 0], [1, 2**63, 2**63], [0, 2**63 - 1, 0]):
            token = "PA" + json.dumps(key).encode().hex()
            for path in ("/Events", "/Tasks", "/Activities"):
                check_any(live.call("GET", f"{base}{path}?PageToken={token}"), 200, key)
        for query in ("StartDate=9999-12-31", "EndDate=0001-01-01", "EndDate=9999-12-31", "Minutes=43200"):
            check_any(live.call("GET", f"{base}/Events?{query}"), 200, query)


def test_one_endless_header_is_cut_off(stage: Stage) -> None:
    host, port = stage.live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
        with pytest.raises(ConnectionError):
            for _ in range(1000):
                connection.sendall(b"y" * 100_000)


def test_many_requests_in_one_piece_are_no_long_head(stage: Stage) -> None:
    host, port = stage.live.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=20) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n" * 5000 + b"GET /heal")
        connection.sendall(b"thz HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        received = b""
        while piece := connection.recv(1 << 20):
            received += piece
    assert received.count(b"HTTP/1.1 200") == 5001


@pytest.mark.parametrize("header", ["Content-Length: 5000", "Transfer-Encoding: chunked"])
def test_a_client_that_goes_has_asked_nothing(stage: Stage, header: str) -> None:
    before = stage.heads()
    body = b"FriendlyName=Half" if "L" in header else b"11\r\nFriendlyName=Half\r\n"
    host, port = stage.live.url.removeprefix("http://").split(":")
    for cut in (b"", body[:-1], body):
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(request("POST /v1/Workspaces", cut, header))
    stage.send("GET", "/v1/Workspaces")
    assert stage.heads() == before


LOGINS = [
    "", "Basic", "Basic ", "Basic =", "Basic \t", "basic " + "A" * 900, "Basic " + "A" * 60_000, "Bearer " + LOGIN[6:],
    "Basic " + b64encode(f"{ACCOUNT}:".encode()).decode(), "Basic " + b64encode(ACCOUNT.encode()).decode(),
    "Basic " + b64encode(f"{ACCOUNT}:{OTHER_TOKEN}".encode()).decode(), "Basic " + b64encode(b":" * 9).decode(),
    "Basic " + b64encode(f"{ACCOUNT.lower()}:{TOKEN}".encode()).decode(), LOGIN + LOGIN, LOGIN + "=", LOGIN[:-5],
    "Basic " + b64encode(f"{ACCOUNT}:{TOKEN} ".encode()).decode(), "Basic \xff\xfe", "Digest username=x", LOGIN[6:],
    "Basic " + b64encode(f"{ACCOUNT}\0:{TOKEN}".encode()).decode(), "Basic " + b64encode(b"\xff:\xff").decode(),
]  # fmt: skip


@pytest.mark.parametrize("login", LOGINS, ids=range(len(LOGINS)))
def test_wrong_logins(stage: Stage, login: str) -> None:
    for line in ("GET /v1/Workspaces", f"POST /v1/Workspaces/{stage.own['WS']}/Tasks", "DELETE /v1/Workspaces/x"):
        lines = f"{line} HTTP/1.1\r\nHost: h\r\nAuthorization: {login}\r\nContent-Length: 0\r\n\r\n"
        answer = raw(stage.live, lines.encode("latin-1"))
        check(answer, 401)
        assert answer.body["code"] == 20003


# -- the page that says what works


def test_the_compatibility_page_tells_what_is_served() -> None:
    text = (Path(__file__).parents[2] / "docs" / "COMPATIBILITY.md").read_text()
    rows = re.findall(r"^\| \w+ \| `(\w+) (\S+)` \| (yes|partly|not yet)\b", text, re.MULTILINE)
    told = {(method, re.sub(r"\{\w+\}", "{}", "/v1" + path)) for method, path, how in rows if how != "not yet"}
    assert told == {(each.method, re.sub(r"\{\w+\}", "{}", each.path)) for each in operations()}
    assert len(rows) == 61


# -- versions


def test_malformed_and_stale_versions(stage: Stage) -> None:
    base = f"/v1/Workspaces/{stage.own['WS']}"
    paths = [f"{base}/Tasks/{stage.own['WT']}", f"{base}/Workers/{stage.own['WK']}"]
    paths += [f"{path}/Reservations/{stage.own['WR']}" for path in paths]
    before = stage.heads()
    for path in paths:
        for tag in ('"99"', "99", "9" * 5000, '"', "-1", "W/", "0x1", "1 2", '"1", "2"', "\xb2", "nonsense", "**"):
            check(stage.send("POST", path, b"Reason=x&FriendlyName=x", If_Match=tag), 412)
    assert stage.heads() == before


def test_of_fifty_updates_of_one_version_one_wins(stage: Stage) -> None:
    path = f"/v1/Workspaces/{stage.own['WS']}/Workers"
    made = stage.live.call("POST", path, {"FriendlyName": "Contested"})
    path, tag = f"{path}/{made.body['sid']}", made.headers["ETag"]

    def update(number: int) -> int:
        return stage.live.call("POST", path, {"Attributes": f'{{"n":{number}}}'}, {"If-Match": tag}).status

    with ThreadPoolExecutor(50) as pool:
        statuses = list(pool.map(update, range(50)))
    assert sorted(statuses) == [200] + [412] * 49
    assert json.loads(stage.send("GET", path).body["attributes"]) == {"n": statuses.index(200)}


# -- numbers that break arithmetic


def test_numbers_beyond_all_measure_route_nothing_and_break_nothing(stage: Stage) -> None:
    sids = stage.furnish((ACCOUNT, TOKEN))
    base = f"/v1/Workspaces/{sids['WS']}"
    level = "9" * 400
    for expression in ("level > 1.5", f"level == {level}", "level IN [1, 2.5]", "level < '1e400'", "level >= 1e308"):
        answer = stage.live.call(
            "POST", base + "/TaskQueues", {"FriendlyName": expression[:60], "TargetWorkers": expression}
        )
        check_any(answer, 201, expression)
    for value in (level, "-" + level, "1e308", f'"{level}"', "[" + level + "]", "0.1e-400"):
        attributes = f'{{"level": {value}}}'
        check_any(stage.live.call("POST", f"{base}/Workers/{sids['WK']}", {"Attributes": attributes}), 200, value)
        check_any(stage.live.call("POST", base + "/Tasks", {"Attributes": attributes}), 201, value)
        for expression in ("level > 1.5", "level == 2.5 OR level < 3.5", f"level > {level}"):
            for path in (
                f"/Tasks?EvaluateTaskAttributes={quote(expression)}",
                f"/Workers?TargetWorkersExpression={quote(expression)}",
            ):
                check_any(stage.send("GET", base + path), 200, expression)
        check_any(stage.send("GET", f"{base}/TaskQueues?EvaluateWorkerAttributes={quote(attributes)}"), 200, value)


JUNK: list[Any] = [
    None, 0, -1, 1.5, 1e300, 10**400, 2**63, True, "", "x", "1==1", "1==", "priority+1", "a.b.c", "worker.x DESC, y",
    "9" * 50, [], {}, [[]], [{}], {"a": 1}, ["1==1"], "WQ" + NOBODY, "task.a HAS worker.b", "a IN [", "\0", "🎧" * 2000,
]  # fmt: skip


def test_strange_configurations(stage: Stage) -> None:
    """Documents that are nearly right; tasks go through those that are taken, and hours pass."""
    sids = stage.furnish((ACCOUNT, TOKEN))
    base, dice = f"/v1/Workspaces/{sids['WS']}", random.Random(7)
    good = {"queue": sids["WQ"], "priority": "5", "timeout": 3, "expression": "1==1", "skip_if": "1==2"}
    good |= {"order_by": "worker.level DESC", "known_worker_sid": "task.k", "known_worker_friendly_name": "task.n"}

    def target() -> Any:
        names = [name for name in good if name == "queue" or dice.random() < 0.4]
        return {name: good[name] if dice.random() < 0.9 else dice.choice(JUNK) for name in names}

    def filter() -> Any:
        expression = dice.choice(["1==1", "1==1", "a==1", dice.choice(JUNK)])
        return {"expression": expression, "targets": [target() for _ in range(dice.randint(0, 3))]}

    before, taken = stage.heads(), 0
    for number in range(300):
        routing = {"filters": [filter() for _ in range(dice.randint(0, 2))], "default_filter": target()}
        document = (
            {"task_routing": routing} if number % 10 else dice.choice([{"task_routing": dice.choice(JUNK)}, *JUNK])
        )
        fields = {"FriendlyName": f"F{number}", "Configuration": json.dumps(document)}
        answer = stage.send("POST", base + "/Workflows", urlencode(fields).encode())
        refused = check_any(answer, 201, document)
        after = stage.heads()
        if refused:
            assert after == before, document
        else:
            taken += 1
            attributes = json.dumps({"k": sids["WK"], "n": [1], "a": dice.choice(JUNK), "level": 10**400})
            task = urlencode({"WorkflowSid": answer.body["sid"], "Attributes": attributes[:4096]}).encode()
            check_any(stage.send("POST", base + "/Tasks", task), 201, document)
        before = stage.heads()
    assert 50 < taken < 250
    stage.live.advance(7200)
    assert stage.send("GET", base + "/Tasks?PageSize=1000").status == 200


# -- pages


def test_pages_while_tasks_leave_the_filter(stage: Stage) -> None:
    """2,500 tasks in two orders: between pages the cursor's own task and others leave the filter or are deleted."""
    for ordering in ("", "&Ordering=Priority:desc,DateCreated:asc"):
        sids = stage.furnish((ACCOUNT, TOKEN))
        base = f"/v1/Workspaces/{sids['WS']}"
        made = [sids["WT"], *stage.live.run(_add(stage, sids, 2_500))]
        dice = random.Random(ordering)
        seen: list[str] = []
        gone: set[str] = set()
        url = f"{base}/Tasks?AssignmentStatus=pending&PageSize=400{ordering}"
        while url:
            page = stage.send("GET", url).body
            shown = [task["sid"] for task in page["tasks"]]
            seen += shown
            url = (page["meta"]["next_page_url"] or "").removeprefix(stage.live.url)
            left = [sid for sid in made if sid not in seen and sid not in gone]
            leaving = {shown[-1], *dice.sample(shown, 3), *dice.sample(left, min(3, len(left)))}
            for number, sid in enumerate(sorted(leaving)):
                if number % 2:
                    check_any(stage.send("DELETE", f"{base}/Tasks/{sid}"), 204, sid)
                else:
                    check_any(stage.send("POST", f"{base}/Tasks/{sid}", b"AssignmentStatus=canceled"), 200, sid)
            gone |= leaving - set(seen)
        assert len(seen) == len(set(seen)), "a task was shown twice"
        assert set(seen) == set(made) - gone, "a task was skipped"
        rank = {sid: (-(number % 5) if ordering else 0, number) for number, sid in enumerate(made)}
        assert seen == sorted(seen, key=rank.__getitem__)


async def _add(stage: Stage, sids: dict[str, str], count: int) -> list[str]:
    """Pending tasks of five priorities, so that there are `count` of them: nobody is there to take one."""
    scope = WorkspaceScope(stage.live.application.node, Caller(ACCOUNT, ACCOUNT), sids["WS"])
    away = await scope.ask(lambda ws: ws.workspace().default_activity_sid)
    leave = workers.WorkerUpdate(activity_sid=away, reject_pending_reservations=True)
    await workers.update(scope, sids["WK"], leave)
    new = [tasks.NewTask(priority=number % 5) for number in range(1, count)]
    return [(await tasks.create(scope, task))["sid"] for task in new]
