"""Commands on tasks (rest-api.md 13, routing.md 1)."""

from __future__ import annotations

from pointsman.domain.facts import (
    ReservationWrapped,
    TaskCanceled,
    TaskCompleted,
    TaskCreated,
    TaskDeleted,
    TaskUpdated,
    TaskWrapped,
)
from pointsman.domain.limits import (
    PRIORITY_MOST,
    REASON_CHARACTERS,
    SECOND,
    TASK_TIMEOUT_MOST_SECONDS,
    TASK_TIMEOUT_SECONDS,
    check_attributes,
    check_number,
    check_text,
)
from pointsman.domain.nouns import Task, Workflow
from pointsman.domain.refusal import Refusal, stale
from pointsman.engine.workspace import closing, routing
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.engine.workspace.task_channels import DEFAULT

YEAR_1900 = -2_208_988_800 * SECOND


def create(
    ws: WorkspaceEngine,
    *,
    attributes: str | None = None,
    workflow_sid: str | None = None,
    timeout: int | None = None,
    priority: int | None = None,
    task_channel: str | None = None,
    virtual_start_time: int | None = None,
    routing_target: str | None = None,
    ignore_capacity: bool | None = None,
    task_queue_sid: str | None = None,
) -> Task:
    """A task enters its workflow. It is answered as pending: routing happens when the engine settles."""
    ws.workspace()
    if attributes is not None:
        check_attributes(attributes)
    _check_numbers(ws, priority, virtual_start_time)
    if timeout is not None:
        check_number("Timeout", timeout, 1, TASK_TIMEOUT_MOST_SECONDS)
    workflow = _workflow(ws, workflow_sid, routing_target)
    channel = _channel(ws, task_channel)
    queue = _queue(ws, task_queue_sid, routing_target)
    to_worker = (routing_target or "").startswith("WK")
    fact = TaskCreated(
        sid=ws.ids("WT"),
        attributes="{}" if attributes is None else attributes,
        workflow_sid=workflow.sid,
        workflow_version=workflow.current,
        task_channel_sid=channel,
        timeout=TASK_TIMEOUT_SECONDS if timeout is None else timeout,
        virtual_start_time=ws.now if virtual_start_time is None else virtual_start_time,
        priority=priority or 0,
        routing_target=routing_target,
        ignore_capacity=(True if ignore_capacity is None else ignore_capacity) if to_worker else None,
        task_queue_sid=queue,
    )
    ws.record(fact)
    return ws.task(fact.sid)


def update(
    ws: WorkspaceEngine,
    sid: str,
    *,
    if_match: int | None = None,
    attributes: str | None = None,
    assignment_status: str | None = None,
    reason: str | None = None,
    priority: int | None = None,
    task_channel: str | None = None,
    virtual_start_time: int | None = None,
) -> Task:
    """Change a task. With a status of wrapping or completed the other fields are left alone (routing.md 1.2)."""
    task = ws.task(sid)
    _check_version(task, if_match)
    if attributes is not None:
        check_attributes(attributes)
    _check_numbers(ws, priority, virtual_start_time)
    if reason is not None:
        check_text("Reason", reason, REASON_CHARACTERS)
    channel = None if task_channel is None else _channel(ws, task_channel)
    if assignment_status is not None:
        _check_status(ws, task, assignment_status)
    if assignment_status not in ("wrapping", "completed"):
        fact = TaskUpdated(sid, attributes, priority, channel, virtual_start_time)
        if fact != TaskUpdated(sid):
            _check_channel_free(task, channel)
            ws.record(fact)
            if assignment_status is None:
                _route_anew(ws, task, attributes is not None)
    if assignment_status is not None:
        _END[assignment_status](ws, task, reason)
    return task


def delete(ws: WorkspaceEngine, sid: str, *, if_match: int | None = None) -> None:
    """Pending reservations are canceled, accepted ones completed."""
    task = ws.task(sid)
    _check_version(task, if_match)
    closing.end_open(ws, task)
    ws.record(TaskDeleted(sid))


def cancel(ws: WorkspaceEngine, task: Task, reason: str | None) -> None:
    closing.close_pending(ws, task, reason)
    ws.record(TaskCanceled(task.sid, reason or ""))


def wrap(ws: WorkspaceEngine, task: Task, reason: str | None) -> None:
    ws.record(TaskWrapped(task.sid, reason))
    for sid in task.open_reservations:
        if ws.tables.reservations[sid].status == "accepted":
            ws.record(ReservationWrapped(sid))


def complete(ws: WorkspaceEngine, task: Task, reason: str | None) -> None:
    """The task's event comes before those of its reservations (routing.md 2.2)."""
    ws.record(TaskCompleted(task.sid, reason))
    closing.complete_open(ws, task)


