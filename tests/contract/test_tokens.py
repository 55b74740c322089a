"""Tokens as REST credentials: by Bearer, and as the password of the user Token."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import TaskRouterGrant
from twilio.rest import Client

from pointsman.auth.minting import capability_token
from pointsman.domain.entry import Origin
from pointsman.engine.workspace import workers

from .rest_live import ACCOUNT, TOKEN, Answer, Live
from .served import Floor, refusal


class Centre:
    """Two workers, a queue of both, and an API key whose secret signs their tokens."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.floor = Floor(live)
        made = live.call("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Keys.json", {"FriendlyName": "signing"}).body
        self.key, self.secret = made["sid"], made["secret"]
        self.alice = self.floor.worker("Alice", "Available")
        self.bob = self.floor.worker("Bob")
        self.flow = self.floor.workflow(default=self.floor.queue("All"))

    @property
    def now(self) -> int:
        return self.live.application.node.clock.now() // 1_000_000

    def token(self, worker: str | None = None, role: str = "worker", ttl: int = 60) -> str:
        grant = TaskRouterGrant(workspace_sid=self.floor.sid, worker_sid=worker, role=role)
        token = AccessToken(ACCOUNT, self.key, self.secret, grants=[grant], valid_until=self.now + ttl)
        return str(token.to_jwt())

    def ask(self, token: str, method: str, below: str = "", fields: dict[str, Any] | None = None) -> Answer:
        """A request for something below the workspace, with the token as Bearer."""
        path = below if below.startswith("/") else f"{self.floor.path}/{below}"
        return self.live.call(method, path, fields, {"Authorization": f"Bearer {token}"}, login=None)

    def client(self, token: str) -> Any:
        """The official client, signing in with a token."""
        client = Client("Token", token, ACCOUNT)
        client.taskrouter.base_url = self.live.url
        return client.taskrouter.v1.workspaces(self.floor.sid)


@pytest.fixture
def centre(served: Live) -> Centre:
    return Centre(served)


def told(answer: Answer) -> tuple[int, int]:
    assert set(answer.body) == {"code", "message", "more_info", "status"}
    return answer.status, answer.body["code"]


def test_a_worker_works_with_its_token(centre: Centre) -> None:
    task = centre.floor.task(centre.flow)
    own = centre.client(centre.token(centre.alice))
    (reservation,) = own.workers(centre.alice).reservations.list()
    own.workers(centre.alice).reservations(reservation.sid).update(reservation_status="accepted")
    assert own.tasks(task.fetch().sid).fetch().assignment_status == "assigned"
    done = own.tasks(task.fetch().sid).update(assignment_status="completed", reason="solved")
    assert (done.assignment_status, done.reason) == ("completed", "solved")
    moved = own.workers(centre.alice).update(activity_sid=centre.floor.activities["Offline"])
    assert moved.activity_name == "Offline"


def test_the_journal_says_who_it_was(centre: Centre) -> None:
    centre.client(centre.token(centre.alice)).workers(centre.alice).update(attributes='{"by": "token"}')
    (event,) = centre.floor.api.events.list(event_type="worker.attributes.update")
    assert (event.actor_sid, event.source) == (centre.alice, "sdk")


def test_a_worker_touches_nobody_else(centre: Centre) -> None:
    task = centre.floor.task(centre.flow).fetch().sid
    token = centre.token(centre.bob)
    (reservation,) = centre.floor.api.tasks(task).reservations.list()
    before = centre.live.call("GET", f"{centre.floor.path}/Workers/{centre.alice}").raw
    refused: list[tuple[str, str, dict[str, Any] | None]] = [
        ("GET", f"Workers/{centre.alice}", None),
        ("GET", "Workers", None),
        ("POST", f"Workers/{centre.alice}", {"Attributes": "{}"}),
        ("POST", f"Workers/{centre.bob}", {"FriendlyName": "Robert"}),
        ("GET", f"Tasks/{task}", None),
        ("POST", f"Tasks/{task}", {"AssignmentStatus": "canceled"}),
        ("DELETE", f"Tasks/{task}", None),
        ("GET", f"Tasks/{task}/Reservations/{reservation.sid}", None),
        ("POST", f"Tasks/{task}/Reservations/{reservation.sid}", {"ReservationStatus": "accepted"}),
        ("POST", f"Workers/{centre.alice}/Reservations/{reservation.sid}", {"ReservationStatus": "accepted"}),
        ("POST", "Tasks", {"WorkflowSid": centre.flow}),
        ("POST", "Tasks", {"WorkflowSid": centre.flow, "RoutingTarget": centre.alice}),
        ("GET", f"/v1/Workspaces/{centre.floor.sid}", None),
        ("GET", "/v1/Workspaces", None),
        ("POST", "/v1/Workspaces", {"FriendlyName": "Mine"}),
        ("GET", f"/2010-04-01/Accounts/{ACCOUNT}.json", None),
        ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Keys.json", {"FriendlyName": "more"}),
        ("POST", "/pointsman/v1/Clock", {"Advance": "1"}),
    ]
    for method, below, fields in refused:
        assert told(centre.ask(token, method, below, fields)) == (403, 20006), (method, below)
    assert centre.live.call("GET", f"{centre.floor.path}/Workers/{centre.alice}").raw == before
    assert centre.floor.api.tasks(task).fetch().assignment_status == "reserved"
    assert centre.floor.api.workers(centre.bob).fetch().friendly_name == "Bob"


