"""Events: which a fact brings about, in what order, and which keys they carry at the state of the moment.

Texts of attributes are carried as the seq of the fact that holds them (`…_attributes_seq`).
"""

import json

import pytest

from pointsman.engine.workspace import (
    reservations,
    tasks,
    worker_channels,
)

from .all_events import everything
from .driver import BIRTH, SECOND, Centre
from .scenario_driver import accept, answer, end, ladder, latest, move, reject, target, types

WORKSPACE = {"workspace_sid", "workspace_name", "operating_unit_sid"}
ACTIVITY = {"activity_sid", "activity_name", "activity_available"}
CHANNEL = {"task_channel_sid", "task_channel_name", "task_channel_unique_name", "task_channel_optimized_routing"}
QUEUE = {"task_queue_sid", "task_queue_name", "task_queue_target_expression"}
WORKFLOW = {"workflow_sid", "workflow_name"}
WORKER = {
    "worker_sid",
    "worker_name",
    "worker_attributes_seq",
    "worker_activity_sid",
    "worker_activity_name",
    "worker_version",
}
WORKER_ITSELF = WORKER | {
    "worker_available",
    "worker_date_created",
    "worker_date_updated",
    "worker_last_status_change",
}
PREVIOUS_ACTIVITY = {
    "worker_previous_activity_sid",
    "worker_previous_activity_name",
    "worker_time_in_previous_activity",
    "worker_time_in_previous_activity_ms",
}
WORKER_CHANNEL = {
    "worker_channel_sid",
    "worker_channel_available",
    "worker_channel_capacity",
    "worker_channel_available_capacity",
    "worker_channel_consumed_capacity",
    "worker_channel_previous_capacity",
    "worker_channel_task_count",
    "worker_channel_assigned_tasks",
    "worker_channel_date_created",
    "worker_channel_date_updated",
    "worker_channel_last_reserved_date",
    "task_channel_sid",
    "task_channel_unique_name",
}
NEW_TASK = WORKFLOW | {
    "task_sid",
    "task_attributes_seq",
    "task_age",
    "task_priority",
    "task_assignment_status",
    "task_version",
    "task_date_created",
    "task_date_updated",
    "task_timeout",
    "task_channel_sid",
    "task_channel_unique_name",
    "task_virtual_start_time",
    "task_ignore_capacity",
}
TASK = NEW_TASK | QUEUE | {"task_queue_entered_date", "task_age_in_queue"}
STEP = {"workflow_filter_name", "workflow_filter_expression"}
PREVIOUS_TASK = {
    "previous_task_queue_sid",
    "previous_task_queue_name",
    "previous_task_priority",
    "target_changed_reason",
}
RESERVATION = (TASK | WORKER) | {
    "reservation_sid",
    "reservation_version",
    "reservation_status",
    "reservation_timeout",
    "reservation_date_created",
    "reservation_date_updated",
    "reservation_worker_previous_activity_sid",
    "worker_channel_capacity",
    "worker_channel_consumed_capacity",
}
CANCELED = {"reason", "task_canceled_reason"}
TOLD_TO_HOLDERS = TASK | {"task_assignment_count"}