_END = {"canceled": cancel, "wrapping": wrap, "completed": complete}


def _route_anew(ws: WorkspaceEngine, task: Task, attributes_changed: bool) -> None:
    """A pending task is evaluated anew after a change of attributes (ruling 4), else placed anew in its line."""
    if task.status != "pending" or task.filter is None:
        return
    if task.open_transfer or not (attributes_changed and routing.evaluate_anew(ws, task)):
        ws.rejoin(task)


def _check_status(ws: WorkspaceEngine, task: Task, status: str) -> None:
    where = f"task {task.sid} in workspace {ws.stream} for account {ws.workspace().account_sid}"
    if status not in _END:
        raise Refusal(f"AssignmentStatus must be canceled, wrapping or completed, but is '{status[:100]}'")
    if status == "canceled" and task.status not in ("pending", "reserved"):
        raise Refusal(f"Cannot cancel {where} because it is not pending or reserved.")
    if status == "canceled" and task.open_transfer:
        raise Refusal(f"Cannot cancel {where} because it was accepted and is transferred by {task.open_transfer}.")
    if status == "wrapping" and task.status != "assigned":
        raise Refusal(f"Cannot wrap up {where} because it is not currently assigned.")
    if status == "completed" and task.status not in ("assigned", "wrapping"):
        raise Refusal(f"Cannot complete {where} because it is not currently assigned.")


def _check_numbers(ws: WorkspaceEngine, priority: int | None, virtual_start_time: int | None) -> None:
    if priority is not None:
        check_number("Priority", priority, 0, PRIORITY_MOST)
    if virtual_start_time is not None:
        if virtual_start_time > ws.now:
            raise Refusal("VirtualStartTime must not be in the future")
        if virtual_start_time < YEAR_1900:
            raise Refusal("VirtualStartTime must not be before the year 1900")


def _check_channel_free(task: Task, channel: str | None) -> None:
    """Open reservations hold capacity on the channel they were made on."""
    if channel is not None and channel != task.task_channel_sid and task.open_reservations:
        raise Refusal(f"TaskChannel of task {task.sid} cannot be changed while it has open reservations")


def _check_version(task: Task, if_match: int | None) -> None:
    if if_match is not None and if_match != task.version:
        raise stale(task.sid, if_match, task.version)


def _workflow(ws: WorkspaceEngine, sid: str | None, routing_target: str | None) -> Workflow:
    """The named workflow, or the only one there is."""
    if routing_target is not None and routing_target.startswith("WW"):
        sid = routing_target
    if sid is not None:
        found = ws.tables.workflows.get(sid)
        if found is None:
            raise Refusal(f"WorkflowSid {sid} is no Workflow of workspace {ws.stream}")
        return found
    if not len(ws.tables.workflows):
        raise Refusal(f"Workspace {ws.stream} has no Workflow: WorkflowSid field is required")
    if len(ws.tables.workflows) > 1 and routing_target is None:
        raise Refusal("WorkflowSid field is required")
    return next(iter(ws.tables.workflows))


def _channel(ws: WorkspaceEngine, sid_or_name: str | None) -> str:
    try:
        return ws.task_channel(sid_or_name or DEFAULT).sid
    except Refusal:
        raise Refusal(f"TaskChannel {(sid_or_name or DEFAULT)[:100]} is unknown in workspace {ws.stream}") from None


def _queue(ws: WorkspaceEngine, sid: str | None, routing_target: str | None) -> str | None:
    """The queue of a task with a RoutingTarget: the target, the given one, or for a worker one that it is in."""
    if sid is not None and sid not in ws.tables.task_queues:
        raise Refusal(f"TaskQueueSid {sid} is no TaskQueue of workspace {ws.stream}")
    if routing_target is None or routing_target.startswith("WW"):
        return None
    if routing_target.startswith("WQ"):
        if routing_target not in ws.tables.task_queues:
            raise Refusal(f"RoutingTarget {routing_target} is no TaskQueue of workspace {ws.stream}")
        return routing_target
    if routing_target not in ws.tables.workers:
        raise Refusal(
            f"RoutingTarget {routing_target[:100]} is no Worker, TaskQueue or Workflow of workspace {ws.stream}"
        )
    own = [queue.sid for queue in ws.tables.task_queues if queue.sid in ws.seat(routing_target).queues]
    chosen = sid or next(iter(own), None) or next((queue.sid for queue in ws.tables.task_queues), None)
    if chosen is None:
        raise Refusal(f"Workspace {ws.stream} has no TaskQueue to put the task into")
    return chosen
