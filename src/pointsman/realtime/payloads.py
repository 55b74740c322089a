"""What remote calls of the SDK's versions 2 and 3 answer: the same objects as in events, made by the same functions."""

from __future__ import annotations

from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Reservation, Task, Transfer, Worker, WorkerChannel
from pointsman.engine.workspace import announce_data, announce_transfers
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.events import payloads
from pointsman.events.payloads import Body, Payload
from pointsman.operations.scope import View

DATES = ("date_created", "date_updated")
NOT_ANSWERED = ("task", "reservation_timeout", "task_transfer", "active_outgoing_task_transfer")


def worker(ws: WorkspaceEngine, worker: Worker) -> Payload:
    data = announce_data.worker_data(ws, worker)
    return payloads.worker(_body(ws, data, {worker.attributes_seq: worker.attributes}))


def worker_channel(ws: WorkspaceEngine, worker: Worker, channel: WorkerChannel) -> Payload:
    data = announce_data.worker_channel_data(ws, worker, channel.task_channel_sid)
    return payloads.worker_channel(_body(ws, announce_data.worker_data(ws, worker) | data, {}))


def task(ws: WorkspaceEngine, task: Task, now: int) -> Payload:
    data = announce_data.task_data(ws, task) | {"task_assignment_count": task.assignment_count}
    return payloads.task(_body(ws, data, {task.attributes_seq: task.attributes}))


def reservation(ws: WorkspaceEngine, reservation: Reservation) -> Payload:
    """With its task."""
    task = ws.task(reservation.task_sid)
    data = announce_data.reservation_data(ws, reservation)
    return payloads.reservation(_body(ws, data, {task.attributes_seq: task.attributes}))


def changed_reservation(ws: WorkspaceEngine, changed: Reservation) -> Payload:
    """What a change of a reservation is answered with: the SDK takes the task from the event."""
    shown = reservation(ws, changed)
    kept = {name: value for name, value in shown.items() if name not in NOT_ANSWERED}
    return kept | {"task_sid": changed.task_sid, "task_channel_sid": changed.task_channel_sid}


def transfer(ws: WorkspaceEngine, transfer: Transfer) -> Payload:
    data = announce_transfers.transfer_data(transfer) | {"task_sid": transfer.task_sid}
    return payloads.transfer(_body(ws, data, {}))


def activity(view: View) -> Payload:
    return view | {name: view[name] // SECOND for name in DATES}


def task_queue(view: View) -> Payload:
    """`version`: queues have none here, and the SDK does not compare it."""
    dates = {name: view[name] // SECOND for name in DATES}
    return view | dates | {"lifo_queue": view["task_order"] == "LIFO", "version": 0}


def _body(ws: WorkspaceEngine, data: announce_data.Data, texts: dict[int, str]) -> Body:
    return Body(data | {"workspace_sid": ws.stream}, texts, ws.workspace().account_sid)
