"""Leading a task through its workflow: from one routing step to the next (routing.md 3.3, rulings 2, 3 and 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import TaskCanceled, TaskStepped
from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import DEFAULT_FILTER, DIRECT, Task, Transfer
from pointsman.engine.workspace.matching.roster import EVERYONE
from pointsman.engine.workspace.workflow_document import Target, WorkflowDocument
from pointsman.expressions import keyed_by

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

TIMED_OUT = "Task canceled on Workflow timeout"
SKIPPED = "Task canceled on Workflow skip"
_BY_SID = keyed_by("worker.sid", "task.routing_target")


def document_of(ws: WorkspaceEngine, task: Task) -> WorkflowDocument:
    """The configuration that the task follows: the version it entered with."""
    return ws.workflow_document(task.workflow_sid, task.workflow_version)


def target_of(ws: WorkspaceEngine, task: Task) -> Target:
    """The target of the routing step in which the task stands, or of the transfer that is under way."""
    if task.open_transfer:
        return transfer_target(ws, task, ws.tables.transfers[task.open_transfer])
    if task.filter == DIRECT:
        return direct_target(task)
    document = document_of(ws, task)
    if task.filter == DEFAULT_FILTER:
        assert document.default is not None
        return document.default
    assert task.filter is not None
    return document.filters[task.filter].targets[task.target]


def direct_target(task: Task) -> Target:
    """RoutingTarget names a worker or a queue: no workflow step decides."""
    if (task.routing_target or "").startswith("WK"):
        return Target(EVERYONE, keyed=_BY_SID)
    assert task.task_queue_sid is not None
    return Target(task.task_queue_sid)


def transfer_target(ws: WorkspaceEngine, task: Task, transfer: Transfer) -> Target:
    """A transfer to a queue: nobody who holds the task is a candidate. A cold one may come back to the transferor."""
    held = (ws.tables.reservations[sid] for sid in task.open_reservations)
    never = {reservation.worker_sid for reservation in held if reservation.status == "accepted"}
    if transfer.mode == "WARM":
        never.add(transfer.initiating_worker_sid)
    return Target(transfer.to, never=frozenset(never))


def enter(ws: WorkspaceEngine, task: Task) -> None:
    """A new task's first routing step."""
    if (task.routing_target or "")[:2] in ("WK", "WQ"):
        assert task.task_queue_sid is not None
        ws.record(
            TaskStepped(task.sid, "created", DIRECT, 0, task.task_queue_sid, task.priority, 0, task.workflow_version)
        )
        return
    _begin(ws, task, "created", task.workflow_version, 0)


def is_outdated(ws: WorkspaceEngine, task: Task) -> bool:
    """True if attributes or workflow changed while the task was reserved (ruling 4)."""
    return task.evaluate_anew or task.workflow_version < ws.tables.workflows[task.workflow_sid].reevaluated


def evaluate_anew(ws: WorkspaceEngine, task: Task) -> bool:
    """Attributes or workflow changed; True if the task moved.

    The same filter of the same version keeps the step (ruling 3): then the caller binds it anew by letting it rejoin.
    """
    if task.filter == DIRECT or task.filter is None:
        return False
    workflow = ws.tables.workflows[task.workflow_sid]
    outdated = task.workflow_version < workflow.reevaluated
    version = workflow.current if outdated else task.workflow_version
    document = ws.workflow_document(task.workflow_sid, version)
    match = document.first_match(ws.task_document(task), ws.clock_document())
    landing = DEFAULT_FILTER if match is None and document.default is not None else match
    if landing == task.filter and not outdated:
        return False
    _begin(ws, task, "re-evaluated", version, ws.now - task.date_created)
    return True


def _begin(ws: WorkspaceEngine, task: Task, cause: str, version: int, base: int) -> None:
    document = ws.workflow_document(task.workflow_sid, version)
    match = document.first_match(ws.task_document(task), ws.clock_document())
    if match is not None:
        _step(ws, task, cause, version, match, 0, base)
    elif document.default is not None:
        _step_to_default(ws, task, cause, version, document.default)
    else:
        ws.record(TaskCanceled(task.sid, TIMED_OUT, "workflow-timeout"))


def advance(ws: WorkspaceEngine, task: Task, cause: str) -> None:
    """On to the next target, else the next filter that matches, else out. `cause`: timeout, skip or fall-forward."""
    document = document_of(ws, task)
    left_by_timeout = task.left_by_timeout
    if task.filter is not None and task.filter >= 0:
        if task.target + 1 < len(document.filters[task.filter].targets):
            _step(ws, task, cause, task.workflow_version, task.filter, task.target + 1, task.base, left_by_timeout)
            return
        left_by_timeout = left_by_timeout or cause == "timeout"
        match = document.first_match(ws.task_document(task), ws.clock_document(), task.filter + 1)
        if match is not None:
            base = ws.now - task.date_created
            _step(ws, task, cause, task.workflow_version, match, 0, base, left_by_timeout)
            return
    if cause == "skip" and not left_by_timeout and document.default is not None:
        _step_to_default(ws, task, cause, task.workflow_version, document.default)
    elif cause == "skip" and not left_by_timeout:
        ws.record(TaskCanceled(task.sid, SKIPPED, "workflow-skipped"))
    else:
        ws.record(TaskCanceled(task.sid, TIMED_OUT, "workflow-timeout"))


def has_next_target(ws: WorkspaceEngine, task: Task) -> bool:
    """True if the filter has another target behind the current one."""
    if task.filter is None or task.filter < 0:
        return False
    return task.target + 1 < len(document_of(ws, task).filters[task.filter].targets)


def _step(
    ws: WorkspaceEngine,
    task: Task,
    cause: str,
    version: int,
    filter_index: int,
    target_index: int,
    base: int,
    left_by_timeout: bool = False,
) -> None:
    filter = ws.workflow_document(task.workflow_sid, version).filters[filter_index]
    target, age = filter.targets[target_index], filter.deadline_age(target_index)
    ws.record(
        TaskStepped(
            sid=task.sid,
            cause=cause,
            filter=filter_index,
            target=target_index,
            task_queue_sid=target.queue,
            priority=task.priority if target.priority is None else target.priority,
            base=base,
            workflow_version=version,
            deadline=None if age is None else task.date_created + base + age * SECOND,
            left_by_timeout=left_by_timeout,
        )
    )


def _step_to_default(ws: WorkspaceEngine, task: Task, cause: str, version: int, target: Target) -> None:
    priority = task.priority if target.priority is None else target.priority
    base = ws.now - task.date_created
    ws.record(TaskStepped(task.sid, cause, DEFAULT_FILTER, 0, target.queue, priority, base, version))