def test_what_is_not_there_is_not_found(centre: Centre) -> None:
    token = centre.token(centre.bob)
    assert told(centre.ask(token, "GET", "Tasks/WT" + "0" * 32)) == (404, 20404)
    assert told(centre.ask(token, "GET", f"Workers/{centre.bob}/Reservations/WR" + "0" * 32)) == (404, 20404)


def test_a_task_that_was_once_offered_is_read_and_not_changed(centre: Centre) -> None:
    task = centre.floor.task(centre.flow).fetch().sid
    token = centre.token(centre.alice)
    path = f"Tasks/{task}"
    assert centre.ask(token, "POST", path, {"Attributes": '{"seen": 1}'}).status == 200
    (reservation,) = centre.floor.api.tasks(task).reservations.list()
    away = {"ReservationStatus": "rejected", "WorkerActivitySid": centre.floor.activities["Offline"]}
    assert centre.ask(token, "POST", f"Workers/{centre.alice}/Reservations/{reservation.sid}", away).status == 200
    assert centre.ask(token, "GET", path).status == 200
    assert told(centre.ask(token, "POST", path, {"Attributes": '{"seen": 2}'})) == (403, 20006)
    assert centre.ask(token, "GET", path).body["attributes"] == '{"seen": 1}'


def test_a_task_that_is_routed_to_the_worker(centre: Centre) -> None:
    token = centre.token(centre.bob)
    fields = {"WorkflowSid": centre.flow, "RoutingTarget": centre.bob, "IgnoreCapacity": "false"}
    made = [centre.ask(token, "POST", "Tasks", fields).body["sid"] for _ in range(2)]
    shown = [centre.ask(token, "GET", f"Tasks/{sid}").body["assignment_status"] for sid in made]
    assert "pending" in shown, "one is its own though there is no reservation yet"
    for sid in made:
        assert centre.ask(token, "POST", f"Tasks/{sid}", {"Reason": "x"}).status == 200
        assert told(centre.ask(centre.token(centre.alice), "GET", f"Tasks/{sid}")) == (403, 20006)


def test_of_a_shared_task_each_answers_its_own_reservation(centre: Centre) -> None:
    centre.floor.move(centre.bob, "Available")
    queue = centre.floor.queue("Both", max_reserved_workers=2)
    task = centre.floor.task(centre.floor.workflow(default=queue)).fetch().sid
    held = {each.worker_sid: each.sid for each in centre.floor.api.tasks(task).reservations.list()}
    assert set(held) == {centre.alice, centre.bob}
    token, accept = centre.token(centre.alice), {"ReservationStatus": "accepted"}
    path = f"Tasks/{task}/Reservations"
    assert told(centre.ask(token, "POST", f"{path}/{held[centre.bob]}", accept)) == (403, 20006)
    assert told(centre.ask(token, "GET", f"{path}/{held[centre.bob]}")) == (403, 20006)
    assert centre.ask(token, "POST", f"{path}/{held[centre.alice]}", accept).status == 200


def test_a_supervisor_and_an_admin(centre: Centre) -> None:
    supervisor, admin = centre.client(centre.token(centre.bob, "supervisor")), centre.client(centre.token(role="admin"))
    moved = supervisor.workers(centre.alice).update(activity_sid=centre.floor.activities["Offline"])
    assert moved.activity_name == "Offline"
    assert {worker.friendly_name for worker in supervisor.workers.list()} == {"Alice", "Bob"}
    assert refusal(lambda: supervisor.workers.create(friendly_name="Carol")) == (403, 20006)
    assert refusal(lambda: supervisor.tasks.create(workflow_sid=centre.flow)) == (403, 20006)
    assert admin.workers.create(friendly_name="Carol").friendly_name == "Carol"
    assert admin.tasks.create(workflow_sid=centre.flow).assignment_status == "pending"


def test_a_capability_token(centre: Centre) -> None:
    token = capability_token(
        account_sid=ACCOUNT,
        auth_token=TOKEN,
        workspace_sid=centre.floor.sid,
        worker_sid=centre.alice,
        updates=True,
        now=centre.now,
    )
    offline = {"ActivitySid": centre.floor.activities["Offline"]}
    assert centre.ask(token, "POST", f"Workers/{centre.alice}", offline).body["activity_name"] == "Offline"
    assert told(centre.ask(token, "POST", f"Workers/{centre.alice}", {"Attributes": "{}"})) == (403, 20006)
    assert told(centre.ask(token, "POST", f"Workers/{centre.bob}", offline)) == (403, 20006)
    assert centre.ask(token, "GET", "Activities").status == 200
    assert told(centre.ask(token, "GET", "Workflows")) == (403, 20006)


