"""What is told of transfers: which events, in which order, with which fields. And of a target that was never reserved."""

import pytest

from pointsman.engine.workspace import reservations, tasks, workers
from pointsman.settings import Settings

from .driver import BIRTH, SECOND, Centre
from .transferring import Desk

KEYS = {
    "task_transfer_sid",
    "transfer_type",
    "transfer_mode",
    "transfer_to",
    "transfer_status",
    "transfer_started",
    "transfer_initiating_worker_sid",
    "transfer_initiating_reservation_sid",
    "transfer_initiating_queue_sid",
    "transfer_initiating_workflow_sid",
    "task_transfer_date_created",
    "task_transfer_date_updated",
}
REASON = "transfer_failed_reason"


@pytest.fixture
def desk():
    return Desk()


def told(desk):
    """(type, task status, task version, incoming transfer's status, outgoing one's) of what was told since."""
    rows = []
    for _, event in desk.centre.events():
        data = event.data
        if event.type.startswith(("task.", "reservation.")):
            state = (data["task_assignment_status"], data["task_version"] - 1)
            rows.append((event.type, *state, data.get("transfer_status"), data.get("outgoing_transfer_status")))
    return rows


def test_a_warm_transfer_that_is_accepted(desk):
    assert desk.task.version == 2
    desk.transfer(desk.bob)
    assert told(desk) == [
        ("task.transfer-initiated", "reserved", 2, "initiated", None),
        ("task.updated", "reserved", 2, None, None),
        ("reservation.created", "reserved", 2, "initiated", None),
    ]
    desk.say(desk.latest().sid, "accepted")
    assert told(desk) == [
        ("task.transfer-completed", "assigned", 3, "complete", None),
        ("task.updated", "assigned", 3, None, None),
        ("reservation.accepted", "assigned", 3, "complete", None),
    ]
    desk.say(desk.adas, "completed")
    desk.say(desk.latest().sid, "completed")
    assert told(desk) == [
        ("reservation.completed", "assigned", 3, None, None),
        ("task.completed", "completed", 4, None, None),
        ("reservation.completed", "completed", 4, "complete", None),
    ]


def test_a_cold_transfer_shows_the_transferor_s_reservation_what_is_under_way(desk):
    transfer = desk.transfer(desk.bob, "COLD")
    _, _, wrapup, created = (event for _, event in desk.centre.events())
    assert (wrapup.type, wrapup.data["worker_sid"], wrapup.data["reservation_status"]) == (
        "reservation.wrapup",
        desk.ada,
        "wrapping",
    )
    outgoing = {key for key in wrapup.data if "transfer" in key}
    assert outgoing == {f"outgoing_{key}" for key in KEYS}
    assert wrapup.data["outgoing_task_transfer_sid"] == transfer.sid
    assert (created.type, created.data["worker_sid"]) == ("reservation.created", desk.bob)
    assert {key for key in created.data if "transfer" in key} == KEYS


def test_the_fields_of_a_transfer(desk):
    desk.centre.run_to(5)
    transfer = desk.transfer(desk.other, "COLD")
    event = next(event for _, event in desk.centre.events() if event.type == "task.transfer-initiated")
    assert (event.resource_type, event.resource_sid) == ("task", desk.task.sid)
    assert {key: event.data[key] for key in KEYS} == {
        "task_transfer_sid": transfer.sid,
        "transfer_type": "QUEUE",
        "transfer_mode": "COLD",
        "transfer_to": desk.other,
        "transfer_status": "initiated",
        "transfer_started": BIRTH + 5 * SECOND,
        "transfer_initiating_worker_sid": desk.ada,
        "transfer_initiating_reservation_sid": desk.adas,
        "transfer_initiating_queue_sid": desk.first,
        "transfer_initiating_workflow_sid": desk.workflow,
        "task_transfer_date_created": BIRTH + 5 * SECOND,
        "task_transfer_date_updated": BIRTH + 5 * SECOND,
    }
    assert event.data["task_queue_sid"] == desk.other
    assert "worker_sid" not in event.data and REASON not in event.data


@pytest.mark.parametrize(("status", "said"), [("rejected", "was rejected"), ("timeout", "timed out")])
def test_a_failed_transfer_to_a_worker_shows_in_the_reservation_s_last_event(desk, status, said):
    desk.transfer(desk.bob)
    told(desk)
    if status == "timeout":
        desk.centre.run_to(desk.centre.now + 30)
    else:
        desk.say(desk.latest().sid, "rejected")
    events = [event for _, event in desk.centre.events() if not event.type.startswith("worker.")]
    assert [event.type for event in events] == ["task.transfer-failed", "task.updated", f"reservation.{status}"]
    failed, updated, ended = (event.data for event in events)
    reason = f"Transfer failed because the reservation {said}"
    assert failed[REASON] == ended[REASON] == reason
    assert failed["transfer_status"] == ended["transfer_status"] == "failed"
    assert {data["task_assignment_status"] for data in (failed, updated, ended)} == {"assigned"}


