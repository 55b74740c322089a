"""Commands on workflows (rest-api.md 12)."""

from __future__ import annotations

from pointsman.domain.facts import WorkflowCreated, WorkflowDeleted, WorkflowUpdated
from pointsman.domain.limits import (
    QUEUE_NAME_CHARACTERS,
    RESERVATION_TIMEOUT_MOST_SECONDS,
    RESERVATION_TIMEOUT_SECONDS,
    check_name,
    check_number,
    check_url,
)
from pointsman.domain.nouns import Workflow
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.engine.workspace.workflow_document import parse_document


def create(
    ws: WorkspaceEngine,
    *,
    friendly_name: str,
    configuration: str,
    assignment_callback_url: str | None = None,
    fallback_assignment_callback_url: str | None = None,
    task_reservation_timeout: int | None = None,
) -> Workflow:
    ws.workspace()
    _check(friendly_name, assignment_callback_url, fallback_assignment_callback_url, task_reservation_timeout)
    _check_configuration(ws, configuration)
    timeout = RESERVATION_TIMEOUT_SECONDS if task_reservation_timeout is None else task_reservation_timeout
    fact = WorkflowCreated(
        ws.ids("WW"),
        friendly_name,
        configuration,
        assignment_callback_url or "",
        fallback_assignment_callback_url or "",
        timeout,
    )
    ws.record(fact)
    return ws.workflow(fact.sid)


def update(
    ws: WorkspaceEngine,
    sid: str,
    *,
    friendly_name: str | None = None,
    configuration: str | None = None,
    assignment_callback_url: str | None = None,
    fallback_assignment_callback_url: str | None = None,
    task_reservation_timeout: int | None = None,
    re_evaluate_tasks: bool = False,
) -> Workflow:
    """A new configuration is a new version: tasks inside keep theirs unless ReEvaluateTasks (routing.md 3.5)."""
    workflow = ws.workflow(sid)
    _check(friendly_name, assignment_callback_url, fallback_assignment_callback_url, task_reservation_timeout)
    if configuration is not None:
        _check_configuration(ws, configuration)
    ws.record(
        WorkflowUpdated(
            sid,
            friendly_name,
            configuration,
            assignment_callback_url,
            fallback_assignment_callback_url,
            task_reservation_timeout,
            re_evaluate_tasks,
        )
    )
    return workflow


def delete(ws: WorkspaceEngine, sid: str) -> None:
    """Refused while a task that it controls is pending or reserved (ruling 19)."""
    ws.workflow(sid)
    for task in ws.tables.tasks:
        if task.workflow_sid == sid and task.status in ("pending", "reserved"):
            raise Refusal(f"Workflow {sid} cannot be deleted because Task {task.sid} is {task.status} in it")
    ws.record(WorkflowDeleted(sid))


def _check(name: str | None, url: str | None, fallback_url: str | None, timeout: int | None) -> None:
    if name is not None:
        check_name("FriendlyName", name, QUEUE_NAME_CHARACTERS)
    if url is not None:
        check_url("AssignmentCallbackUrl", url)
    if fallback_url is not None:
        check_url("FallbackAssignmentCallbackUrl", fallback_url)
    if timeout is not None:
        check_number("TaskReservationTimeout", timeout, 1, RESERVATION_TIMEOUT_MOST_SECONDS)


def _check_configuration(ws: WorkspaceEngine, text: str) -> None:
    for queue in parse_document(text).queues():
        if queue not in ws.tables.task_queues:
            raise Refusal(f"Configuration is invalid: {queue[:100]} is no TaskQueue of workspace {ws.stream}")
