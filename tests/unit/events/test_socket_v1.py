"""Frames of the v1 dialect: a client makes an object of each payload by the prefix of its sid, and must not stumble."""

import json

import pytest

from pointsman.domain.entry import Event
from pointsman.events import socket_v2
from pointsman.events.socket_v1 import frame_of, frames_of, queues_of, recipients_of

from .stage import ACCOUNT, stage

OBJECTS = {"WS", "WW", "WQ", "WK", "WA", "WT", "WR", "WC"}
"""What the client has classes for; for any other sid it throws."""


def payload_of(event):
    frame = json.loads(frame_of(event, stage().texts, ACCOUNT))
    assert frame["event_type"] == event.type
    return frame["payload"]


def test_the_client_can_make_an_object_of_every_payload_that_has_a_sid():
    for event, _, _ in stage().told:
        payload = payload_of(event)
        assert payload["account_sid"] == ACCOUNT
        assert payload["workspace_sid"] == event.data["workspace_sid"]
        assert payload.get("sid", "WS")[:2] in OBJECTS
        assert "meta" not in payload and "url" not in payload
        assert all(type(payload[key]) is int for key in payload if key.startswith("date_"))
        for key in {"attributes", "addons"} & set(payload):
            assert isinstance(json.loads(payload[key]), dict)


@pytest.mark.parametrize(
    "word", ["created", "accepted", "rejected", "timeout", "canceled", "rescinded", "wrapup", "completed"]
)
def test_a_reservation_is_told_as_its_task_with_the_reservation_s_sid(word):
    for event in stage().of(f"reservation.{word}"):
        (frame,) = frames_of(event, stage().texts, ACCOUNT)
        payload = json.loads(frame.text)["payload"]
        assert frame.worker_sid == payload["worker_sid"] == event.data["worker_sid"]
        assert payload["sid"] == event.data["task_sid"]
        assert payload["reservation_sid"] == event.resource_sid
        assert payload["assignment_status"] == event.data["task_assignment_status"]
        assert payload["queue_sid"] == payload["task_queue_sid"] == event.data["task_queue_sid"]


@pytest.mark.parametrize(
    ("type", "prefix"),
    [
        ("worker.created", "WK"),
        ("worker.activity.update", "WK"),
        ("worker.attributes.update", "WK"),
        ("worker.deleted", "WK"),
        ("worker.capacity.update", "WC"),
        ("worker.channel.availability.update", "WC"),
    ],
)
def test_all_of_a_worker_s_own_events_go_to_its_channel(type, prefix):
    event = stage().of(type)[0]
    (frame,) = frames_of(event, stage().texts, ACCOUNT)
    assert frame.worker_sid == event.resource_sid
    assert json.loads(frame.text)["payload"]["sid"].startswith(prefix)


def test_holders_are_told_of_their_tasks_as_in_v2():
    for type in ("task.updated", "task.wrapup", "task.completed", "task.canceled"):
        for event in stage().of(type):
            assert recipients_of(event) == socket_v2.recipients_of(event)


def test_a_worker_s_channel_is_not_told_what_the_client_cannot_take():
    data = stage().of("task.wrapup")[0].data | {"task_routing_target": "WK7", "transfer_initiating_worker_sid": "WK7"}
    for type in ("task.transfer-initiated", "reservation.failed"):
        event = Event(type, "task", "WT1", "", data)
        assert socket_v2.recipients_of(event) == ("WK7",)
        assert recipients_of(event) == ()


def test_a_listener_reads_a_transfer_beside_the_task():
    data = stage().of("task.wrapup")[0].data | {"task_transfer_sid": "TT1", "transfer_to": "WK7"}
    payload = payload_of(Event("task.transfer-initiated", "task", data["task_sid"], "", data))
    assert (payload["sid"], payload["task_transfer_sid"], payload["transfer_to"]) == (data["task_sid"], "TT1", "WK7")


@pytest.mark.parametrize(
    ("type", "prefix", "keys"),
    [
        ("activity.created", "WA", {"friendly_name", "available", "activity_name"}),
        ("task-queue.created", "WQ", {"friendly_name", "target_workers", "task_queue_name"}),
        ("workflow.created", "WW", {"friendly_name", "workflow_name"}),
        ("workspace.updated", "WS", {"friendly_name", "workspace_name"}),
    ],
)
def test_a_listener_reads_a_setting_by_the_names_of_its_resource(type, prefix, keys):
    payload = payload_of(stage().of(type)[-1])
    assert payload["sid"].startswith(prefix)
    assert keys <= set(payload)


def test_a_task_channel_is_told_without_a_sid_that_the_client_has_no_class_for():
    payload = payload_of(stage().of("task-channel.created")[-1])
    assert "sid" not in payload
    assert payload["task_channel_unique_name"] == "fax"


def test_a_queue_s_channel_hears_of_tasks_that_come_and_go():
    for event in stage().of("task-queue.moved"):
        assert queues_of(event) == (event.data["task_queue_sid"],)
    entered = [event for event in stage().of("task-queue.entered") if "previous_task_queue_sid" in event.data]
    assert entered
    for event in entered:
        assert queues_of(event) == (event.data["task_queue_sid"], event.data["previous_task_queue_sid"])
    assert queues_of(stage().of("activity.created")[0]) == ()