def test_a_token_of_one_workspace_is_none_of_another(centre: Centre) -> None:
    other = Floor(centre.live)
    for token in (centre.token(centre.alice), centre.token(role="admin")):
        answer = centre.ask(token, "GET", f"{other.path}/Activities")
        assert told(answer) == (403, 20006)
        assert centre.floor.sid in answer.body["message"]


def test_expiry_by_the_virtual_clock(centre: Centre) -> None:
    token = centre.token(centre.alice, ttl=600)
    centre.live.advance(599)
    assert centre.ask(token, "GET", "Activities").status == 200
    centre.live.advance(1)
    answer = centre.ask(token, "GET", "Activities")
    assert told(answer) == (401, 20104)
    assert answer.headers["WWW-Authenticate"]
    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_deleting_the_key_ends_the_token(centre: Centre) -> None:
    token = centre.token(centre.alice)
    assert centre.ask(token, "GET", "Activities").status == 200
    assert centre.live.call("DELETE", f"/2010-04-01/Accounts/{ACCOUNT}/Keys/{centre.key}.json").status == 204
    assert told(centre.ask(token, "GET", "Activities")) == (401, 20103)


def test_bearer_and_basic(centre: Centre) -> None:
    token, path = centre.token(centre.alice), f"{centre.floor.path}/Activities"
    for name in ("Token", "token", "TOKEN"):
        assert centre.live.call("GET", path, login=(name, token)).status == 200
    for header in (f"Bearer {token}", f"bearer  {token} "):
        assert centre.live.call("GET", path, None, {"Authorization": header}, login=None).status == 200
    for header in (f"Basic {token}", token, f"Digest {token}", "Bearer", "Bearer "):
        answer = centre.live.call("GET", path, None, {"Authorization": header}, login=None)
        assert told(answer) == (401, 20003), header[:20]
    assert told(centre.live.call("GET", path, login=("Token", token[:-3]))) == (401, 20107)
    assert told(centre.live.call("GET", path, login=("Token", "x"))) == (401, 20101)
    assert told(centre.live.call("GET", path, login=(ACCOUNT, token))) == (401, 20003)
    huge = {"Authorization": "Bearer a.b." + "c" * 20_000}
    assert told(centre.live.call("GET", path, None, huge, login=None)) == (401, 20101)


def test_a_form_is_judged_as_it_is_read(centre: Centre) -> None:
    """Of a parameter that is given twice the last value counts; a token may not give two that differ."""
    login = {"Authorization": f"Bearer {centre.token(centre.alice)}"}
    for other in (centre.bob, ""):
        twice = f"RoutingTarget={centre.alice}&RoutingTarget={other}&WorkflowSid={centre.flow}".encode()
        answer = centre.live.call("POST", f"{centre.floor.path}/Tasks", twice, login, login=None)
        assert told(answer) == (403, 20006)
        assert "RoutingTarget" in answer.body["message"]
    assert not centre.floor.api.tasks.list()


def test_whose_task_it_is_is_asked_in_the_very_turn(centre: Centre) -> None:
    """While a request of a worker waits for the disk, its reservation may end, and its right with it."""
    task = centre.floor.task(centre.flow).fetch().sid
    body = b"Attributes=%7B%22late%22%3A1%7D"
    headers = {"authorization": f"Bearer {centre.token(centre.alice)}", "content-length": str(len(body))}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": f"{centre.floor.path}/Tasks/{task}",
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "body_limit": 1000,
    }
    statuses: list[int] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(event: dict[str, Any]) -> None:
        if event["type"] == "http.response.start":
            statuses.append(event["status"])

    async def race() -> None:
        node = centre.live.application.node
        bob, alice, away = centre.bob, centre.alice, centre.floor.activities["Offline"]
        await asyncio.gather(
            node.tell(centre.floor.sid, Origin(), lambda ws: workers.update(ws, bob, attributes='{"n": 1}')),
            centre.live.application.asgi(scope, receive, send),
            node.tell(
                centre.floor.sid,
                Origin(),
                lambda ws: workers.update(ws, alice, activity_sid=away, reject_pending_reservations=True),
            ),
        )

    centre.live.run(race())
    told_of = [event.event_type for event in reversed(centre.floor.api.events.list(task_sid=task))]
    assert statuses == [200]
    assert told_of.index("task.updated") < told_of.index("reservation.rejected"), "it had no open reservation any more"


def test_a_supervisor_reads_the_figures_of_many_queues(centre: Centre) -> None:
    """The one request whose body is JSON."""
    queue = centre.floor.queues["All"]

    def bulk(role: str, below: str = "TaskQueues/RealTimeStatistics") -> Answer:
        headers = {"Authorization": f"Bearer {centre.token(centre.alice, role)}", "Content-Type": "application/json"}
        body = json.dumps({"queueSids": [queue]}).encode()
        return centre.live.call("POST", f"{centre.floor.path}/{below}", body, headers, login=None)

    for role in ("supervisor", "admin"):
        assert bulk(role).body["task_queue_data"][0]["total_eligible_workers"] == 2
    assert told(bulk("worker")) == (403, 20006)
    assert told(bulk("admin", "Tasks")) == (415, 20415)