KEYS = {
    **dict.fromkeys(("activity.created", "activity.updated", "activity.deleted"), ACTIVITY),
    **dict.fromkeys(("task-channel.created", "task-channel.updated", "task-channel.deleted"), CHANNEL),
    **dict.fromkeys(("task-queue.created", "task-queue.expression.updated", "task-queue.deleted"), QUEUE),
    **dict.fromkeys(("workflow.created", "workflow.updated", "workflow.deleted"), WORKFLOW),
    **{type: set() for type in ("workspace.created", "workspace.updated", "workspace.deleted")},
    **dict.fromkeys(("worker.created", "worker.attributes.update", "worker.deleted"), WORKER_ITSELF),
    "worker.activity.update": WORKER_ITSELF | PREVIOUS_ACTIVITY,
    "worker.capacity.update": WORKER_ITSELF | WORKER_CHANNEL,
    "worker.channel.availability.update": WORKER_ITSELF | WORKER_CHANNEL,
    "task.created": NEW_TASK,
    "workflow.entered": NEW_TASK,
    "task-queue.entered": TASK,
    "workflow.target-matched": TASK | STEP,
    "task.updated": TOLD_TO_HOLDERS,
    "task-queue.timeout": TASK,
    "task-queue.moved": TASK | PREVIOUS_TASK,
    "workflow.timeout": TASK,
    "workflow.skipped": TASK,
    "task.canceled": TOLD_TO_HOLDERS | CANCELED,
    "task.wrapup": TOLD_TO_HOLDERS,
    "task.completed": TOLD_TO_HOLDERS | {"reason", "task_completed_reason"},
    "task.deleted": TASK,
    "task.system-deleted": TASK,
    **dict.fromkeys(
        (
            "reservation.created",
            "reservation.accepted",
            "reservation.rejected",
            "reservation.timeout",
            "reservation.canceled",
            "reservation.rescinded",
            "reservation.wrapup",
            "reservation.completed",
        ),
        RESERVATION,
    ),
}
OPTIONAL = {
    "workflow.target-matched": PREVIOUS_TASK,
    "task-queue.entered": PREVIOUS_TASK,
    "reservation.completed": {"reason", "task_completed_reason"},
    "reservation.canceled": {"reservation_reason_code"} | CANCELED,
    **{key: {"task_worker_sids"} for key in ("task.updated", "task.canceled", "task.wrapup", "task.completed")},
}


def test_every_event_type_with_a_cause_carries_its_keys():
    told = [event for _, event in everything().events()]
    assert {event.type for event in told} == set(KEYS)
    for event in told:
        wanted, keys = KEYS[event.type] | WORKSPACE, set(event.data)
        assert wanted <= keys <= wanted | OPTIONAL.get(event.type, set()), event.type
        assert all(value is not None for value in event.data.values())


def test_the_resource_of_an_event_is_the_one_that_its_sid_names():
    sids = {"task": "WT", "worker": "WK", "reservation": "WR", "activity": "WA", "task-channel": "TC"}
    for _, event in everything().events():
        noun = event.type.partition(".")[0]
        about_a_task = event.resource_sid.startswith("WT")  # also what a task does in a queue or a workflow
        assert event.resource_type == ("task" if about_a_task else noun)
        assert event.description
        if event.resource_type in sids:
            assert event.resource_sid.startswith(sids[event.resource_type])


ENVELOPE = "EventType ResourceType Timestamp AccountSid Sid TimestampMs EventDescription ResourceSid"
REAL = {
    "worker.activity.update": """WorkerActivityName EventType ResourceType WorkerTimeInPreviousActivityMs Timestamp
        WorkerActivitySid WorkerPreviousActivitySid WorkerTimeInPreviousActivity AccountSid WorkerName Sid TimestampMs
        WorkerVersion WorkerSid WorkspaceSid WorkspaceName OperatingUnitSid WorkerPreviousActivityName EventDescription
        ResourceSid WorkerAttributes""",
    "reservation.accepted": """TaskPriority EventType WorkflowName Timestamp TaskAge TaskAssignmentStatus WorkerVersion
        TaskAttributes TaskVersion WorkerSid TaskChannelUniqueName WorkspaceName OperatingUnitSid TaskChannelSid
        TaskIgnoreCapacity TaskQueueEnteredDate TaskDateCreated WorkerActivityName ReservationSid ReservationVersion
        TaskVirtualStartTime WorkerChannelConsumedCapacity ResourceType TaskQueueName WorkerActivitySid WorkflowSid
        AccountSid WorkerName Sid TimestampMs TaskQueueTargetExpression WorkerChannelCapacity WorkspaceSid TaskQueueSid
        EventDescription TaskSid ResourceSid WorkerAttributes""",
}


def neutral(form_name):
    """`WorkerActivitySid` → `worker_activity_sid`; attributes as the key that refers to them."""
    name = "".join("_" + letter.lower() if letter.isupper() else letter for letter in form_name)[1:]
    return name + "_seq" if name.endswith("_attributes") else name


@pytest.mark.parametrize("type", REAL)
def test_the_keys_of_real_traffic_are_there(type):
    wanted = {neutral(name) for name in REAL[type].split() if name not in ENVELOPE.split()}
    found = [set(event.data) for _, event in everything().events() if event.type == type]
    assert found
    for keys in found:
        assert wanted <= keys


