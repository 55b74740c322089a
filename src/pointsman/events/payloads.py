"""The objects that sockets are told of, as their SDKs require them (sdk-protocol.md A6).

Dates are unix seconds, but `last_reserved_time` milliseconds; attributes are JSON texts; a required key without value
is null. Everything is read from an event's body: a body that lacks what its payload needs raises KeyError, because a
frame without it would throw in the client.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pointsman.domain.entry import Event, Value
from pointsman.domain.limits import SECOND
from pointsman.events.keys import OUTGOING

Payload = dict[str, Any]


class Body(NamedTuple):
    """An event's data with what it refers to: attribute texts by seq, and the account that owns the workspace."""

    data: dict[str, Value]
    texts: Mapping[int, str]
    account_sid: str


def body_of(event: Event, texts: Mapping[int, str], account_sid: str) -> Body:
    return Body(event.data, texts, account_sid)


def worker(body: Body) -> Payload:
    data = body.data
    return _heading(body) | {
        "sid": data["worker_sid"],
        "friendly_name": data["worker_name"],
        "attributes": _attributes(body, "worker_attributes_seq"),
        "available": data["worker_available"],
        "activity_sid": data["worker_activity_sid"],
        "activity_name": data["worker_activity_name"],
        "date_created": _seconds(data["worker_date_created"]),
        "date_updated": _seconds(data["worker_date_updated"]),
        "date_status_changed": _seconds(data["worker_last_status_change"]),
        "version": data["worker_version"],
    }


def worker_channel(body: Body) -> Payload:
    """`version` is the worker's, which a change of its channels raises."""
    data = body.data
    capacity, consumed = _number(data["worker_channel_capacity"]), _number(data["worker_channel_consumed_capacity"])
    return _heading(body) | {
        "sid": data["worker_channel_sid"],
        "worker_sid": data["worker_sid"],
        "task_channel_sid": data["task_channel_sid"],
        "task_channel_unique_name": data["task_channel_unique_name"],
        "configured_capacity": capacity,
        "available": int(bool(data["worker_channel_available"])),
        "assigned_tasks": data["worker_channel_assigned_tasks"],
        "available_capacity_percentage": max(0, (capacity - consumed) * 100 // capacity) if capacity else 0,
        "date_created": _seconds(data["worker_channel_date_created"]),
        "date_updated": _seconds(data["worker_channel_date_updated"]),
        "last_reserved_time": _number(data["worker_channel_last_reserved_date"]) // 1000,
        "version": data["worker_version"],
    }


def task(body: Body) -> Payload:
    """A task by itself."""
    return _heading(body) | {"counter": body.data.get("task_assignment_count", 0)} | nested_task(body)


def nested_task(body: Body) -> Payload:
    """A task within a reservation: without account and workspace."""
    data = body.data
    return {
        "sid": data["task_sid"],
        "attributes": _attributes(body, "task_attributes_seq"),
        "addons": "{}",
        "age": data["task_age"],
        "assignment_status": data["task_assignment_status"],
        "priority": data["task_priority"],
        "reason": data.get("reason"),
        "queue_sid": data.get("task_queue_sid"),
        "queue_name": data.get("task_queue_name"),
        "routing_target": data.get("task_routing_target"),
        "task_channel_sid": data["task_channel_sid"],
        "task_channel_unique_name": data.get("task_channel_unique_name"),
        "timeout": data["task_timeout"],
        "workflow_sid": data.get("workflow_sid"),
        "workflow_name": data.get("workflow_name"),
        "version": data["task_version"],
        "virtual_start_time": _seconds(data["task_virtual_start_time"]),
        "date_created": _seconds(data["task_date_created"]),
        "date_updated": _seconds(data["task_date_updated"]),
    }


def reservation(body: Body) -> Payload:
    """Transfers and the reason code are absent if there are none: a null would throw in the client."""
    data = body.data
    payload = _heading(body) | {
        "sid": data["reservation_sid"],
        "worker_sid": data["worker_sid"],
        "worker_name": data["worker_name"],
        "reservation_status": data["reservation_status"],
        "reservation_timeout": data["reservation_timeout"],
        "worker_previous_activity_sid": data["reservation_worker_previous_activity_sid"],
        "date_created": _seconds(data["reservation_date_created"]),
        "date_updated": _seconds(data["reservation_date_updated"]),
        "version": data["reservation_version"],
        "task": nested_task(body),
    }
    code = data.get("reservation_reason_code")
    if data["reservation_status"] == "canceled" and isinstance(code, int):
        payload["canceled_reason_code"] = code
    if data.get("task_transfer_sid") is not None:
        payload["task_transfer"] = _transfer(data, "")
    if data.get(OUTGOING + "task_transfer_sid") is not None:
        payload["active_outgoing_task_transfer"] = _transfer(data, OUTGOING)
    return payload


def transfer(body: Body) -> Payload:
    """A transfer by itself."""
    return _heading(body) | _transfer(body.data, "")


def _transfer(data: dict[str, Value], prefix: str) -> Payload:
    payload: Payload = {
        "sid": data[f"{prefix}task_transfer_sid"],
        "task_sid": data["task_sid"],
        "initiating_reservation_sid": data[f"{prefix}transfer_initiating_reservation_sid"],
        "initiating_worker_sid": data[f"{prefix}transfer_initiating_worker_sid"],
        "initiating_queue_sid": data.get(f"{prefix}transfer_initiating_queue_sid"),
        "initiating_workflow_sid": data.get(f"{prefix}transfer_initiating_workflow_sid"),
        "transfer_mode": data[f"{prefix}transfer_mode"],
        "transfer_type": data[f"{prefix}transfer_type"],
        "transfer_to": data[f"{prefix}transfer_to"],
        "transfer_status": data[f"{prefix}transfer_status"],
        "date_created": _seconds(data[f"{prefix}task_transfer_date_created"]),
        "date_updated": _seconds(data[f"{prefix}task_transfer_date_updated"]),
    }
    reason = data.get(f"{prefix}transfer_failed_reason")
    if reason is not None:
        payload["transfer_failed_reason"] = reason
    return payload


def _heading(body: Body) -> Payload:
    return {"account_sid": body.account_sid, "workspace_sid": body.data["workspace_sid"]}


def _attributes(body: Body, key: str) -> str:
    return body.texts[_number(body.data[key])]


def _number(value: Value) -> int:
    assert isinstance(value, int)
    return value


def _seconds(value: Value) -> int:
    return _number(value) // SECOND
