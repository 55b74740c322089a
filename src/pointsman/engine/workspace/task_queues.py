"""Commands on task queues (rest-api.md 11)."""

from __future__ import annotations

from pointsman.domain.facts import TaskQueueCreated, TaskQueueDeleted, TaskQueueUpdated
from pointsman.domain.limits import (
    EXPRESSION_CHARACTERS,
    QUEUE_NAME_CHARACTERS,
    RESERVED_WORKERS_MOST,
    check_choice,
    check_name,
    check_number,
    check_text,
)
from pointsman.domain.nouns import TaskQueue
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.expressions import ExpressionError, Scope, compile_expression

EVERYBODY = "1==1"
_ORDERS = ("FIFO", "LIFO")


def create(
    ws: WorkspaceEngine,
    *,
    friendly_name: str,
    target_workers: str | None = None,
    max_reserved_workers: int | None = None,
    task_order: str | None = None,
    reservation_activity_sid: str | None = None,
    assignment_activity_sid: str | None = None,
) -> TaskQueue:
    """TargetWorkers left out means everybody, empty nobody (rest-api.md 20, 8)."""
    workspace = ws.workspace()
    _check(ws, None, friendly_name, target_workers, max_reserved_workers, task_order)
    _check_activities(ws, reservation_activity_sid, assignment_activity_sid)
    if not workspace.multi_task_enabled:
        reservation_activity_sid = reservation_activity_sid or _named(ws, "Reserved")
        assignment_activity_sid = assignment_activity_sid or _named(ws, "Busy")
    fact = TaskQueueCreated(
        ws.ids("WQ"),
        friendly_name,
        EVERYBODY if target_workers is None else target_workers,
        1 if max_reserved_workers is None else max_reserved_workers,
        task_order or "FIFO",
        reservation_activity_sid,
        assignment_activity_sid,
    )
    ws.record(fact)
    return ws.task_queue(fact.sid)


def update(
    ws: WorkspaceEngine,
    sid: str,
    *,
    friendly_name: str | None = None,
    target_workers: str | None = None,
    max_reserved_workers: int | None = None,
    task_order: str | None = None,
    reservation_activity_sid: str | None = None,
    assignment_activity_sid: str | None = None,
) -> TaskQueue:
    queue = ws.task_queue(sid)
    _check(ws, sid, friendly_name, target_workers, max_reserved_workers, task_order)
    _check_activities(ws, reservation_activity_sid, assignment_activity_sid)
    ws.record(
        TaskQueueUpdated(
            sid,
            friendly_name,
            target_workers,
            max_reserved_workers,
            task_order,
            reservation_activity_sid,
            assignment_activity_sid,
        )
    )
    return queue


def delete(ws: WorkspaceEngine, sid: str) -> None:
    """Refused while a workflow version that is current or followed names it, or an open task is in it (ruling 19)."""
    ws.task_queue(sid)
    for workflow in ws.tables.workflows:
        for version in workflow.versions:
            if sid in ws.workflow_document(workflow.sid, version).queues():
                raise Refusal(f"TaskQueue {sid} cannot be deleted because Workflow {workflow.sid} refers to it")
    for task in ws.tables.tasks:
        if task.task_queue_sid == sid and task.finished_at is None:
            raise Refusal(f"TaskQueue {sid} cannot be deleted because Task {task.sid} is in it")
        transfer = ws.tables.transfers.get(task.open_transfer)
        if transfer is not None and transfer.initiating_queue_sid == sid:
            raise Refusal(f"TaskQueue {sid} cannot be deleted because Transfer {transfer.sid} started from it")
    ws.record(TaskQueueDeleted(sid))


def _check(
    ws: WorkspaceEngine,
    sid: str | None,
    name: str | None,
    target_workers: str | None,
    max_reserved_workers: int | None,
    task_order: str | None,
) -> None:
    if name is not None:
        check_name("FriendlyName", name, QUEUE_NAME_CHARACTERS)
        if any(queue.friendly_name == name and queue.sid != sid for queue in ws.tables.task_queues):
            account = ws.workspace().account_sid
            raise Refusal(f"Queue named {name} already exists for workspace {ws.stream} for account {account}")
    if target_workers is not None:
        check_text("TargetWorkers", target_workers, EXPRESSION_CHARACTERS)
        _check_expression(target_workers)
    if max_reserved_workers is not None:
        check_number("MaxReservedWorkers", max_reserved_workers, 1, RESERVED_WORKERS_MOST)
    if task_order is not None:
        check_choice("TaskOrder", task_order, _ORDERS)


def _check_expression(text: str) -> None:
    if text.strip():
        try:
            compile_expression(text, Scope.WORKER)
        except ExpressionError as error:
            raise Refusal(f"TargetWorkers is invalid: {error}") from None


def _check_activities(ws: WorkspaceEngine, *sids: str | None) -> None:
    for sid in sids:
        if sid is not None and sid not in ws.tables.activities:
            raise Refusal(f"{sid} is no Activity of workspace {ws.stream}")


def _named(ws: WorkspaceEngine, name: str) -> str | None:
    return next((activity.sid for activity in ws.tables.activities if activity.friendly_name == name), None)
