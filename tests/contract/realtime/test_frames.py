"""Frames: to whom they go, in which order, and what becomes of those who do not read."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from urllib.parse import urlsplit

import pytest

from pointsman.realtime import session as sessions

from ..rest_live import Live
from .centre import PATIENCE, Centre


def test_a_worker_hears_of_itself_and_of_nobody_else(centre: Centre) -> None:
    alice, again, bob = centre.connect(centre.alice), centre.connect(centre.alice), centre.connect(centre.bob)
    task, reservation = centre.offer(centre.alice)
    for each in (alice, again):
        moved = each.until("worker.activity.update")
        assert (moved["sid"], moved["activity_name"]) == (centre.alice, "Available")
        offered = each.until("reservation.created")
        assert (offered["sid"], offered["task"]["sid"], offered["worker_sid"]) == (reservation, task, centre.alice)
    centre.move(centre.bob, "Available")
    assert bob.types_until("worker.activity.update") == ["worker.activity.update"]


def test_the_events_of_a_task_s_life(centre: Centre) -> None:
    alice = centre.connect(centre.alice)
    task, reservation = centre.offer(centre.alice)
    alice.until("reservation.created")
    held, work = centre.floor.api.tasks(task).reservations(reservation), centre.floor.api.tasks(task)
    held.update(reservation_status="accepted")
    assert alice.until("reservation.accepted")["task"]["assignment_status"] == "assigned"
    work.update(attributes='{"n":2}')
    assert json.loads(alice.until("task.updated")["attributes"]) == {"n": 2}
    work.update(assignment_status="completed", reason="done")
    assert alice.types_until("reservation.completed") == ["task.completed", "reservation.completed"]
    assert "task_transfer" not in alice.seen[-1]["payload"]


def test_others_reject_and_race(centre: Centre) -> None:
    """A multi-reservation: one accepts, the other is told that it came too late."""
    queue = centre.floor.queue("Both", max_reserved_workers=2)
    flow = centre.floor.workflow(default=queue)
    alice, bob = centre.connect(centre.alice), centre.connect(centre.bob)
    for worker in (centre.alice, centre.bob):
        centre.move(worker, "Available")
    centre.floor.task(flow)
    mine, yours = alice.until("reservation.created"), bob.until("reservation.created")
    token = centre.token(centre.alice)
    path = f"Workers/{centre.alice}/Reservations/{mine['sid']}"
    centre.payload(token, "POST", path, {"ReservationStatus": "accepted"})
    assert alice.until("reservation.accepted")["sid"] == mine["sid"]
    assert bob.until("reservation.rescinded")["sid"] == yours["sid"]


def test_the_answer_comes_before_the_caller_s_frames(held: Centre) -> None:
    """On the wire: when the answer has been read there is no frame yet, whereas others have theirs."""
    alice, bob = held.connect(held.alice), held.connect(held.bob)
    alice_token, bob_token = held.token(held.alice), held.token(held.bob)
    held.payload(bob_token, "GET", f"Workers/{held.bob}/Reservations")  # Bob's socket is past its opening
    held.payload(alice_token, "GET", f"Workers/{held.alice}/Reservations")
    queue = held.floor.queue("Both", max_reserved_workers=2)
    flow = held.floor.workflow(default=queue)
    for worker in (held.alice, held.bob):
        held.move(worker, "Available")
    held.floor.task(flow)
    mine = alice.until("reservation.created")
    bob.until("reservation.created")
    path = f"Workers/{held.alice}/Reservations/{mine['sid']}"
    assert (
        held.payload(alice_token, "POST", path, {"ReservationStatus": "accepted"})["reservation_status"] == "accepted"
    )
    bob.until("reservation.rescinded")  # caused by the same call, and not held
    with pytest.raises(TimeoutError):
        alice.connection.recv(0)
    assert alice.until("reservation.accepted")["sid"] == mine["sid"]


def test_later_frames_queue_behind_the_held_ones(held: Centre) -> None:
    alice = held.connect(held.alice)
    _, reservation = held.offer(held.alice)
    alice.until("reservation.created")
    path = f"Workers/{held.alice}/Reservations/{reservation}"
    held.payload(held.token(held.alice), "POST", path, {"ReservationStatus": "accepted"})
    held.floor.api.workers(held.alice).update(attributes='{"later":true}')  # by the account: nothing to wait for
    assert alice.types_until("worker.attributes.update") == ["reservation.accepted", "worker.attributes.update"]


def test_a_rest_call_by_a_worker_s_token_is_answered_first_too(held: Centre) -> None:
    alice = held.connect(held.alice)
    held.payload(held.token(held.alice), "GET", f"Workers/{held.alice}/Reservations")
    answer = held.live.call(
        "POST",
        f"/v1/Workspaces/{held.sid}/Workers/{held.alice}",
        {"Attributes": "{}"},
        {"Authorization": f"Bearer {held.token(held.alice)}"},
        login=None,
    )
    assert answer.status == 200
    with pytest.raises(TimeoutError):
        alice.connection.recv(0)
    assert alice.until("worker.attributes.update")["attributes"] == "{}"


def test_many_calls_keep_answers_first_and_frames_in_order(centre: Centre) -> None:
    alice = centre.connect(centre.alice)
    token, versions = centre.token(centre.alice), []
    for n in range(60):
        versions.append(centre.payload(token, "POST", f"Workers/{centre.alice}", {"Attributes": {"n": n}})["version"])
    heard = [alice.until("worker.attributes.update") for _ in range(60)]
    assert [each["version"] for each in heard] == versions
    assert [json.loads(each["attributes"])["n"] for each in heard] == list(range(60))


def test_recipients_are_those_of_the_moment(centre: Centre) -> None:
    """A socket hears of nothing that was decided before its handshake, however late it is sent."""
    old = centre.connect(centre.alice)
    for n in range(20):
        centre.floor.api.workers(centre.alice).update(attributes=json.dumps({"n": n}))
        newer = centre.connect(centre.alice)
        centre.floor.api.workers(centre.alice).update(attributes=json.dumps({"then": n}))
        assert json.loads(newer.until("worker.attributes.update")["attributes"]) == {"then": n}
    assert json.loads(old.until("worker.attributes.update")["attributes"]) == {"n": 0}


def test_a_reservation_offered_while_the_sdk_still_reads_is_told_when_it_listens(centre: Centre) -> None:
    """With all that follows it; what is told of others meanwhile is in what the SDK reads."""
    _, before = centre.offer(centre.alice)
    token = centre.token(centre.alice)
    fresh = centre.connect(centre.alice, token, reads=False)
    centre.payload(token, "GET", f"Workers/{centre.alice}")
    centre.connect(centre.alice)  # another's reading, with a token of its own, is no sign that this one listens
    centre.floor.api.workers(centre.alice).reservations(before).update(reservation_status="accepted")
    other = centre.floor.api.tasks.create(workflow_sid=centre.flow, routing_target=centre.alice)
    (offered,) = centre.floor.api.tasks(other.sid).reservations.list()
    centre.floor.api.workers(centre.alice).reservations(offered.sid).update(reservation_status="accepted")
    assert fresh.next()["payload"]["sid"] == before, "not held: it has no listener to disturb"
    with pytest.raises(TimeoutError):
        fresh.connection.recv(0)
    listed = centre.payload(token, "GET", f"Workers/{centre.alice}/Reservations", {"Active": "true"})["contents"]
    assert {each["sid"] for each in listed} == {before, offered.sid}
    assert [fresh.next()["event_type"] for _ in range(2)] == ["reservation.created", "reservation.accepted"]


def test_who_asks_for_the_worker_again_and_again_is_told_all_the_same(centre: Centre) -> None:
    token = centre.token(centre.alice)
    socket = centre.connect(centre.alice, token)
    centre.offer(centre.alice)
    waiting = threading.Thread(target=socket.until, args=("reservation.created",))
    waiting.start()
    until = monotonic() + PATIENCE / 2
    while waiting.is_alive() and monotonic() < until:
        centre.payload(token, "GET", f"Workers/{centre.alice}")
    assert not waiting.is_alive(), "as long as it asks, nothing is told"


def test_who_does_not_read_is_cut_and_nobody_waits(served: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "QUEUE_FRAMES", 20)
    centre, hub = Centre(served), served.application.asgi.hub
    healthy, before = centre.connect(centre.alice), hub.cut
    token = centre.token(centre.alice)
    with deaf_client(centre, token):
        filling = "x" * 4_000
        for n in range(5_000):  # the kernel takes some megabytes before the server notices
            attributes = json.dumps({"n": n, "filling": filling})
            centre.live.call("POST", f"{centre.floor.path}/Workers/{centre.alice}", {"Attributes": attributes})
            assert json.loads(healthy.until("worker.attributes.update")["attributes"])["n"] == n
            if hub.cut > before:
                break
    assert hub.cut == before + 1
    assert hub.opening(centre.sid, centre.alice, token) == []
    centre.leave()


@contextmanager
def deaf_client(centre: Centre, token: str) -> Iterator[socket.socket]:
    """A client that shakes hands and then reads nothing."""
    url = urlsplit(centre.live.url)
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((url.hostname, url.port))
        head = (
            f"GET /v1/wschannels?token={token}&closeExistingSessions=false HTTP/1.1",
            f"Host: {url.netloc}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        )
        connection.sendall("\r\n".join((*head, "", "")).encode())
        assert connection.recv(12) == b"HTTP/1.1 101"
        yield connection


def test_old_channels_hear_tasks_with_the_reservation_s_sid(centre: Centre) -> None:
    worker = centre.listen(centre.alice, centre.old_token(worker_sid=centre.alice))
    queue = centre.listen(centre.queue, centre.old_token(task_queue_sid=centre.queue))
    workspace = centre.listen(centre.sid, centre.old_token())
    newer = centre.connect(centre.alice)
    centre.move(centre.alice, "Available")
    task = centre.floor.api.tasks.create(workflow_sid=centre.flow).sid
    for each in (worker, queue, workspace):
        offered = each.until("reservation.created")
        assert (offered["sid"], offered["reservation_sid"][:2]) == (task, "WR")
    assert newer.until("reservation.created")["task"]["sid"] == task
    assert "task.created" not in [frame["event_type"] for frame in worker.seen]
    assert "task.created" in [frame["event_type"] for frame in workspace.seen]
    assert {frame["event_type"].partition(".")[0] for frame in queue.seen} <= {
        "task",
        "task-queue",
        "workflow",
        "reservation",
    }


def test_a_workspace_s_sockets_hear_nothing_of_another(centre: Centre) -> None:
    other = Centre(centre.live)
    theirs = other.listen(other.sid, other.old_token())
    centre.move(centre.alice, "Available")
    other.move(other.bob, "Available")
    assert theirs.next()["payload"]["sid"] == other.bob
    other.leave()


def test_a_transfer_reaches_both_parties_after_the_answer_and_in_order(held: Centre) -> None:
    alice, bob = held.connect(held.alice), held.connect(held.bob)
    task, reservation = held.offer(held.alice)
    held.move(held.bob, "Available")
    bob.until("worker.activity.update")
    accept = {"ReservationStatus": "accepted"}
    held.payload(held.token(held.alice), "POST", f"Workers/{held.alice}/Reservations/{reservation}", accept)
    alice.until("reservation.accepted")
    held.floor.api.tasks(task).update(attributes='{"conference":{"sid":"CF1"}}')
    alice.until("task.updated")
    params = {"ReservationSid": reservation, "TaskSid": task, "To": held.bob}
    made = held.payload(held.token(held.alice), "POST", f"Workers/{held.alice}/Transfers", params)
    for party in (alice, bob):
        with pytest.raises(TimeoutError):
            party.connection.recv(0)
    offered = bob.until("reservation.created")
    assert (offered["task_transfer"]["sid"], offered["task_transfer"]["transfer_status"]) == (made["sid"], "initiated")
    assert alice.types_until("task.updated") == ["task.transfer-initiated", "task.updated"]
    reject = {"ReservationStatus": "rejected"}
    held.payload(held.token(held.bob), "POST", f"Workers/{held.bob}/Reservations/{offered['sid']}", reject)
    with pytest.raises(TimeoutError):
        alice.connection.recv(0)
    assert bob.until("reservation.rejected")["task_transfer"]["transfer_status"] == "failed"
    assert alice.types_until("task.updated") == ["task.transfer-failed", "task.updated"]
    assert alice.seen[-1]["payload"]["assignment_status"] == "assigned"
