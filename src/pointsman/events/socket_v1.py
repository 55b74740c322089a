"""Frames in the dialect of the older taskrouter.js v1 (sdk-protocol.md part B).

A worker's channel gets what concerns that worker. The channels of a workspace and of a task queue get every event, of
the workspace or of that queue: a payload with a `sid` becomes that object in the client.
"""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.domain.entry import Event
from pointsman.events import payloads, socket_v2
from pointsman.events.keys import told
from pointsman.events.payloads import Body, Payload
from pointsman.events.socket_v2 import Frame, frame_text

CHANNELS = frozenset({"worker.capacity.update", "worker.channel.availability.update"})
NAMES = {
    "activity": {"activity_name": "friendly_name", "activity_available": "available"},
    "task-queue": {"task_queue_name": "friendly_name", "task_queue_target_expression": "target_workers"},
    "workflow": {"workflow_name": "friendly_name"},
    "workspace": {"workspace_name": "friendly_name"},
}
"""Keys of settings as their resources call them."""
BESIDE_THE_TASK = (
    "reservation_",
    "worker_",
    "workflow_filter_",
    "previous_task_",
    "target_changed_",
    "known_worker_",
    "task_transfer_",
    "transfer_",
)
"""Keys of an event about a task that do not describe the task itself."""


def recipients_of(event: Event) -> tuple[str, ...]:
    """The workers whose channels are told: of all of worker.*, of task.* and reservation.* as in v2.

    This client knows neither transfers, whose sids it cannot make objects of, nor a reservation that never was.
    """
    if event.type.startswith("worker."):
        return (str(event.data["worker_sid"]),)
    if event.type.startswith("task.transfer-") or event.type == "reservation.failed":
        return ()
    return socket_v2.recipients_of(event)


def queues_of(event: Event) -> tuple[str, ...]:
    """The task queues whose channels are told of an event."""
    sids = (event.data.get("task_queue_sid"), event.data.get("previous_task_queue_sid"))
    return tuple(dict.fromkeys(sid for sid in sids if isinstance(sid, str)))


def frame_of(event: Event, texts: Mapping[int, str], account_sid: str) -> str:
    """The frame as JSON text, the same for worker, queue and workspace channels."""
    return frame_text(event.type, payload_of(event, texts, account_sid))


def frames_of(event: Event, texts: Mapping[int, str], account_sid: str) -> list[Frame]:
    """A frame for each recipient."""
    recipients = recipients_of(event)
    if not recipients:
        return []
    text = frame_of(event, texts, account_sid)
    return [Frame(worker_sid, text) for worker_sid in recipients]


def payload_of(event: Event, texts: Mapping[int, str], account_sid: str) -> Payload:
    """What an event is about: a worker, its channel, a task, or a setting."""
    body = payloads.body_of(event, texts, account_sid)
    if event.type in CHANNELS:
        return payloads.worker_channel(body)
    if event.type.startswith("worker."):
        return payloads.worker(body)
    if "task_sid" in event.data:
        return _task(event, body)
    return _setting(event, body)


def _task(event: Event, body: Body) -> Payload:
    """The task, with the names REST has for its keys, too, and below it what the event says beyond the task.

    An event of a reservation is told as its task with a `reservation_sid`.
    """
    payload = payloads.task(body)
    payload["task_queue_sid"], payload["task_queue_friendly_name"] = payload["queue_sid"], payload["queue_name"]
    payload["workflow_friendly_name"] = payload["workflow_name"]
    return {name: text for name, text in told(event) if name.startswith(BESIDE_THE_TASK)} | payload


def _setting(event: Event, body: Body) -> Payload:
    """The event's data. Task channels have no `sid`, because the client could make no object of it."""
    payload: Payload = {"account_sid": body.account_sid} | dict(told(event))
    names = NAMES.get(event.resource_type)
    if names is None:
        return payload
    return payload | {"sid": event.resource_sid} | {new: event.data[old] for old, new in names.items()}
