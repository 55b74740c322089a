"""Frames of the v2 dialect: who is told, and payloads with the keys and JSON types that the SDK's classes require."""

import json

import pytest

from pointsman.domain.entry import Event
from pointsman.events.socket_v2 import PAYLOADS, frames_of, recipients_of

from ..engine.driver import BIRTH, SECOND, STREAM
from .stage import ACCOUNT, stage

NUMBER, TEXT, MAYBE, FLAG = (int,), (str,), (str, type(None)), (bool,)
HEADING = {"account_sid": TEXT, "workspace_sid": TEXT, "sid": TEXT, "date_created": NUMBER, "date_updated": NUMBER}
WORKER = HEADING | {
    "friendly_name": TEXT,
    "attributes": TEXT,
    "available": FLAG,
    "activity_sid": TEXT,
    "activity_name": TEXT,
    "date_status_changed": NUMBER,
    "version": NUMBER,
}
WORKER_CHANNEL = HEADING | {
    "worker_sid": TEXT,
    "task_channel_sid": TEXT,
    "task_channel_unique_name": TEXT,
    "configured_capacity": NUMBER,
    "available": NUMBER,
    "assigned_tasks": NUMBER,
    "available_capacity_percentage": NUMBER,
    "last_reserved_time": NUMBER,
    "version": NUMBER,
}
NESTED_TASK = {
    "sid": TEXT,
    "attributes": TEXT,
    "addons": TEXT,
    "age": NUMBER,
    "assignment_status": TEXT,
    "priority": NUMBER,
    "reason": MAYBE,
    "queue_sid": MAYBE,
    "queue_name": MAYBE,
    "routing_target": MAYBE,
    "task_channel_sid": TEXT,
    "task_channel_unique_name": TEXT,
    "timeout": NUMBER,
    "workflow_sid": TEXT,
    "workflow_name": TEXT,
    "version": NUMBER,
    "virtual_start_time": NUMBER,
    "date_created": NUMBER,
    "date_updated": NUMBER,
}
TASK = HEADING | NESTED_TASK | {"counter": NUMBER}
RESERVATION = HEADING | {
    "worker_sid": TEXT,
    "worker_name": TEXT,
    "reservation_status": TEXT,
    "reservation_timeout": NUMBER,
    "worker_previous_activity_sid": TEXT,
    "version": NUMBER,
    "task": (dict,),
}
NESTED_TRANSFER = {
    "sid": TEXT,
    "task_sid": TEXT,
    "initiating_reservation_sid": TEXT,
    "initiating_worker_sid": TEXT,
    "initiating_queue_sid": TEXT,
    "initiating_workflow_sid": TEXT,
    "transfer_mode": TEXT,
    "transfer_type": TEXT,
    "transfer_to": TEXT,
    "transfer_status": TEXT,
    "date_created": NUMBER,
    "date_updated": NUMBER,
}
TRANSFER = HEADING | NESTED_TRANSFER
STATUS = {"created": "pending", "wrapup": "wrapping"}
SHAPES = {
    "worker.activity.update": WORKER,
    "worker.attributes.update": WORKER,
    "worker.capacity.update": WORKER_CHANNEL,
    "worker.channel.availability.update": WORKER_CHANNEL,
    **{
        f"reservation.{word}": RESERVATION
        for word in ["created", "accepted", "rejected", "timeout", "canceled", "rescinded", "wrapup", "completed"]
    },
    **{f"task.{word}": TASK for word in ["updated", "canceled", "wrapup", "completed"]},
}


def check_shape(payload, shape):
    assert set(payload) == set(shape)
    assert {key for key, value in payload.items() if type(value) not in shape[key]} == set()


def payloads_of(event, texts=None):
    """The payload for each worker who is told."""
    frames = frames_of(event, stage().texts if texts is None else texts, ACCOUNT)
    decoded = {frame.worker_sid: json.loads(frame.text) for frame in frames}
    assert all(set(frame) == {"event_type", "payload"} for frame in decoded.values())
    assert all(frame["event_type"] == event.type for frame in decoded.values())
    return {worker_sid: frame["payload"] for worker_sid, frame in decoded.items()}


@pytest.mark.parametrize("type", sorted(SHAPES))
def test_a_payload_has_the_keys_and_types_that_its_class_requires(type):
    told = [payload for event in stage().of(type) for payload in payloads_of(event).values()]
    assert told
    for payload in told:
        check_shape(payload, SHAPES[type])
        json.loads(payload.get("attributes", "{}"))
        if "task" in payload:
            check_shape(payload["task"], NESTED_TASK)
            word = type.partition(".")[2]
            assert payload["reservation_status"] == STATUS.get(word, word)


def test_types_that_the_sdk_does_not_know_are_told_to_no_worker():
    unknown = [each.event for each in stage().told if each.event.type not in SHAPES]
    assert unknown
    assert all(frames_of(event, stage().texts, ACCOUNT) == [] for event in unknown)
    assert set(PAYLOADS) == set(SHAPES) | {"reservation.failed"} | set(TRANSFERS)


def test_a_worker_s_events_go_to_that_worker_and_a_reservation_s_to_its_worker():
    for event, _, _ in stage().told:
        if event.type in SHAPES and not event.type.startswith("task."):
            assert list(payloads_of(event)) == [event.data["worker_sid"]]


