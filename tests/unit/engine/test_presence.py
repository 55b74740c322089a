"""Presence: who lost all sockets for a while is moved, if a socket asked for it (ruling 18)."""

import pytest

from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import activities, presence, tasks, workers, workspaces
from pointsman.settings import Settings

from .driver import BIRTH, SECOND, STREAM, Centre
from .scenario_driver import answer, ladder, move, target
from .test_rebuild import alike, rebuilt, timers_left


def staffed(**workspace):
    c = Centre(**workspace)
    return c, c.worker("Alice")


def connect(c, worker, seconds=None, **wish):
    c.at(c.now if seconds is None else seconds, presence.connected, worker.sid, **wish)


def disconnect(c, worker, seconds=None):
    c.at(c.now if seconds is None else seconds, presence.disconnected, worker.sid)


def activity_of(c, worker):
    return c.ws.tables.activities[c.ws.tables.workers[worker.sid].activity_sid].friendly_name


def restart(c, seconds, pause):
    """The process ends at a second, and another takes the workspace up after a pause."""
    c.run_to(seconds)
    twin = rebuilt(c)
    twin.now = seconds + pause
    twin.ws.begin(BIRTH + round(twin.now * SECOND), twin.ws.origin)
    twin.ws.resume(BIRTH + round(seconds * SECOND))
    twin.settle()
    return twin


def test_who_asked_is_offline_30_seconds_after_the_last_socket_closed():
    c, alice = staffed()
    connect(c, alice, 0, offline=True)
    disconnect(c, alice, 100)
    c.run_to(129.999)
    assert activity_of(c, alice) == "Available"
    c.run_to(130)
    assert activity_of(c, alice) == "Offline"
    assert c.ws.tables.workers[alice.sid].watch is None
    assert [event.type for _, event in c.events()][-1] == "worker.activity.update"


def test_nothing_is_recorded_for_who_did_not_ask():
    c, alice = staffed()
    head = c.ws.head
    connect(c, alice)
    disconnect(c, alice)
    c.run_to(3600)
    assert c.ws.head == head and activity_of(c, alice) == "Available"


def test_no_fact_when_nothing_changes():
    c, alice = staffed()
    connect(c, alice, offline=True)
    head = c.ws.head
    connect(c, alice, offline=True)
    connect(c, alice)
    assert c.ws.head == head
    disconnect(c, alice)
    disconnect(c, alice)
    assert c.ws.head == head + 1


@pytest.mark.parametrize("wish", [{"offline": True}, {}])
def test_a_socket_that_comes_back_in_time_holds_the_move_off(wish):
    c, alice = staffed()
    connect(c, alice, 0, offline=True)
    disconnect(c, alice, 10)
    connect(c, alice, 39, **wish)
    c.run_to(3600)
    assert activity_of(c, alice) == "Available"
    disconnect(c, alice, 3600)
    c.run_to(3630)
    assert activity_of(c, alice) == "Offline"


def test_the_older_protocols_activity_comes_after_10_seconds_and_may_be_an_available_one():
    c, alice = staffed()
    resting = c.do(activities.create, friendly_name="Resting", available=True)
    connect(c, alice, 0, disconnect_activity_sid=resting.sid)
    disconnect(c, alice, 5)
    c.run_to(14.999)
    assert activity_of(c, alice) == "Available"
    c.run_to(15)
    assert activity_of(c, alice) == "Resting"


def test_the_newest_wish_holds():
    c, alice = staffed()
    pause = c.do(activities.create, friendly_name="Pause")
    connect(c, alice, 0, offline=True)
    connect(c, alice, 1, disconnect_activity_sid=pause.sid)
    disconnect(c, alice, 2)
    c.run_to(12)
    assert activity_of(c, alice) == "Pause"


def test_an_unknown_worker_or_activity_is_refused():
    c, alice = staffed()
    with pytest.raises(Refusal) as caught:
        connect(c, alice, disconnect_activity_sid="WA" + "9" * 32)
    assert caught.value.status == 400
    with pytest.raises(Refusal) as caught:
        c.do(presence.connected, "WK" + "9" * 32, offline=True)
    assert caught.value.status == 404
    disconnect(c, alice)
    c.do(presence.disconnected, "WK" + "9" * 32)  # deleted meanwhile
    assert c.ws.tables.workers[alice.sid].watch is None


