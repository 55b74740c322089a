"""Tasks: work to be routed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Task
from pointsman.engine.workspace import tasks as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.expressions import Scope
from pointsman.operations.filters import Test, all_of, equals, expression_of, ordering
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading, name_of

Viewer = Callable[[WorkspaceEngine, Task, int], View]
"""How a task is shown at a time (microseconds); a door that shows it in its own way hands in another."""

ORDERS: dict[str, Callable[[Task], int]] = {
    "DateCreated": lambda task: task.date_created,
    "Priority": lambda task: task.priority,
    "VirtualStartTime": lambda task: task.virtual_start_time,
}
EITHER = frozenset({"DateCreated", "VirtualStartTime"})
"""Twilio refuses these two in one Ordering (rest-api.md 13)."""


class NewTask(msgspec.Struct, frozen=True, kw_only=True):
    """What a task is created from; None is the default. `virtual_start_time` in microseconds."""

    attributes: str | None = None
    workflow_sid: str | None = None
    timeout: int | None = None
    priority: int | None = None
    task_channel: str | None = None
    virtual_start_time: int | None = None
    routing_target: str | None = None
    ignore_capacity: bool | None = None
    task_queue_sid: str | None = None


class TaskUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What an update may change; None leaves as it is."""

    if_match: int | None = None
    attributes: str | None = None
    assignment_status: str | None = None
    reason: str | None = None
    priority: int | None = None
    task_channel: str | None = None
    virtual_start_time: int | None = None


class TaskFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list may be narrowed to; None keeps all."""

    priority: int | None = None
    assignment_status: frozenset[str] | None = None
    workflow_sid: str | None = None
    workflow_name: str | None = None
    task_queue_sid: str | None = None
    task_queue_name: str | None = None
    evaluate_task_attributes: str | None = None
    routing_target: str | None = None
    ordering: str | None = None
    has_addons: bool | None = None


def view(ws: WorkspaceEngine, task: Task, now: int) -> View:
    """The neutral view of a task; its age is as of `now` (microseconds)."""
    tables = ws.tables
    channel = tables.task_channels.get(task.task_channel_sid)
    return heading(ws) | {
        "sid": task.sid,
        "version": task.version,
        "age": max(0, max(now, ws.now) - task.date_created) // SECOND,
        "assignment_status": task.status,
        "attributes": task.attributes,
        "addons": "{}",
        "priority": task.priority,
        "reason": task.reason,
        "timeout": task.timeout,
        "task_queue_sid": task.task_queue_sid,
        "task_queue_friendly_name": name_of(tables.task_queues, task.task_queue_sid),
        "task_queue_entered_date": task.task_queue_entered_date,
        "task_channel_sid": task.task_channel_sid,
        "task_channel_unique_name": channel.unique_name if channel else None,
        "workflow_sid": task.workflow_sid or None,
        "workflow_friendly_name": name_of(tables.workflows, task.workflow_sid),
        "virtual_start_time": task.virtual_start_time,
        "routing_target": task.routing_target,
        "ignore_capacity": task.ignore_capacity,
        "date_created": task.date_created,
        "date_updated": task.date_updated,
    }


async def create(scope: WorkspaceScope, task: NewTask, view: Viewer = view) -> View:
    given, now = msgspec.structs.asdict(task), scope.now()
    return await scope.tell(lambda ws: view(ws, commands.create(ws, **given), now))


async def fetch(scope: WorkspaceScope, sid: str, view: Viewer = view) -> View:
    now = scope.now()
    return await scope.ask(lambda ws: view(ws, ws.task(sid), now))


async def update(scope: WorkspaceScope, sid: str, change: TaskUpdate, view: Viewer = view) -> View:
    given, now = msgspec.structs.asdict(change), scope.now()
    return await scope.tell(lambda ws: view(ws, commands.update(ws, sid, **given), now))


async def delete(scope: WorkspaceScope, sid: str, *, if_match: int | None = None) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid, if_match=if_match))


async def listing(scope: WorkspaceScope, request: PageRequest, filter: TaskFilter, view: Viewer = view) -> Page:
    order = ordering(filter.ordering, ORDERS, EITHER)
    now = scope.now()

    def task_view(ws: WorkspaceEngine, task: Task) -> View:
        return view(ws, task, now)

    return await page_of(scope, Listing(lambda ws: ws.tables.tasks, task_view, keep_by(filter), order), request)


def keep_by(filter: TaskFilter) -> Callable[[WorkspaceEngine], Test]:
    """The test of a filter, to be made anew for each slice."""
    statuses = filter.assignment_status
    matches = None
    if filter.evaluate_task_attributes is not None:
        matches = expression_of("EvaluateTaskAttributes", filter.evaluate_task_attributes, Scope.TASK).matches

    def keep(ws: WorkspaceEngine) -> Test:
        clock = ws.clock_document() if matches else {}
        return all_of(
            [
                (lambda task: task.status in statuses) if statuses is not None else None,
                equals("priority", filter.priority),
                equals("routing_target", filter.routing_target),
                equals("workflow_sid", filter.workflow_sid),
                equals("task_queue_sid", filter.task_queue_sid),
                _named(ws.tables.workflows, "workflow_sid", filter.workflow_name),
                _named(ws.tables.task_queues, "task_queue_sid", filter.task_queue_name),
                (lambda task: False) if filter.has_addons else None,  # no task has add-ons here
                (lambda task: matches(ws.task_document(task), {}, clock, {})) if matches else None,
            ]
        )

    return keep


def _named(roll: Iterable[Any], attribute: str, name: str | None) -> Test | None:
    if name is None:
        return None
    sids = {record.sid for record in roll if record.friendly_name == name}
    return lambda task: getattr(task, attribute) in sids