def test_a_task_s_events_go_to_all_who_hold_it():
    event = stage().of("task.updated")[0]
    told = payloads_of(Event(event.type, "task", event.resource_sid, "", event.data | {"task_worker_sids": "WK1,WK2"}))
    assert list(told) == ["WK1", "WK2"]
    assert told["WK1"] == told["WK2"]


def test_a_task_that_nobody_holds_is_told_to_nobody():
    unheld = [event for event in stage().of("task.canceled") if "task_worker_sids" not in event.data]
    assert unheld
    assert all(recipients_of(event) == () for event in unheld)


def test_dates_are_seconds_but_the_last_reservation_of_a_channel_is_in_milliseconds():
    (event,) = stage().of("worker.capacity.update")
    (payload,) = payloads_of(event).values()
    assert payload["date_created"] == BIRTH // SECOND
    late = Event(event.type, "worker", "", "", event.data | {"worker_channel_last_reserved_date": BIRTH + 1_500_000})
    (payload,) = payloads_of(late).values()
    assert payload["last_reserved_time"] == BIRTH // 1000 + 1500


def test_a_channel_tells_its_free_capacity_in_percent():
    (event,) = stage().of("worker.capacity.update")

    def percentage(capacity, held):
        held_now = {"worker_channel_capacity": capacity, "worker_channel_consumed_capacity": held}
        (payload,) = payloads_of(Event(event.type, "worker", "", "", event.data | held_now)).values()
        return payload["available_capacity_percentage"]

    assert [percentage(3, 1), percentage(1, 2), percentage(0, 0)] == [66, 0, 0]


def test_a_cancel_has_a_reason_code_only_if_there_is_one():
    event = stage().of("reservation.canceled")[0]
    assert "canceled_reason_code" not in payloads_of(event)[event.data["worker_sid"]]
    coded = Event(event.type, "reservation", "", "", event.data | {"reservation_reason_code": 13223})
    assert payloads_of(coded)[event.data["worker_sid"]]["canceled_reason_code"] == 13223


def test_a_body_without_what_its_payload_requires_makes_no_frame():
    event = stage().of("worker.activity.update")[0]
    short = Event(event.type, "worker", "", "", {k: v for k, v in event.data.items() if k != "worker_activity_sid"})
    with pytest.raises(KeyError):
        payloads_of(short)
    with pytest.raises(KeyError):
        payloads_of(event, texts={})


# -- transfers, and reservations that never came about

TRANSFERS = [f"task.transfer-{word}" for word in ("initiated", "attempt-failed", "failed", "canceled", "completed")]


def transfer(prefix="", **more):
    """The keys that a transfer adds to a body."""
    data = {
        "task_transfer_sid": "TT1",
        "transfer_type": "QUEUE",
        "transfer_mode": "WARM",
        "transfer_to": "WQ9",
        "transfer_status": "initiated",
        "transfer_started": BIRTH,
        "transfer_initiating_worker_sid": "WK7",
        "transfer_initiating_reservation_sid": "WR7",
        "transfer_initiating_queue_sid": "WQ7",
        "transfer_initiating_workflow_sid": "WW7",
        "task_transfer_date_created": BIRTH,
        "task_transfer_date_updated": BIRTH + SECOND,
    } | more
    return {prefix + key: value for key, value in data.items()}


def task_body():
    return stage().of("task.wrapup")[0].data


@pytest.mark.parametrize("type", TRANSFERS)
def test_a_transfer_is_told_to_the_worker_who_started_it(type):
    told = payloads_of(Event(type, "task", "WT1", "", task_body() | transfer()))
    assert list(told) == ["WK7"]
    check_shape(told["WK7"], TRANSFER)
    assert told["WK7"]["task_sid"] == task_body()["task_sid"]
    assert told["WK7"]["date_updated"] == BIRTH // SECOND + 1


def test_a_failed_transfer_says_why():
    event = Event("task.transfer-failed", "task", "WT1", "", task_body() | transfer(transfer_failed_reason="because"))
    assert payloads_of(event)["WK7"]["transfer_failed_reason"] == "because"


@pytest.mark.parametrize(("prefix", "key"), [("", "task_transfer"), ("outgoing_", "active_outgoing_task_transfer")])
def test_a_reservation_tells_of_its_transfers_only_if_there_are_some(prefix, key):
    event = stage().of("reservation.accepted")[0]
    (without,) = payloads_of(event).values()
    assert not {"task_transfer", "active_outgoing_task_transfer"} & set(without)
    data = event.data | transfer(prefix)
    (told,) = payloads_of(Event(event.type, "reservation", "", "", data)).values()
    assert set(told) == set(without) | {key}
    check_shape(told[key], NESTED_TRANSFER)


def test_a_reservation_that_never_was_is_told_as_its_task_to_the_worker_it_was_meant_for():
    data = task_body() | {"task_routing_target": "WK7", "task_assignment_status": "canceled", "reason": "late"}
    told = payloads_of(Event("reservation.failed", "task", "WT1", "", data))
    assert list(told) == ["WK7"]
    check_shape(told["WK7"], TASK)
    assert (told["WK7"]["assignment_status"], told["WK7"]["reason"]) == ("canceled", "late")
    assert told["WK7"]["workspace_sid"] == STREAM
    to_a_queue = Event("reservation.failed", "task", "WT1", "", data | {"task_routing_target": "WQ7"})
    assert payloads_of(to_a_queue) == {}