def test_a_canceled_transfer(desk):
    transfer = desk.transfer(desk.bob)
    told(desk)
    desk.cancel(transfer)
    assert told(desk) == [
        ("task.transfer-canceled", "assigned", 3, "canceled", None),
        ("task.updated", "assigned", 3, None, None),
        ("reservation.canceled", "assigned", 3, "canceled", None),
    ]


def test_a_failed_attempt(desk):
    desk.centre.do(workers.update, desk.cleo, activity_sid=desk.centre.offline)
    desk.transfer(desk.other)
    assert told(desk) == [
        ("task.transfer-initiated", "pending", 2, "initiated", None),
        ("task.updated", "pending", 2, None, None),
        ("reservation.created", "reserved", 3, "initiated", None),
        ("task.updated", "reserved", 3, None, None),
    ]
    desk.centre.do(
        reservations.update,
        desk.latest().sid,
        reservation_status="rejected",
        worker_activity_sid=desk.centre.offline,
    )
    assert told(desk) == [
        ("reservation.rejected", "pending", 4, "initiated", None),
        ("task.transfer-attempt-failed", "pending", 4, "initiated", None),
        ("task.updated", "pending", 4, None, None),
    ]


def test_a_transferee_who_transfers_on_has_both(desk):
    first = desk.transfer(desk.bob)
    bobs = desk.latest().sid
    desk.say(bobs, "accepted")
    second = desk.transfer(desk.cleo, by=desk.bob, reservation=bobs)
    told(desk)
    desk.say(bobs, "wrapping")
    ((_, event),) = desk.centre.events()
    assert (event.data["task_transfer_sid"], event.data["transfer_status"]) == (first.sid, "complete")
    assert (event.data["outgoing_task_transfer_sid"], event.data["outgoing_transfer_status"]) == (
        second.sid,
        "initiated",
    )
    assert event.data["task_assignment_status"] == "reserved"


def test_an_accept_and_a_change_of_attributes_count_once(desk):
    desk.transfer(desk.bob)
    created = [event.data for _, event in desk.centre.events() if event.type == "reservation.created"][-1]
    assert desk.update_task(attributes="{}").version == created["task_version"] + 1
    assert desk.say(desk.latest().sid, "accepted").version == created["reservation_version"] + 1


# -- reservation.failed


def centre_with_a_target(seconds=60, **worker):
    centre = Centre(Settings(routing_target_sla_seconds=seconds))
    centre.workflow([{"expression": "1==1", "targets": [{"queue": centre.queue("Q").sid}]}])
    return centre, centre.worker("Ada", **worker)


def test_a_task_for_a_worker_who_is_not_reserved_in_time_is_canceled():
    centre, ada = centre_with_a_target(available=False)
    task = centre.task(routing_target=ada.sid, ignore_capacity=False)
    centre.run_to(59)
    centre.events()
    assert task.status == "pending"
    centre.run_to(60)
    reason = "RoutingTarget SLA for Reservation creation was not met"
    assert (task.status, task.reason) == ("canceled", reason)
    events = centre.events()
    assert [(at, event.type) for at, event in events] == [(60, "reservation.failed"), (60, "task.canceled")]
    data = events[0][1].data
    assert (data["task_assignment_status"], data["reason"], data["task_routing_target"]) == (
        "canceled",
        reason,
        ada.sid,
    )
    assert "worker_sid" not in data and "reservation_sid" not in data


def test_a_reservation_in_time_is_enough_and_other_tasks_may_wait():
    centre, ada = centre_with_a_target(available=False)
    queue = next(iter(centre.ws.tables.task_queues)).sid
    own = centre.task(routing_target=ada.sid, ignore_capacity=False)
    others = [centre.task({}), centre.task(routing_target=queue)]
    centre.run_to(59)
    centre.do(workers.update, ada.sid, activity_sid=centre.available)
    assert (own.status, others[0].status) == ("reserved", "pending")
    centre.do(reservations.update, own.reservations[0], reservation_status="rejected")
    centre.do(workers.update, ada.sid, activity_sid=centre.offline, reject_pending_reservations=True)
    centre.run_to(200)
    assert {task.status for task in (own, *others)} == {"pending"}


def test_without_the_setting_it_waits():
    centre, ada = centre_with_a_target(seconds=0, available=False)
    task = centre.task(routing_target=ada.sid, ignore_capacity=False)
    centre.run_to(86_000)
    assert task.status == "pending"
    centre.do(tasks.update, task.sid, assignment_status="canceled")
