"""WebSockets: the handshake and its refusals, and how sockets end."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed

from pointsman.auth.minting import access_token
from pointsman.realtime import hub
from pointsman.server.websocket import MESSAGE_BYTES

from ..rest_live import ACCOUNT, Live, live_server
from .centre import KEY, SECRET, SETTINGS, Centre

OTHER = "AC" + "0f" * 16


def test_init_comes_first_and_at_once(centre: Centre) -> None:
    socket = centre.open("/v1/wschannels", token=centre.token(centre.alice, ttl=90), closeExistingSessions="false")
    assert socket.next() == {
        "event_type": "init",
        "payload": {
            "channel_id": centre.alice,
            "account_sid": ACCOUNT,
            "workspace_sid": centre.sid,
            "token_lifetime": pytest.approx(90_000, abs=1000),
        },
    }


def test_a_heartbeat_is_a_blank_text(centre: Centre, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hub, "HEARTBEAT_SECONDS", 0.05)
    socket = centre.connect(centre.alice)
    assert [socket.connection.recv(10) for _ in range(3)] == [" "] * 3


@pytest.mark.parametrize("token", ["", "no-token", "a.b.c", "x" * 8000])
def test_what_is_no_token_is_refused(centre: Centre, token: str) -> None:
    status, body = centre.refused(token=token)
    assert (status, body["status"], body["code"]) == (401, 401, 20101)
    assert body["message"] and body["more_info"]


def test_a_url_that_is_too_long_is_refused(centre: Centre) -> None:
    status, body = centre.refused(token="x" * 20_000)
    assert (status, body["code"]) == (400, 20001)


def test_expired_and_forged_tokens_are_refused(centre: Centre) -> None:
    token = centre.token(centre.alice, ttl=5)
    centre.live.advance(5)
    status, body = centre.refused(token=token)
    assert (status, body["code"]) == (401, 20104)
    status, body = centre.refused(token=centre.token(centre.alice)[:-3] + "AAA")
    assert (status, body["code"]) == (401, 20107)


def test_tokens_without_a_worker_open_no_worker_channel(centre: Centre) -> None:
    status, body = centre.refused(token=centre.token(role="admin"))
    assert (status, body["code"]) == (403, 20006)
    status, _ = centre.refused(token=centre.old_token(worker_sid=centre.alice))
    assert status == 403, "a capability token opens the channel that its policies name"


def test_a_worker_that_is_not_there_is_not_found(centre: Centre) -> None:
    assert centre.refused(token=centre.token("WK" + "0" * 32))[0] == 404
    centre.floor.api.workers(centre.bob).delete()
    status, body = centre.refused(token=centre.token(centre.bob))
    assert (status, body["code"]) == (404, 20404)


@pytest.mark.parametrize(
    "path", ["/", "/v1/wschannel", "/v1/wschannels/AC/WK/more", "/v1/Workspaces", "/v1/wschannelsx"]
)
def test_other_paths_have_no_sockets(centre: Centre, path: str) -> None:
    assert centre.refused(path, token=centre.token(centre.alice))[0] == 404


def test_foreign_channels_are_refused(centre: Centre) -> None:
    alice = centre.old_token(worker_sid=centre.alice)
    for account, sid in ((ACCOUNT, centre.bob), (OTHER, centre.alice), (ACCOUNT, centre.sid)):
        status, body = centre.refused(f"/v1/wschannels/{account}/{sid}", token=alice)
        assert (status, body["code"]) == (403, 20006)


def test_old_channels_of_worker_queue_and_workspace_open(centre: Centre) -> None:
    centre.listen(centre.alice, centre.old_token(worker_sid=centre.alice))
    centre.listen(centre.queue, centre.old_token(task_queue_sid=centre.queue))
    centre.listen(centre.sid, centre.old_token())
    status, _ = centre.refused(
        f"/v1/wschannels/{ACCOUNT}/WQ{'0' * 32}", token=centre.old_token(task_queue_sid="WQ" + "0" * 32)
    )
    assert status == 404


def test_an_unknown_disconnect_activity_is_refused(centre: Centre) -> None:
    path, token = f"/v1/wschannels/{ACCOUNT}/{centre.alice}", centre.old_token(worker_sid=centre.alice, updates=True)
    assert centre.refused(path, token=token, disconnectActivitySid="WA" + "0" * 32)[0] == 400
    assert centre.refused(path, token=token, disconnectActivitySid="nonsense")[0] == 400


def test_what_clients_say_is_ignored_and_what_is_too_much_closes(centre: Centre) -> None:
    socket = centre.connect(centre.alice)
    for text in ("", "{", '{"event_type":"error"}', "x" * MESSAGE_BYTES):
        socket.connection.send(text)
    centre.move(centre.alice, "Available")
    assert socket.until("worker.activity.update")["activity_name"] == "Available"
    socket.connection.send("x" * (MESSAGE_BYTES + 1))
    assert socket.closed()[0] == 1009
    binary = centre.connect(centre.alice)
    binary.connection.send(b"\0")
    assert binary.closed()[0] == 1003


def test_a_talkative_client_is_closed(centre: Centre) -> None:
    socket = centre.connect(centre.alice)
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(20_000):
            socket.connection.send("hello")
    assert closed.value.rcvd is None or closed.value.rcvd.code == 1008


def test_an_expired_session_is_closed(centre: Centre) -> None:
    socket = centre.connect(centre.alice, centre.token(centre.alice, ttl=30))
    other = centre.connect(centre.bob)
    centre.live.advance(31)
    assert socket.closed() == (4003, "The access token has expired")
    centre.move(centre.bob, "Available")
    assert other.until("worker.activity.update")["sid"] == centre.bob


def test_a_session_stays_while_a_newer_token_of_its_worker_is_in_use(centre: Centre) -> None:
    socket = centre.connect(centre.alice, centre.token(centre.alice, ttl=30))
    newer = centre.token(centre.alice, ttl=60)
    centre.payload(newer, "GET", f"Workers/{centre.alice}")
    centre.live.advance(31)
    centre.move(centre.alice, "Available")
    assert socket.until("worker.activity.update")["sid"] == centre.alice
    centre.live.advance(30)
    assert socket.closed()[0] == 4003


def test_what_is_deleted_takes_its_sockets_and_its_rights_with_it(centre: Centre) -> None:
    token, kept = centre.token(centre.alice), centre.connect(centre.bob)
    alice, api = centre.connect(centre.alice, token), centre.floor.api
    api.workers(centre.alice).delete()
    assert alice.closed() == (4004, f"{centre.alice} was deleted")
    refused = centre.call(token, "GET", "Activities")
    assert (refused.status, refused.body["code"]) == (404, 20404) and centre.alice in refused.body["message"]
    centre.move(centre.bob, "Available")
    assert kept.until("worker.activity.update")["sid"] == centre.bob
    centre.live.call("DELETE", centre.floor.path)
    assert kept.closed() == (4004, f"{centre.bob} was deleted")


def made_key(centre: Centre) -> tuple[str, str]:
    made = centre.live.call("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Keys.json", {"FriendlyName": "lost"}).body
    return made["sid"], made["secret"]


def test_a_deleted_key_takes_its_sockets_with_it(centre: Centre) -> None:
    key = made_key(centre)
    lost = centre.connect(centre.alice, centre.token(centre.alice, key=key, ttl=7200))
    kept = centre.connect(centre.alice)
    centre.payload(centre.token(centre.alice), "GET", f"Workers/{centre.alice}")  # with the other key
    assert centre.live.call("DELETE", f"/2010-04-01/Accounts/{ACCOUNT}/Keys/{key[0]}.json").status == 204
    assert lost.closed() == (4003, "The access token was withdrawn")
    centre.move(centre.alice, "Available")
    assert kept.until("worker.activity.update")["sid"] == centre.alice


def test_a_stolen_token_gains_nothing_from_its_owners_next_one(centre: Centre) -> None:
    """Neither from one of another key, nor from one that is used at another address."""
    stolen = centre.connect(centre.alice, centre.token(centre.alice, ttl=30))
    centre.payload(centre.token(centre.alice, key=made_key(centre), ttl=100), "GET", f"Workers/{centre.alice}")
    centre.live.advance(31)
    assert stolen.closed()[0] == 4003
    elsewhere = centre.connect(centre.alice, centre.token(centre.alice, ttl=30), source="127.0.0.2")
    own = centre.connect(centre.alice, centre.token(centre.alice, ttl=30))
    centre.payload(centre.token(centre.alice, ttl=60), "GET", f"Workers/{centre.alice}")
    centre.live.advance(31)
    assert elsewhere.closed()[0] == 4003
    centre.move(centre.alice, "Available")
    assert own.until("worker.activity.update")["sid"] == centre.alice


def test_close_existing_sessions_without_ping_pong(centre: Centre) -> None:
    first, second = centre.token(centre.alice, ttl=100), centre.token(centre.alice, ttl=200)
    old = centre.connect(centre.alice, first, closeExistingSessions="true")
    bob = centre.connect(centre.bob)
    new = centre.connect(centre.alice, second, closeExistingSessions="true")
    assert old.closed()[0] == 4001
    again = centre.connect(centre.alice, first, closeExistingSessions="true")  # as the closed client does by itself
    centre.move(centre.alice, "Available")
    for socket in (new, again):
        assert socket.until("worker.activity.update")["sid"] == centre.alice
    third = centre.connect(centre.alice, centre.token(centre.alice, ttl=300), closeExistingSessions="true")
    assert (new.closed()[0], again.closed()[0]) == (4001, 4001)
    centre.move(centre.alice, "Offline")
    centre.move(centre.bob, "Available")
    assert third.until("worker.activity.update")["sid"] == centre.alice
    assert bob.until("worker.activity.update")["sid"] == centre.bob


def test_sockets_per_channel_are_bounded() -> None:
    with live_server(replace(SETTINGS, max_sockets_per_channel=2)) as live:
        centre = Centre(live)
        sockets = [centre.connect(centre.alice) for _ in range(2)]
        status, body = centre.refused(token=centre.token(centre.alice))
        assert (status, body["code"]) == (429, 20429)
        centre.connect(centre.bob)
        sockets[0].connection.close()
        wait_until(live, lambda: live.application.asgi.hub.open == 2)
        centre.connect(centre.alice)
        centre.leave()


def test_a_stopping_server_says_so_and_marks_nobody_absent() -> None:
    with live_server(SETTINGS) as live:
        centre = Centre(live)
        centre.move(centre.alice, "Available")
        socket = centre.connect(centre.alice, setWorkerOfflineIfDisconnected="true")
        live.run(live.application.say_goodbye())  # the server's first step when it is told to stop
        assert socket.closed() == (1001, "The server is stopping")
        entries = live.run(read_all(live, centre.sid))
    assert "worker-present" in entries and "worker-absent" not in entries


async def read_all(live: Live, stream: str) -> str:
    rows: list[Any] = await live.application.node.journal.read(stream, 0, 1000)
    return str(rows)


def wait_until(live: Live, ready: Any) -> None:
    """On the server's own loop, so that it is looked at between turns."""

    async def look() -> None:
        async with asyncio.timeout(10):
            while not ready():
                await asyncio.sleep(0.005)

    live.run(look())


