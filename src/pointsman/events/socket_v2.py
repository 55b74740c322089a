"""Frames for workers' sockets in the dialect of the SDK v2 and v3 (sdk-protocol.md A7).

Only the types that this SDK knows are sent, each to the workers whom it concerns.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import msgspec

from pointsman.domain.entry import Event
from pointsman.events import payloads
from pointsman.events.payloads import Body, Payload

PAYLOADS: dict[str, Callable[[Body], Payload]] = {
    "worker.activity.update": payloads.worker,
    "worker.attributes.update": payloads.worker,
    "worker.capacity.update": payloads.worker_channel,
    "worker.channel.availability.update": payloads.worker_channel,
    "reservation.created": payloads.reservation,
    "reservation.accepted": payloads.reservation,
    "reservation.rejected": payloads.reservation,
    "reservation.timeout": payloads.reservation,
    "reservation.canceled": payloads.reservation,
    "reservation.rescinded": payloads.reservation,
    "reservation.wrapup": payloads.reservation,
    "reservation.completed": payloads.reservation,
    "reservation.failed": payloads.task,
    "task.updated": payloads.task,
    "task.canceled": payloads.task,
    "task.wrapup": payloads.task,
    "task.completed": payloads.task,
    "task.transfer-initiated": payloads.transfer,
    "task.transfer-attempt-failed": payloads.transfer,
    "task.transfer-failed": payloads.transfer,
    "task.transfer-canceled": payloads.transfer,
    "task.transfer-completed": payloads.transfer,
}


class Frame(NamedTuple):
    worker_sid: str
    text: str


def recipients_of(event: Event) -> tuple[str, ...]:
    """The workers whose sockets are told of an event; none for a type that the SDK does not know."""
    if event.type not in PAYLOADS:
        return ()
    if event.type == "reservation.failed":
        target = event.data.get("task_routing_target")
        return (target,) if isinstance(target, str) and target.startswith("WK") else ()
    if event.type.startswith("task.transfer-"):
        sids = event.data.get("transfer_initiating_worker_sid")
    elif event.type.startswith("task."):
        sids = event.data.get("task_worker_sids")
    else:
        sids = event.data.get("worker_sid")
    return tuple(sids.split(",")) if isinstance(sids, str) and sids else ()


def frame_of(event: Event, texts: Mapping[int, str], account_sid: str) -> str:
    """The frame as JSON text, the same for all recipients. Only for events that have some."""
    return frame_text(event.type, PAYLOADS[event.type](payloads.body_of(event, texts, account_sid)))


def frames_of(event: Event, texts: Mapping[int, str], account_sid: str) -> list[Frame]:
    """A frame for each recipient."""
    recipients = recipients_of(event)
    if not recipients:
        return []
    text = frame_of(event, texts, account_sid)
    return [Frame(worker_sid, text) for worker_sid in recipients]


def frame_text(event_type: str, payload: Mapping[str, Any]) -> str:
    return msgspec.json.encode({"event_type": event_type, "payload": payload}).decode()
