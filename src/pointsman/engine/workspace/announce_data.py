"""The fields that events of each family carry (events-voice-tokens.md 1.3), read from the state of the moment.

Neutral snake_case keys; None is left out; times are microseconds; attribute texts are referred to by the seq of the
fact that holds them.
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
    }


def worker_channel_data(ws: WorkspaceEngine, worker: Worker, task_channel_sid: str) -> Data:
    channel = worker.channels[task_channel_sid]
    held = ws.seat(worker.sid).open(task_channel_sid)
    return {
        "worker_channel_sid": channel.sid,
        "worker_channel_available": channel.available,
        "worker_channel_capacity": channel.configured_capacity,
        "worker_channel_available_capacity": max(0, channel.configured_capacity - held),
        "worker_channel_consumed_capacity": held,
        "worker_channel_task_count": held,
        "task_channel_sid": task_channel_sid,
        "task_channel_unique_name": ws.channel_names[task_channel_sid],
    }


def task_data(ws: WorkspaceEngine, task: Task) -> Data:
    data: Data = {
        "task_sid": task.sid,
        "task_attributes_seq": task.attributes_seq,
        "task_age": (ws.now - task.date_created) // SECOND,
        "task_priority": task.priority,
        "task_assignment_status": task.status,
        "task_version": task.version,
        "task_date_created": task.date_created,
        "task_timeout": task.timeout,
        "task_channel_sid": task.task_channel_sid,
        "task_channel_unique_name": ws.channel_names.get(task.task_channel_sid),
        "task_virtual_start_time": task.virtual_start_time,
        "task_queue_entered_date": task.task_queue_entered_date,
        "task_ignore_capacity": bool(task.ignore_capacity),
        "task_routing_target": task.routing_target,
        "reason": task.reason,
        "task_canceled_reason": task.reason if task.status == "canceled" else None,
        "task_completed_reason": task.reason if task.status == "completed" else None,
    }
    queue = ws.tables.task_queues.get(task.task_queue_sid or "")
    if queue is not None:
        data |= task_queue_data(queue)
    workflow = ws.tables.workflows.get(task.workflow_sid)
    if workflow is not None:
        data |= workflow_data(workflow)
    if task.task_queue_entered_date is not None:
        data["task_age_in_queue"] = (ws.now - task.task_queue_entered_date) // SECOND
    return data


def step_data(ws: WorkspaceEngine, task: Task) -> Data:
    """The routing step: which filter and which target matched."""
    target = routing.target_of(ws, task)
    data: Data = {
        "workflow_filter_target_name": None,
        "workflow_filter_target_expression": target.expression.text if target.expression else None,
    }
    if task.filter is not None and task.filter >= 0:
        filter = routing.document_of(ws, task).filters[task.filter]
        data["workflow_filter_name"] = filter.name or None
        data["workflow_filter_expression"] = filter.expression.text
    if target.keyed is not None and not target.keyed.null_matches:
        keys = target.keyed.task_keys(ws.task_document(task))
        data["known_worker_sid"] = str(keys[0]) if keys else None
    return data


def reservation_data(ws: WorkspaceEngine, reservation: Reservation) -> Data:
    task, worker = ws.tables.tasks[reservation.task_sid], ws.tables.workers[reservation.worker_sid]
    data = task_data(ws, task) | worker_data(ws, worker)
    if reservation.task_channel_sid in worker.channels:
        channel = worker_channel_data(ws, worker, reservation.task_channel_sid)
        data["worker_channel_capacity"] = channel["worker_channel_capacity"]
        data["worker_channel_consumed_capacity"] = channel["worker_channel_consumed_capacity"]
    return data | {
        "reservation_sid": reservation.sid,
        "reservation_version": reservation.version,
        "reservation_status": reservation.status,
        "reservation_timeout": (reservation.deadline - reservation.date_created) // SECOND,
        "reservation_reason_code": reservation.reason,
        **transfers_of(ws, reservation),
    }
