"""The callback form of every event type, against a table of its fields."""

import json
from pathlib import Path

import pytest

from pointsman.domain.entry import Event
from pointsman.events.callback_form import field_name, form_of
from pointsman.events.event_data import event_data
from pointsman.events.keys import attributes_of

from .event_keys import ENVELOPE, KEYS, REAL
from .stage import ACCOUNT, STREAM, stage

AWAITED = {type for type in KEYS if type.startswith("task.transfer-") or type == "reservation.failed"}
"""Types that nothing brings about yet. Let this be empty once transfers are there."""


def forms(type=None):
    events, texts = stage()
    return [
        form_of(event, sid=sid, at=at, account_sid=ACCOUNT, texts=texts)
        for event, sid, at in events
        if type in (None, event.type)
    ]


def test_there_are_49_types_and_each_one_is_told():
    assert len(KEYS) == 49
    assert {form["EventType"] for form in forms()} == set(KEYS) - AWAITED


@pytest.mark.parametrize("type", sorted(set(KEYS) - AWAITED))
def test_each_type_has_its_fields(type):
    always, sometimes = KEYS[type]
    for form in forms(type):
        assert ENVELOPE | always <= set(form) <= ENVELOPE | always | sometimes
        assert all(isinstance(value, str) and value for value in form.values())


@pytest.mark.parametrize("type", sorted(REAL))
def test_the_fields_are_those_of_real_traffic_to_the_letter(type):
    assert forms(type)
    for form in forms(type):
        assert set(form) == REAL[type]


def test_the_envelope_says_what_where_and_when():
    form = forms("worker.activity.update")[0]
    event, sid, at = next(each for each in stage().told if each.event.type == "worker.activity.update")
    assert {key: form[key] for key in ENVELOPE} == {
        "EventType": "worker.activity.update",
        "AccountSid": ACCOUNT,
        "WorkspaceSid": STREAM,
        "WorkspaceName": "Renamed",
        "OperatingUnitSid": "OU" + "2" * 32,
        "EventDescription": event.description,
        "ResourceType": "worker",
        "ResourceSid": event.resource_sid,
        "Timestamp": str(at // 1_000_000),
        "TimestampMs": str(at // 1_000),
        "Sid": sid,
    }


def test_values_are_texts_with_dates_in_seconds():
    (form,) = forms("task.completed")
    created = stage().of("task.completed")[0].data["task_date_created"]
    assert form["TaskDateCreated"] == form["TaskVirtualStartTime"] == str(created // 1_000_000)
    assert form["TaskIgnoreCapacity"] == "false"
    assert form["TaskPriority"] == "0"
    assert json.loads(form["TaskAttributes"]) == {"n": 2}
    assert forms("activity.created")[-1]["ActivityAvailable"] == "false"


def test_what_has_no_value_is_absent_and_so_is_a_text_that_was_pruned():
    data = {"task_sid": "WT1", "task_attributes_seq": 3, "reason": None, "task_priority": 0, "task_routing_target": ""}
    event = Event("task.created", "task", "WT1", "", data)
    form = form_of(event, sid="EV1", at=0, account_sid="AC1", texts={})
    assert set(form) - ENVELOPE == {"TaskSid", "TaskPriority"}


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("task_add_on_attributes", "TaskAddOnAttributes"),
        ("task_re_evaluated_reason", "TaskReEvaluatedReason"),
        ("worker_time_in_previous_activity_ms", "WorkerTimeInPreviousActivityMs"),
        ("reason", "Reason"),
    ],
)
def test_the_two_spellings_of_a_key_differ_in_nothing_but_their_case(key, name):
    assert field_name(key) == name


def test_the_page_of_events_lists_every_type():
    page = (Path(__file__).parents[3] / "docs" / "EVENTS.md").read_text(encoding="utf-8")
    assert [type for type in KEYS if f"`{type}`" not in page] == []


def test_event_data_has_the_same_keys_as_the_form():
    texts = stage().texts
    for (event, _, _), form in zip(stage().told, forms(), strict=True):
        data = event_data(event, attributes_of(event, texts))
        assert {field_name(key): value for key, value in data.items()}.items() <= form.items()
        assert set(form) - {field_name(key) for key in data} <= ENVELOPE