def test_presence(centre: Centre) -> None:
    """Ruling 18: only who asked for it is moved, and only if nobody comes back in time."""
    live, hub_ = centre.live, centre.live.application.asgi.hub

    def gone(*sockets: Any) -> None:
        before = hub_.open
        for socket in sockets:
            socket.connection.close()
        wait_until(live, lambda: hub_.open == before - len(sockets))

    def activity(worker: str) -> str:
        name: str = centre.floor.api.workers(worker).fetch().activity_name
        return name

    centre.move(centre.alice, "Available")
    centre.move(centre.bob, "Available")
    live.advance(60)
    gone(centre.connect(centre.bob), centre.connect(centre.alice, setWorkerOfflineIfDisconnected="false"))
    live.advance(600)
    assert [activity(centre.alice), activity(centre.bob)] == ["Available"] * 2
    asked = centre.connect(centre.alice, setWorkerOfflineIfDisconnected="true")
    plain = centre.connect(centre.alice)
    gone(asked)
    live.advance(100)
    assert activity(centre.alice) == "Available", "another socket is still open"
    gone(plain)
    live.advance(20)
    back = centre.connect(centre.alice)
    live.advance(100)
    assert activity(centre.alice) == "Available", "it came back in time"
    gone(back)
    live.advance(31)
    assert [activity(centre.alice), activity(centre.bob)] == ["Offline", "Available"]


