"""TaskQueues: who may take the tasks that wait in them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.limits import EXPRESSION_CHARACTERS, check_text
from pointsman.domain.nouns import TaskQueue
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import task_queues as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.expressions import ExpressionError, Scope, compile_expression
from pointsman.operations.filters import Test, all_of, equals, ordering
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading, name_of

ORDERS: dict[str, Callable[[TaskQueue], int]] = {"DateUpdated": lambda queue: queue.date_updated}


class TaskQueueFields(msgspec.Struct, frozen=True, kw_only=True):
    """What a queue is made of; None is the default, or leaves as it is."""

    friendly_name: str | None = None
    target_workers: str | None = None
    max_reserved_workers: int | None = None
    task_order: str | None = None
    reservation_activity_sid: str | None = None
    assignment_activity_sid: str | None = None


class TaskQueueFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list may be narrowed to; None keeps all."""

    friendly_name: str | None = None
    evaluate_worker_attributes: str | None = None
    worker_sid: str | None = None
    ordering: str | None = None


def view(ws: WorkspaceEngine, queue: TaskQueue) -> View:
    """The neutral view of a queue."""
    activities = ws.tables.activities
    return heading(ws) | {
        "sid": queue.sid,
        "friendly_name": queue.friendly_name,
        "target_workers": queue.target_workers,
        "max_reserved_workers": queue.max_reserved_workers,
        "task_order": queue.task_order,
        "reservation_activity_sid": queue.reservation_activity_sid,
        "reservation_activity_name": name_of(activities, queue.reservation_activity_sid),
        "assignment_activity_sid": queue.assignment_activity_sid,
        "assignment_activity_name": name_of(activities, queue.assignment_activity_sid),
        "date_created": queue.date_created,
        "date_updated": queue.date_updated,
    }


async def create(scope: WorkspaceScope, fields: TaskQueueFields) -> View:
    given = msgspec.structs.asdict(fields)
    return await scope.tell(lambda ws: view(ws, commands.create(ws, **given)))


async def fetch(scope: WorkspaceScope, sid: str) -> View:
    return await scope.ask(lambda ws: view(ws, ws.task_queue(sid)))


async def update(scope: WorkspaceScope, sid: str, fields: TaskQueueFields) -> View:
    given = msgspec.structs.asdict(fields)
    return await scope.tell(lambda ws: view(ws, commands.update(ws, sid, **given)))


async def delete(scope: WorkspaceScope, sid: str) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid))


async def listing(scope: WorkspaceScope, request: PageRequest, filter: TaskQueueFilter) -> Page:
    order = ordering(filter.ordering, ORDERS)
    matching = _matching(filter.evaluate_worker_attributes)

    def keep(ws: WorkspaceEngine) -> Test:
        return all_of([equals("friendly_name", filter.friendly_name), _serving(ws, filter.worker_sid), matching])

    return await page_of(scope, Listing(lambda ws: ws.tables.task_queues, view, keep, order), request)


def _serving(ws: WorkspaceEngine, worker_sid: str | None) -> Test | None:
    if worker_sid is None:
        return None
    queues = ws.seat(worker_sid).queues if worker_sid in ws.tables.workers else {}
    return lambda queue: queue.sid in queues


def _matching(text: str | None) -> Test | None:
    """Queues that would take a worker with these attributes, given as a JSON object."""
    if text is None:
        return None
    check_text("EvaluateWorkerAttributes", text, EXPRESSION_CHARACTERS)
    try:
        attributes = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"EvaluateWorkerAttributes is not valid JSON: {error}") from None
    if not isinstance(attributes, dict):
        raise Refusal("EvaluateWorkerAttributes must be a JSON object")
    return lambda queue: _takes(queue, attributes)


def _takes(queue: TaskQueue, attributes: dict[str, object]) -> bool:
    try:
        return compile_expression(queue.target_workers, Scope.WORKER).matches({}, attributes, {}, {})
    except ExpressionError:  # an empty TargetWorkers matches nobody
        return False
