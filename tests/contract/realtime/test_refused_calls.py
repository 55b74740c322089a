"""Remote calls that are refused: bodies that cannot be read, tokens that do not count, roles that may not."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .centre import Centre

NEST = "[" * 5000 + "]" * 5000


def refused(centre: Centre, body: Any, path: str = "/v1/wschannels") -> int:
    answer = centre.post(body, path)
    assert set(answer.body) == {"code", "message", "more_info", "status"} and answer.body["status"] == answer.status
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "WWW-Authenticate" not in answer.headers, "a browser would ask the agent for a password"
    return answer.status


def envelope(centre: Centre, **changed: Any) -> dict[str, Any]:
    sid = f"Workspaces/{centre.sid}/Workers/{centre.alice}"
    return {"url": sid, "method": "POST", "params": {}, "token": centre.token(centre.alice)} | changed


MALFORMED = [
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"Attributes=%7B%7D",
    b'{"url":"x","method":"GET","params":{},"token":"\xff"}',
    NEST.encode(),
]


@pytest.mark.parametrize("raw", MALFORMED, ids=range(len(MALFORMED)))
def test_bodies_that_are_no_envelope(centre: Centre, raw: bytes) -> None:
    assert refused(centre, raw) == 400
    assert refused(centre, raw, f"/v1/wschannels/AC/{centre.alice}") == 400


@pytest.mark.parametrize(
    "changed",
    [
        {"url": None},
        {"url": 5},
        {"url": ["Workspaces"]},
        {"url": "x" * 10_000},
        {"url": "http://[bad"},
        {"method": None},
        {"method": 1},
        {"method": "DELETE"},
        {"method": "get\r\nx"},
        {"params": []},
        {"params": "Attributes"},
        {"token": None},
        {"token": {"a": 1}},
        {"params": {f"k{n}": 1 for n in range(1001)}},
        {"params": {"k" * 500: 1}},
        {"params": {"Attributes": ["x"] * 1001}},
    ],
    ids=str,
)
def test_envelopes_of_the_wrong_kind(centre: Centre, changed: dict[str, Any]) -> None:
    before = centre.floor.api.workers(centre.alice).fetch()
    assert refused(centre, envelope(centre, **changed)) == 400
    assert centre.floor.api.workers(centre.alice).fetch().date_updated == before.date_updated


@pytest.mark.parametrize(
    "params",
    [
        f'{{"Attributes":{NEST}}}',
        f'{{"Attributes":{{"a":{NEST}}}}}',
        '{"Attributes":5}',
        '{"Attributes":"text"}',
        '{"Attributes":[{"a":1}]}x',
        '{"Attributes":{"a":1e999}}',
        json.dumps({"Attributes": {"a": "x" * 5000}}),
        '{"ActivitySid":{"a":1}}',
        '{"ActivitySid":12345678901234567890123456789012345678901234567890}',
        '{"ActivitySid":"WA"}',
        '{"ActivitySid":true}',
        '{"RejectPendingReservations":"perhaps"}',
        '{"Attributes":{"a":"\\ud800"}}',
    ],
    ids=lambda text: text[:40],
)
def test_parameters_that_cannot_be(centre: Centre, params: str) -> None:
    before = centre.payload(centre.token(centre.alice), "GET", f"Workers/{centre.alice}")
    raw = json.dumps(envelope(centre) | {"params": 0})[:-1].replace('"params": 0', f'"params": {params}') + "}"
    assert refused(centre, raw.encode()) == 400
    assert centre.payload(centre.token(centre.alice), "GET", f"Workers/{centre.alice}") == before


def test_bodies_that_are_too_large(centre: Centre) -> None:
    assert refused(centre, b"x" * 1_100_000) == 413
    assert refused(centre, b"x" * 1_100_000, f"/v1/wschannels/AC/{centre.alice}") == 413


@pytest.mark.parametrize(
    "below",
    ["", "Nothing", "Workers/{alice}/Nothing", "Tasks/WT{zeros}/Nothing/WR{zeros}", "Workers/{alice}/.."],
)
def test_paths_without_an_operation(centre: Centre, below: str) -> None:
    path = below.format(alice=centre.alice, zeros="0" * 32)
    answer = centre.call(centre.token(role="admin"), "GET", path)
    assert answer.status in (403, 404), answer.raw


@pytest.mark.parametrize("url", ["", "/", "v1", "Workspaces", "2010-04-01/Accounts/AC", "pointsman/v1/Clock", "../x"])
def test_urls_that_lead_elsewhere(centre: Centre, url: str) -> None:
    assert refused(centre, envelope(centre, url=url, method="GET")) in (403, 404)


def test_tokens_that_do_not_count(centre: Centre) -> None:
    short = centre.token(centre.alice, ttl=5)
    centre.live.advance(6)
    for token in ("", "nonsense", "a.b.c", short, centre.token(centre.alice)[:-4] + "AAAA"):
        assert refused(centre, envelope(centre, token=token)) == 401


def test_another_workspace_is_out_of_reach(centre: Centre) -> None:
    other = Centre(centre.live)
    for role in ("worker", "supervisor", "admin"):
        token = other.token(other.alice, role)
        assert refused(centre, envelope(centre, token=token, method="GET")) == 403
        assert refused(centre, envelope(centre, token=token, params={"Attributes": {}})) == 403


def test_what_each_role_may(centre: Centre) -> None:
    """Bob's things, asked for by Alice in each role: 200 may, 403 may not."""
    task, reservation = centre.offer(centre.bob)
    moved = {"ActivitySid": centre.floor.activities["Available"]}
    accepted, attributes = {"ReservationStatus": "accepted"}, {"Attributes": {}}
    routed = {"WorkflowSid": centre.flow, "TaskQueueSid": centre.queue, "RoutingTarget": centre.bob}
    table: list[tuple[str, str, dict[str, Any], tuple[int, int, int]]] = [
        ("GET", "Activities", {}, (200, 200, 200)),
        ("GET", f"Workers/{centre.alice}", {}, (200, 200, 200)),
        ("GET", f"Workers/{centre.bob}", {}, (403, 200, 200)),
        ("GET", "Workers", {}, (403, 200, 200)),
        ("GET", "TaskQueues", {}, (403, 200, 200)),
        ("GET", "Tasks", {}, (403, 200, 200)),
        ("GET", f"Workers/{centre.bob}/WorkerChannels", {}, (403, 200, 200)),
        ("GET", f"Workers/{centre.bob}/Reservations", {"Active": "true"}, (403, 200, 200)),
        ("GET", f"Tasks/{task}", {}, (403, 200, 200)),
        ("POST", f"Workers/{centre.bob}", moved, (403, 200, 200)),
        ("POST", f"Tasks/{task}", attributes, (403, 403, 200)),
        ("POST", "Tasks", routed, (403, 403, 200)),
        ("POST", f"Workers/{centre.bob}/Reservations/{reservation}", accepted, (403, 403, 200)),
    ]
    for method, below, params, expected in table:
        got = tuple(
            centre.call(centre.token(centre.alice, role), method, below, params).status
            for role in ("worker", "supervisor", "admin")
        )
        assert got == expected, (method, below)
