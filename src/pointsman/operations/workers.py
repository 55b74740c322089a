"""Workers: who takes reservations."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.nouns import Worker
from pointsman.engine.workspace import workers as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.expressions import Scope
from pointsman.operations.filters import Test, all_of, equals, expression_of, ordering
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading

Viewer = Callable[[WorkspaceEngine, Worker], View]
"""How a worker is shown; a door that shows it in its own way hands in another."""

ORDERS: dict[str, Callable[[Worker], int]] = {"DateStatusChanged": lambda worker: worker.date_status_changed}


class WorkerUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What an update may change; None leaves as it is."""

    if_match: int | None = None
    friendly_name: str | None = None
    attributes: str | None = None
    activity_sid: str | None = None
    reject_pending_reservations: bool = False


class WorkerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """What a list may be narrowed to; None keeps all."""

    activity_name: str | None = None
    activity_sid: str | None = None
    available: bool | None = None
    friendly_name: str | None = None
    target_workers_expression: str | None = None
    task_queue_name: str | None = None
    task_queue_sid: str | None = None
    ordering: str | None = None


def view(ws: WorkspaceEngine, worker: Worker) -> View:
    """The neutral view of a worker."""
    activity = ws.tables.activities[worker.activity_sid]
    return heading(ws) | {
        "sid": worker.sid,
        "version": worker.version,
        "friendly_name": worker.friendly_name,
        "attributes": worker.attributes,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "available": activity.available,
        "date_created": worker.date_created,
        "date_updated": worker.date_updated,
        "date_status_changed": worker.date_status_changed,
    }


async def create(
    scope: WorkspaceScope, *, friendly_name: str, activity_sid: str | None = None, attributes: str | None = None
) -> View:
    def command(ws: WorkspaceEngine) -> View:
        worker = commands.create(ws, friendly_name=friendly_name, activity_sid=activity_sid, attributes=attributes)
        return view(ws, worker)

    return await scope.tell(command)


async def fetch(scope: WorkspaceScope, sid: str, view: Viewer = view) -> View:
    return await scope.ask(lambda ws: view(ws, ws.worker(sid)))


async def update(scope: WorkspaceScope, sid: str, change: WorkerUpdate, view: Viewer = view) -> View:
    fields = msgspec.structs.asdict(change)
    return await scope.tell(lambda ws: view(ws, commands.update(ws, sid, **fields)))


async def delete(scope: WorkspaceScope, sid: str, *, if_match: int | None = None) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid, if_match=if_match))


async def listing(scope: WorkspaceScope, request: PageRequest, filter: WorkerFilter, view: Viewer = view) -> Page:
    order = ordering(filter.ordering, ORDERS)
    return await page_of(scope, Listing(lambda ws: ws.tables.workers, view, keep_by(filter), order), request)


def keep_by(filter: WorkerFilter) -> Callable[[WorkspaceEngine], Test]:
    """The test of a filter, to be made anew for each slice."""
    matches = None
    if filter.target_workers_expression is not None:
        expression = expression_of("TargetWorkersExpression", filter.target_workers_expression, Scope.WORKER)
        matches = expression.matches

    def keep(ws: WorkspaceEngine) -> Test:
        clock = ws.clock_document() if matches else {}
        return all_of(
            [
                equals("activity_sid", filter.activity_sid),
                equals("friendly_name", filter.friendly_name),
                _in_activity(ws, filter.activity_name, filter.available),
                _in_queue(ws, filter.task_queue_sid, filter.task_queue_name),
                (lambda worker: matches({}, ws.seat(worker.sid).document, clock, {})) if matches else None,
            ]
        )

    return keep


def _in_activity(ws: WorkspaceEngine, name: str | None, available: bool | None) -> Test | None:
    if name is None and available is None:
        return None
    test = all_of([equals("friendly_name", name), equals("available", available)])
    sids = {activity.sid for activity in ws.tables.activities if test(activity)}
    return lambda worker: worker.activity_sid in sids


def _in_queue(ws: WorkspaceEngine, sid: str | None, name: str | None) -> Test | None:
    """Eligible for a queue: one that TargetWorkers matches, in whatever activity."""
    if sid is None and name is None:
        return None
    test = all_of([equals("sid", sid), equals("friendly_name", name)])
    queues = [queue.sid for queue in ws.tables.task_queues if test(queue)]
    return lambda worker: any(queue in ws.seat(worker.sid).queues for queue in queues)