# -- order


def simple(c, **kw):
    ladder(c, target(c.queue("Q", **kw), 60), task_reservation_timeout=30)
    alice = c.worker("Alice")
    c.events()
    return alice


def test_the_order_from_creation_to_completion():
    c = Centre()
    simple(c)
    task = c.task()
    assert types(c) == [
        "task.created",
        "workflow.entered",
        "task-queue.entered",
        "workflow.target-matched",
        "reservation.created",
    ]
    accept(c, task)
    end(c, task, "wrapping")
    end(c, task, "completed", reason="done")
    assert types(c) == [
        "reservation.accepted",
        "task.wrapup",
        "reservation.wrapup",
        "task.completed",
        "reservation.completed",
    ]


@pytest.mark.parametrize("status", ["wrapping", "completed"])
def test_the_order_is_the_same_by_way_of_the_reservation(status):
    c = Centre()
    simple(c)
    task = c.task()
    accept(c, task)
    c.events()
    answer(c, latest(c, task), status)
    suffix = {"wrapping": "wrapup", "completed": "completed"}[status]
    assert types(c) == [f"task.{suffix}", f"reservation.{suffix}"]


def test_a_timed_out_reservation_comes_before_its_worker_s_activity_and_the_task_s_way_on():
    c = Centre()
    simple(c)
    c.task()
    c.events()
    c.run_to(60)
    assert types(c) == [
        "reservation.timeout",
        "worker.activity.update",
        "task-queue.timeout",
        "workflow.timeout",
        "task.canceled",
    ]


def test_rejecting_with_an_activity_tells_the_rejection_first():
    c = Centre()
    simple(c)
    task = c.task()
    c.events()
    reject(c, task, worker_activity_sid=c.offline)
    assert types(c) == ["reservation.rejected", "worker.activity.update"]


def test_a_step_in_the_same_queue_is_neither_moved_nor_entered():
    c = Centre()
    queue = c.queue("Q")
    ladder(c, target(queue, 10), target(queue, priority=5))
    c.task()
    c.events()
    c.run_to(10)
    assert types(c) == ["task-queue.timeout", "workflow.target-matched"]


# -- the state of the moment


def data_of(c, type):
    return [event.data for _, event in c.events() if event.type == type]


def test_events_tell_status_age_and_version_of_their_moment():
    c = Centre()
    simple(c)
    task = c.task({"n": 1})
    c.run_to(7.9)
    accept(c, task)
    c.run_to(12)
    end(c, task, "completed", reason="done")
    keys = ("task_assignment_status", "task_age", "task_version")
    told = [(event.type, *(event.data[key] for key in keys)) for _, event in c.events()]
    assert told == [
        ("task.created", "pending", 0, 0),
        ("workflow.entered", "pending", 0, 0),
        ("task-queue.entered", "pending", 0, 0),
        ("workflow.target-matched", "pending", 0, 0),
        ("reservation.created", "reserved", 0, 1),
        ("reservation.accepted", "assigned", 7, 2),
        ("task.completed", "completed", 12, 3),
        ("reservation.completed", "completed", 12, 3),
    ]


def test_a_reservation_that_failed_shows_its_task_as_pending_again():
    c = Centre()
    simple(c)
    c.task()
    c.run_to(30)
    (data,) = data_of(c, "reservation.timeout")
    assert (data["task_assignment_status"], data["reservation_status"]) == ("pending", "timeout")
    assert (data["reservation_version"], data["worker_channel_consumed_capacity"]) == (1, 0)


def test_an_activity_change_tells_how_long_the_previous_one_lasted():
    c = Centre()
    alice = simple(c)
    c.run_to(26.123)
    move(c, alice, c.offline)
    (data,) = data_of(c, "worker.activity.update")
    assert {key: data[key] for key in PREVIOUS_ACTIVITY} == {
        "worker_previous_activity_sid": c.available,
        "worker_previous_activity_name": "Available",
        "worker_time_in_previous_activity": 26,
        "worker_time_in_previous_activity_ms": 26_123,
    }
    assert (data["worker_activity_sid"], data["worker_activity_name"]) == (c.offline, "Offline")


