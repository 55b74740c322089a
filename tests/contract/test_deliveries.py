"""Deliveries and /metrics: how event callbacks fare."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from aiohttp import web
from prometheus_client.parser import text_string_to_metric_families
from tests.sink import Received, Sink

from .rest_live import ACCOUNT, Live, live_server

NOBODY = ("AC" + "b2" * 16, "another-token")


@pytest.fixture
def live() -> Iterator[Live]:
    """One of its own: the figures are those of the whole server."""
    with live_server() as live:
        yield live


async def picky(sink: Sink, received: Received) -> web.StreamResponse:
    return web.Response(status=422 if received.form["EventType"].startswith("activity.") else 200)


def workspace(live: Live, url: str) -> str:
    made = live.call("POST", "/v1/Workspaces", {"FriendlyName": "Centre", "EventCallbackUrl": url})
    assert made.status == 201
    sid: str = made.body["sid"]
    return sid


def figures(live: Live) -> dict[str, float]:
    answer = live.call("GET", "/metrics", login=None)
    assert answer.status == 200 and answer.headers["Content-Type"].startswith("text/plain")
    families = text_string_to_metric_families(answer.raw.decode())
    samples = {sample.name: sample.value for family in families for sample in family.samples}
    return {name: value for name, value in samples.items() if name.startswith("pointsman_callbacks_")}


def test_delivered_and_given_up(live: Live) -> None:
    sink: Sink = live.run(_opened(picky))
    sid = workspace(live, sink.url + "/hook#ct=1000")
    live.advance(60)
    shown = live.call("GET", f"/pointsman/v1/Workspaces/{sid}/Deliveries")
    assert shown.status == 200
    body = shown.body
    activities = sum(received.form["EventType"].startswith("activity.") for received in sink.received) // 3
    delivered = len(sink.received) - 3 * activities
    assert {name: body[name] for name in ("account_sid", "workspace_sid", "pending", "set_aside")} == {
        "account_sid": ACCOUNT,
        "workspace_sid": sid,
        "pending": 0,
        "set_aside": 0,
    }
    assert (body["delivered"], body["failed"], body["oldest_pending_age"]) == (delivered, activities, None)
    assert body["url"] == f"{live.url}/pointsman/v1/Workspaces/{sid}/Deliveries"
    assert len(body["given_up"]) == activities > 1
    last = body["last_error"]
    assert last == body["given_up"][0]
    assert (last["status"], last["code"], last["text"], last["tries"]) == (422, 11217, "The answer was 422", 3)
    assert (last["url"], last["event_type"]) == (sink.url + "/hook#ct=1000", "activity.created")
    assert (
        live.call("GET", f"/v1/Workspaces/{sid}/Events/{last['event_sid']}").body["resource_sid"]
        == last["resource_sid"]
    )
    assert figures(live) == {
        "pointsman_callbacks_delivered_total": delivered,
        "pointsman_callbacks_failed_total": activities,
        "pointsman_callbacks_pending": 0,
        "pointsman_callbacks_set_aside": 0,
    }
    live.run(sink.close())


def test_pending_while_nobody_listens(live: Live) -> None:
    sid = workspace(live, "http://127.0.0.1:9/")
    live.advance(600)
    body = live.call("GET", f"/pointsman/v1/Workspaces/{sid}/Deliveries").body
    assert (body["delivered"], body["failed"], body["oldest_pending_age"]) == (0, 0, 600)
    assert body["pending"] == figures(live)["pointsman_callbacks_pending"] > 5
    assert (body["last_error"]["status"], body["last_error"]["code"]) == (0, 11202)


def test_a_workspace_without_callbacks(live: Live) -> None:
    sid = live.call("POST", "/v1/Workspaces", {"FriendlyName": "Quiet"}).body["sid"]
    body = live.call("GET", f"/pointsman/v1/Workspaces/{sid}/Deliveries").body
    assert (body["pending"], body["delivered"], body["given_up"], body["last_error"]) == (0, 0, [], None)


def test_who_may_look(live: Live) -> None:
    sid = workspace(live, "")
    path = f"/pointsman/v1/Workspaces/{sid}/Deliveries"
    assert live.call("GET", path, login=None).status == 401
    assert live.call("GET", path, login=NOBODY).status == 401
    assert live.call("GET", "/pointsman/v1/Workspaces/WS" + "0" * 32 + "/Deliveries").status == 404
    assert live.call("GET", "/pointsman/v1/Workspaces/x/Deliveries").status == 404
    assert live.call("POST", path, {"a": "b"}).status == 405


async def _opened(behaviour: object) -> Sink:
    await asyncio.sleep(0)
    return await Sink(behaviour).open()  # type: ignore[arg-type]
