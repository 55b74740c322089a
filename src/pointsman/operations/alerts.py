"""Alerts: what went wrong in a workspace, newest first."""

from __future__ import annotations

from pointsman.domain.nouns import Alert
from pointsman.domain.refusal import not_found
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.paging import Key, Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading


class _NewestFirst:
    """The order of the list; its keys have one value."""

    width = 1

    def __call__(self, alert: Alert) -> Key:
        return (-alert.number,)


def view(ws: WorkspaceEngine, alert: Alert) -> View:
    """The neutral view of an alert."""
    return heading(ws) | {
        "sid": alert.sid,
        "code": alert.code,
        "level": alert.level,
        "text": alert.text,
        "count": alert.count,
        "date_created": alert.date_created,
        "date_updated": alert.date_updated,
        "task_sid": alert.task_sid or None,
        "worker_sid": alert.worker_sid or None,
        "reservation_sid": alert.reservation_sid or None,
        "task_queue_sid": alert.task_queue_sid or None,
        "workflow_sid": alert.workflow_sid or None,
        "request_url": alert.url or None,
    }


async def fetch(scope: WorkspaceScope, sid: str) -> View:
    def query(ws: WorkspaceEngine) -> View:
        alert = ws.tables.alerts.get(sid)
        if alert is None:
            raise not_found(f"/Workspaces/{ws.stream}/Alerts/{sid[:100]}")
        return view(ws, alert)

    return await scope.ask(query)


async def listing(scope: WorkspaceScope, request: PageRequest) -> Page:
    """One page of what is kept."""
    return await page_of(scope, Listing(lambda ws: ws.tables.alerts, view, order=_NewestFirst()), request)
