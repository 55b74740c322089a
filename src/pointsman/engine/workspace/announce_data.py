"""The fields that events of each family carry (events-voice-tokens.md 1.3), read from the state of the moment.

Neutral snake_case keys; what has no value is left out; times are microseconds; attribute texts are referred to by the
seq of the fact that holds them. Some keys are there for sockets alone: events/keys.py names them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.entry import Value
from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Activity, Reservation, Task, TaskChannel, TaskQueue, Worker, Workflow
from pointsman.engine.workspace import routing
from pointsman.engine.workspace.announce_transfers import transfers_of

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

Data = dict[str, Value]


def workspace_data(ws: WorkspaceEngine) -> Data:
    workspace = ws.tables.workspace
    assert workspace is not None
    return {
        "workspace_sid": workspace.sid,
        "workspace_name": workspace.friendly_name,
        "operating_unit_sid": "OU" + workspace.account_sid[2:],
    }


def activity_data(activity: Activity) -> Data:
    return {
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "activity_available": activity.available,
    }


def task_channel_data(channel: TaskChannel) -> Data:
    return {
        "task_channel_sid": channel.sid,
        "task_channel_name": channel.friendly_name,
        "task_channel_unique_name": channel.unique_name,
        "task_channel_optimized_routing": channel.channel_optimized_routing,
    }


def task_queue_data(queue: TaskQueue) -> Data:
    return {
        "task_queue_sid": queue.sid,
        "task_queue_name": queue.friendly_name,
        "task_queue_target_expression": queue.target_workers,
    }


def workflow_data(workflow: Workflow) -> Data:
    return {"workflow_sid": workflow.sid, "workflow_name": workflow.friendly_name}


def worker_data(ws: WorkspaceEngine, worker: Worker) -> Data:
    activity = ws.tables.activities[worker.activity_sid]
    return {
        "worker_sid": worker.sid,
        "worker_name": worker.friendly_name,
        "worker_attributes_seq": worker.attributes_seq,
        "worker_activity_sid": activity.sid,
        "worker_activity_name": activity.friendly_name,
        "worker_version": worker.version,
        "worker_available": activity.available,
        "worker_date_created": worker.date_created,
        "worker_date_updated": worker.date_updated,
        "worker_last_status_change": worker.date_status_changed,
    }


def worker_channel_data(ws: WorkspaceEngine, worker: Worker, task_channel_sid: str) -> Data:
    channel, seat = worker.channels[task_channel_sid], ws.seat(worker.sid)
    held = seat.open(task_channel_sid)
    return {
        "worker_channel_sid": channel.sid,
        "worker_channel_available": channel.available,
        "worker_channel_capacity": channel.configured_capacity,
        "worker_channel_available_capacity": max(0, channel.configured_capacity - held),
        "worker_channel_consumed_capacity": held,
        "worker_channel_task_count": held,
        "worker_channel_assigned_tasks": seat.assigned(task_channel_sid),
        "worker_channel_date_created": channel.date_created,
        "worker_channel_date_updated": channel.date_updated,
        "worker_channel_last_reserved_date": channel.last_reserved,
        "task_channel_sid": task_channel_sid,
        "task_channel_unique_name": ws.channel_names[task_channel_sid],
    }


def task_data(ws: WorkspaceEngine, task: Task) -> Data:
    """A dict of the caller's own. Five of a task's eight events are made of this alone, so it is built in one go."""
    data: Data = {
        "task_sid": task.sid,
        "task_attributes_seq": task.attributes_seq,
        "task_age": (ws.now - task.date_created) // SECOND,
        "task_priority": task.priority,
        "task_assignment_status": task.status,
        "task_version": task.version,
        "task_date_created": task.date_created,
        "task_date_updated": task.date_updated,
        "task_timeout": task.timeout,
        "task_channel_sid": task.task_channel_sid,
        "task_virtual_start_time": task.virtual_start_time,
        "task_ignore_capacity": bool(task.ignore_capacity),
    }
    tables = ws.tables
    if task.task_channel_sid in ws.channel_names:
        data["task_channel_unique_name"] = ws.channel_names[task.task_channel_sid]
    if task.routing_target is not None:
        data["task_routing_target"] = task.routing_target
    if task.reason is not None:
        data["reason"] = task.reason
        if task.status in ("canceled", "completed"):
            data[f"task_{task.status}_reason"] = task.reason
    queue = tables.task_queues.get(task.task_queue_sid or "")
    if queue is not None:
        data["task_queue_sid"] = queue.sid
        data["task_queue_name"] = queue.friendly_name
        data["task_queue_target_expression"] = queue.target_workers
    workflow = tables.workflows.get(task.workflow_sid)
    if workflow is not None:
        data["workflow_sid"] = workflow.sid
        data["workflow_name"] = workflow.friendly_name
    if task.task_queue_entered_date is not None:
        data["task_queue_entered_date"] = task.task_queue_entered_date
        data["task_age_in_queue"] = (ws.now - task.task_queue_entered_date) // SECOND
    return data


def holders_data(ws: WorkspaceEngine, task: Task) -> Data:
    """Which workers hold the task: those with an open reservation, else those whose last one this very change ended."""
    sids = task.open_reservations
    reservations = ws.tables.reservations
    if not sids and task.reservations:
        sids = tuple([sid for sid in ws.last_set(task) if reservations[sid].date_updated == ws.now])
    holders = dict.fromkeys(reservations[sid].worker_sid for sid in sids)
    data: Data = {"task_assignment_count": task.assignment_count}
    if holders:
        data["task_worker_sids"] = ",".join(holders)
    return data


def step_data(ws: WorkspaceEngine, task: Task) -> Data:
    """The routing step: which filter and which target matched."""
    target = routing.target_of(ws, task)
    data: Data = {}
    if target.expression:
        data["workflow_filter_target_expression"] = target.expression.text
    if task.filter is not None and task.filter >= 0:
        filter = routing.document_of(ws, task).filters[task.filter]
        if filter.name:
            data["workflow_filter_name"] = filter.name
        data["workflow_filter_expression"] = filter.expression.text
    if target.keyed is not None and not target.keyed.null_matches:
        keys = target.keyed.task_keys(ws.task_document(task))
        if keys:
            data["known_worker_sid"] = str(keys[0])
    return data


def reservation_data(ws: WorkspaceEngine, reservation: Reservation) -> Data:
    """A dict of the caller's own, as `task_data` gives it."""
    worker = ws.tables.workers[reservation.worker_sid]
    activity = ws.tables.activities[worker.activity_sid]
    channel = worker.channels.get(reservation.task_channel_sid)
    task = ws.tables.tasks[reservation.task_sid]
    data = task_data(ws, task)
    data["worker_sid"] = worker.sid
    data["worker_name"] = worker.friendly_name
    data["worker_attributes_seq"] = worker.attributes_seq
    data["worker_activity_sid"] = activity.sid
    data["worker_activity_name"] = activity.friendly_name
    data["worker_version"] = worker.version
    if channel is not None:
        data["worker_channel_capacity"] = channel.configured_capacity
        data["worker_channel_consumed_capacity"] = ws.seat(worker.sid).open(reservation.task_channel_sid)
    data["reservation_sid"] = reservation.sid
    data["reservation_version"] = reservation.version
    data["reservation_status"] = reservation.status
    data["reservation_timeout"] = (reservation.deadline - reservation.date_created) // SECOND
    data["reservation_date_created"] = reservation.date_created
    data["reservation_date_updated"] = reservation.date_updated
    data["reservation_worker_previous_activity_sid"] = reservation.worker_previous_activity_sid
    if reservation.reason is not None:
        data["reservation_reason_code"] = reservation.reason
    if reservation.transfer_sid or task.open_transfer:
        data.update((key, value) for key, value in transfers_of(ws, reservation).items() if value is not None)
    return data
