"""Reservations: what each status allows, what it does to task, worker and capacity, and sets of several."""

import pytest

from pointsman.domain.lifecycle import RESERVATION_STATES
from pointsman.engine.workspace import reservations, tasks, worker_channels, workers, workflows

from .driver import Centre
from .scenario_driver import accept, answer, end, ladder, latest, move, refused, reserved_by, statuses, target, types


def in_state(c, state):
    """A task with two reservations of which the first is in the given state."""
    ladder(c, target(c.queue("Q", max_reserved_workers=2)), task_reservation_timeout=10)
    c.worker("Alice"), c.worker("Bob")
    task = c.task()
    first, second = c.reservations(task)
    if state in ("accepted", "wrapping", "completed"):
        answer(c, first, "accepted")
    if state in ("wrapping", "completed", "rejected"):
        answer(c, first, state)
    elif state == "timeout":
        c.run_to(10)
    elif state == "canceled":
        end(c, task, "canceled")
    elif state == "rescinded":
        answer(c, second, "accepted")
    assert first.status == state
    return first


LEGAL = {
    ("pending", "accepted"),
    ("pending", "rejected"),
    ("accepted", "wrapping"),
    ("accepted", "completed"),
    ("wrapping", "completed"),
}


@pytest.mark.parametrize("wanted", RESERVATION_STATES)
@pytest.mark.parametrize("state", RESERVATION_STATES)
def test_what_a_client_may_ask_of_each_status(state, wanted):
    c = Centre()
    reservation = in_state(c, state)
    if (state, wanted) in LEGAL:
        version = reservation.version
        assert answer(c, reservation, wanted).status == wanted
        assert reservation.version == version + 1
        return
    refusal = refused(c, reservations.update, reservation.sid, reservation_status=wanted)
    if wanted == "accepted" and state in ("rejected", "timeout", "canceled", "rescinded"):
        assert refusal.status == 410
    else:
        assert (refusal.status, refusal.code) == (400, 20001)
        assert f"already in state [{state}] and cannot be updated to [{wanted}]" in refusal.message


@pytest.mark.parametrize("state", RESERVATION_STATES)
def test_open_reservations_take_capacity_and_ended_ones_give_it_back(state):
    c = Centre()
    reservation = in_state(c, state)
    held = c.ws.seat(reservation.worker_sid).open(reservation.task_channel_sid)
    assert held == (1 if state in ("pending", "accepted", "wrapping") else 0)


def test_a_status_that_does_not_exist_is_refused_and_none_changes_nothing():
    c = Centre()
    reservation = in_state(c, "pending")
    assert refused(c, reservations.update, reservation.sid, reservation_status="taken").code == 20001
    version = reservation.version
    assert c.do(reservations.update, reservation.sid).version == version


def test_if_match_names_the_version():
    c = Centre()
    reservation = in_state(c, "pending")
    wrong = {"if_match": reservation.version + 1, "reservation_status": "accepted"}
    assert refused(c, reservations.update, reservation.sid, **wrong).status == 412
    answer(c, reservation, "accepted", if_match=reservation.version)


def test_an_activity_that_does_not_exist_is_refused():
    c = Centre()
    reservation = in_state(c, "pending")
    wrong = {"reservation_status": "rejected", "worker_activity_sid": "WA" + "f" * 32}
    assert refused(c, reservations.update, reservation.sid, **wrong).code == 20001


def test_an_unknown_reservation_is_not_found():
    assert refused(Centre(), reservations.update, "WR" + "f" * 32, reservation_status="accepted").code == 20404


@pytest.mark.parametrize(("most", "idle", "made"), [(1, 3, 1), (2, 3, 2), (5, 3, 3), (50, 3, 3)])
def test_as_many_reservations_as_workers_up_to_the_queue_s_most(most, idle, made):
    c = Centre()
    ladder(c, target(c.queue("Q", max_reserved_workers=most)))
    for n in range(idle):
        c.worker(f"Worker {n}")
    task = c.task()
    assert (len(task.reservations), task.assignment_count) == (made, 1)