def test_an_activity_that_was_deleted_meanwhile_gives_way_to_offline():
    c, alice = staffed()
    pause = c.do(activities.create, friendly_name="Pause")
    connect(c, alice, disconnect_activity_sid=pause.sid)
    disconnect(c, alice)
    c.do(activities.delete, pause.sid)
    c.run_to(60)
    assert activity_of(c, alice) == "Offline"


def test_without_an_activity_named_offline_it_is_the_one_for_timeouts_and_never_an_available_one():
    c, alice = staffed()
    c.do(activities.update, c.offline, friendly_name="Gone home")
    connect(c, alice, offline=True)
    disconnect(c, alice)
    c.run_to(60)
    assert activity_of(c, alice) == "Gone home"
    c.do(activities.create, friendly_name="Offline", available=True)
    c.do(workspaces.update, timeout_activity_sid=c.available, default_activity_sid=c.available)
    move(c, alice, c.available)
    connect(c, alice, offline=True)
    disconnect(c, alice)
    c.run_to(120)
    assert activity_of(c, alice) == "Available"
    assert c.ws.tables.workers[alice.sid].watch is None


def test_who_is_there_already_is_not_moved_again():
    c, alice = staffed()
    connect(c, alice, offline=True)
    disconnect(c, alice)
    move(c, alice, c.offline)
    c.events()
    c.run_to(60)
    assert c.events() == []


def test_the_systems_move_leaves_reservations_alone():
    c, alice = staffed()
    ladder(c, target(c.queue("Q")), task_reservation_timeout=500)
    task = c.task()
    connect(c, alice, offline=True)
    disconnect(c, alice)
    c.run_to(60)
    (reservation,) = c.reservations(task)
    assert (activity_of(c, alice), reservation.status) == ("Offline", "pending")
    answer(c, reservation, "accepted")
    assert task.status == "assigned"


def test_a_worker_may_be_deleted_while_watched():
    c, alice = staffed()
    connect(c, alice, offline=True)
    disconnect(c, alice)
    c.do(workers.delete, alice.sid)
    c.run_to(60)
    assert ("absence", alice.sid) not in c.ws.timers


def test_who_is_away_gets_no_further_task():
    c, alice = staffed()
    ladder(c, target(c.queue("Q")))
    connect(c, alice, offline=True)
    disconnect(c, alice)
    c.run_to(31)
    task = c.task()
    assert task.status == "pending"
    c.do(tasks.delete, task.sid)


@pytest.mark.parametrize("left", [False, True])
def test_after_a_start_everybody_has_the_time_of_grace_to_come_back(left):
    c, alice = staffed()
    bob = c.worker("Bob")
    for worker in (alice, bob):
        connect(c, worker, 0, offline=True)
    if left:
        disconnect(c, alice, 99)
        disconnect(c, bob, 99)
    c = restart(c, 100, 600)
    connect(c, bob, 705)
    c.run_to(729.999)
    assert (activity_of(c, alice), activity_of(c, bob)) == ("Available", "Available")
    c.run_to(730)
    assert (activity_of(c, alice), activity_of(c, bob)) == ("Offline", "Available")


def test_without_grace_they_have_their_own_time():
    c = Centre(Settings(startup_grace_seconds=0))
    alice = c.worker("Alice")
    connect(c, alice, 0, offline=True)
    c = restart(c, 100, 600)
    c.run_to(729.999)
    assert activity_of(c, alice) == "Available"
    c.run_to(730)
    assert activity_of(c, alice) == "Offline"


def test_who_did_not_ask_is_not_watched_after_a_start_either():
    c, alice = staffed()
    connect(c, alice)
    c = restart(c, 100, 600)
    c.run_to(5000)
    assert activity_of(c, alice) == "Available"


@pytest.mark.parametrize("moment", [0, 10, 45])
def test_a_rebuild_at_any_moment_changes_nothing(moment):
    c, alice = staffed()
    connect(c, alice, 0, offline=True)
    snapshot = (c.ws.head, c.ws.now, c.ws.snapshot())
    if moment:
        disconnect(c, alice, 5)
    c.run_to(moment)
    for twin in (rebuilt(c), rebuilt(c, snapshot)):
        alike(c, twin)
        twin.run_to(100)
        assert activity_of(twin, alice) == ("Offline" if moment else "Available")
        assert timers_left(twin.ws) == []
    assert c.ws.stream == STREAM