@pytest.mark.parametrize(("updates", "left_in"), [(True, "Unavailable"), (False, "Available")])
def test_the_disconnect_activity_of_version_1(centre: Centre, updates: bool, left_in: str) -> None:
    """It is granted to a token that may set the activity itself."""
    centre.move(centre.alice, "Available")
    away = centre.floor.activities["Unavailable"]
    token = centre.old_token(worker_sid=centre.alice, updates=updates)
    wishes = {"disconnectActivitySid": away, "setWorkerOfflineIfDisconnected": "false" if updates else "true"}
    socket = centre.listen(centre.alice, token, **wishes)
    hub_ = centre.live.application.asgi.hub
    before = hub_.open
    socket.connection.close()
    wait_until(centre.live, lambda: hub_.open == before - 1)
    centre.live.advance(60)
    assert centre.floor.api.workers(centre.alice).fetch().activity_name == left_in


def test_an_access_token_of_another_server_opens_nothing(centre: Centre) -> None:
    foreign = access_token(
        account_sid=OTHER, key_sid=KEY, key_secret=SECRET, workspace_sid=centre.sid, worker_sid=centre.alice
    )
    assert centre.refused(token=foreign)[0] == 401


def test_metrics_count_sockets_and_frames(centre: Centre) -> None:
    def figure(name: str) -> float:
        text = centre.live.call("GET", "/metrics", login=None).raw.decode()
        (line,) = [line for line in text.splitlines() if line.startswith(f"pointsman_{name} ")]
        return float(line.split()[1])

    opened, sent = figure("sockets_opened_total"), figure("frames_sent_total")
    socket = centre.connect(centre.alice)
    centre.move(centre.alice, "Available")
    socket.until("worker.activity.update")
    assert figure("sockets_open") >= 1
    assert figure("sockets_opened_total") == opened + 1
    assert figure("frames_sent_total") >= sent + 2
    assert figure("sockets_cut_total") == 0