def test_the_task_stays_reserved_until_the_last_reservation_of_the_set_ended():
    c = Centre()
    ladder(c, target(c.queue("Q", max_reserved_workers=2)), task_reservation_timeout=10)
    c.worker("Alice"), c.worker("Bob")
    task = c.task()
    answer(c, c.reservations(task)[0], "rejected", worker_activity_sid=c.offline)
    assert (task.status, statuses(c, task)) == ("reserved", ["rejected", "pending"])
    c.run_to(10)
    assert (task.status, statuses(c, task)) == ("pending", ["rejected", "timeout"])


def test_each_reservation_of_a_set_takes_capacity_and_a_rescinded_one_returns_it():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q", max_reserved_workers=2)))
    c.worker("Alice"), c.worker("Bob")
    first, second = c.task(), c.task(workflow_sid=workflow.sid)
    assert second.status == "pending"
    answer(c, c.reservations(first)[0], "accepted")
    assert reserved_by(c, second) == ["Bob"]


def test_completing_the_task_completes_an_accepted_and_a_wrapping_reservation():
    for wrap in (False, True):
        c = Centre()
        ladder(c, target(c.queue("Q")))
        c.worker("Alice")
        task = c.task()
        accept(c, task)
        if wrap:
            end(c, task, "wrapping")
            assert statuses(c, task) == ["wrapping"]
        c.events()
        end(c, task, "completed", reason="done")
        assert (task.status, task.reason, statuses(c, task)) == ("completed", "done", ["completed"])
        assert types(c) == ["task.completed", "reservation.completed"]


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [(False, ["reservation.canceled", "task.deleted"]), (True, ["reservation.completed", "task.deleted"])],
)
def test_deleting_a_task_ends_its_reservation(accepted, expected):
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task, other = c.task(), c.task(workflow_sid=workflow.sid)
    if accepted:
        accept(c, task)
    c.events()
    c.do(tasks.delete, task.sid)
    assert types(c)[:2] == expected
    assert (other.status, len(c.ws.tables.reservations)) == ("reserved", 1)  # the capacity is free again


def test_a_wrapping_reservation_still_takes_capacity():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    accept(c, task)
    end(c, task, "wrapping")
    other = c.task(workflow_sid=workflow.sid)
    assert other.status == "pending"
    end(c, task, "completed")
    assert other.status == "reserved"


def test_a_capacity_below_the_load_only_stops_new_offers():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice", capacity={"default": 2})
    first, second = c.task(), c.task(workflow_sid=workflow.sid)
    c.do(worker_channels.update, alice.sid, "default", capacity=1)
    third = c.task(workflow_sid=workflow.sid)
    accept(c, first), accept(c, second)
    end(c, first, "completed")
    assert (second.status, third.status) == ("assigned", "pending")
    end(c, second, "completed")
    assert third.status == "reserved"


@pytest.mark.parametrize("change", [{"capacity": 0}, {"available": False}])
def test_a_closed_channel_gets_nothing_until_it_opens(change):
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice")
    c.do(worker_channels.update, alice.sid, "voice", **change)
    voice, chat = c.task(task_channel="voice"), c.task(task_channel="chat")
    assert (voice.status, chat.status) == ("pending", "reserved")
    c.do(worker_channels.update, alice.sid, "voice", capacity=1, available=True)
    assert voice.status == "reserved"


def test_the_worker_s_version_rises_with_a_reservation():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice")
    before = alice.version
    c.task()
    assert alice.version == before + 1


def test_a_rejected_task_is_not_offered_to_the_worker_who_went_offline():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice, bob = c.worker("Alice"), c.worker("Bob", available=False)
    task = c.task()
    move(c, alice, c.offline, reject_pending_reservations=True)
    assert (task.status, statuses(c, task)) == ("pending", ["rejected"])
    c.do(workers.update, bob.sid, activity_sid=c.available)
    assert reserved_by(c, task) == ["Alice", "Bob"]


def test_a_new_timeout_of_the_workflow_holds_for_new_reservations():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")), task_reservation_timeout=10)
    c.worker("Alice"), c.worker("Bob")
    old = c.task()
    c.do(workflows.update, workflow.sid, task_reservation_timeout=20)
    young = c.task()
    spans = [latest(c, task).deadline - latest(c, task).date_created for task in (old, young)]
    assert spans == [10_000_000, 20_000_000]