def test_a_capacity_change_tells_the_previous_capacity():
    c = Centre()
    alice = simple(c)
    c.task()
    c.events()
    c.do(worker_channels.update, alice.sid, "default", capacity=5)
    (data,) = data_of(c, "worker.capacity.update")
    assert data["worker_channel_previous_capacity"] == 1
    assert (data["worker_channel_capacity"], data["worker_channel_available_capacity"]) == (5, 4)


def test_a_moved_task_tells_where_it_was_and_why():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    ladder(c, target(q1, 10, priority=3), target(q2, priority=8))
    c.task()
    c.events()
    c.run_to(10)
    events = [event for _, event in c.events()]
    assert [event.type for event in events][:2] == ["task-queue.timeout", "task-queue.moved"]
    left, entered = events[1].data, events[2].data
    assert (left["task_queue_sid"], left["task_priority"]) == (q1.sid, 3)
    assert (entered["task_queue_sid"], entered["task_priority"]) == (q2.sid, 8)
    assert entered["task_queue_entered_date"] == BIRTH + 10 * SECOND
    for data in (left, entered):
        assert (data["previous_task_queue_name"], data["previous_task_priority"]) == ("Q1", 3)
        assert data["target_changed_reason"] == "timeout"


def test_a_canceled_task_tells_the_reason_twice_and_a_cancel_without_reason_never():
    c = Centre()
    simple(c)
    first, second = c.task(), c.task()
    end(c, first, "canceled", reason="hangup")
    end(c, second, "canceled")
    given, none = data_of(c, "task.canceled")
    assert given["reason"] == given["task_canceled_reason"] == "hangup"
    assert not CANCELED & set(none)


def test_attributes_are_told_as_the_seq_of_the_fact_that_holds_them():
    c = Centre()
    simple(c)
    task = c.task({"n": 1})
    c.do(tasks.update, task.sid, attributes='{"n":2}')
    accept(c, task)
    told = {event.type: event.data["task_attributes_seq"] for _, event in c.events() if "task_sid" in event.data}
    texts = {type: json.loads(c.entries[seq - 1].fact.attributes) for type, seq in told.items()}
    assert texts["task.created"] == {"n": 1}
    assert texts["task.updated"] == texts["reservation.accepted"] == {"n": 2}


def test_a_matched_step_names_its_filter_its_expression_and_the_known_worker():
    c = Centre()
    queue = c.queue("Q")
    step = target(queue, expression="worker.level > 3", known_worker_sid="task.agent")
    filters = [{"filter_friendly_name": "VIP", "expression": "vip == true", "targets": [step]}]
    c.workflow(filters)
    c.task({"vip": True, "agent": "WKx"})
    (data,) = data_of(c, "workflow.target-matched")
    assert data["workflow_filter_name"] == "VIP"
    assert data["workflow_filter_expression"] == "vip == true"
    assert data["workflow_filter_target_expression"] == "worker.level > 3"
    assert data["known_worker_sid"] == "WKx"


def test_deletions_are_told_with_what_was_deleted():
    c = Centre()
    simple(c)
    task = c.task()
    c.do(tasks.delete, task.sid)
    (data,) = data_of(c, "task.deleted")
    assert data["task_sid"] == task.sid


def test_a_removal_and_a_command_without_effect_are_not_told():
    c = Centre()
    simple(c)
    task = c.task()
    end(c, task, "canceled")
    alice = c.ws.worker(c.ws.worker_names["alice"])
    c.events()
    move(c, alice, alice.activity_sid)
    c.do(tasks.update, task.sid)
    c.do(reservations.update, latest(c, task).sid)
    c.run_to(1000)
    assert c.events() == []


def test_the_texts_that_events_refer_to_are_handed_over_with_them():
    c = Centre()
    q = c.queue("All")
    c.workflow([], default=target(q))
    worker = c.worker("Ada", {"skill": "b"})
    c.ws.take_texts()
    task = c.task({"n": 1})
    assert c.ws.take_texts() == {task.attributes_seq: '{"n": 1}', worker.attributes_seq: '{"skill": "b"}'}
    assert c.ws.take_texts() == {}
    c.do(tasks.update, task.sid, attributes='{"n": 2}')
    assert c.ws.take_texts() == {task.attributes_seq: '{"n": 2}'}
