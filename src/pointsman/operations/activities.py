"""Activities: what workers can be doing."""

from __future__ import annotations

from pointsman.domain.nouns import Activity
from pointsman.engine.workspace import activities as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.filters import all_of, equals
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading


def view(ws: WorkspaceEngine, activity: Activity) -> View:
    """The neutral view of an activity."""
    return heading(ws) | {
        "sid": activity.sid,
        "friendly_name": activity.friendly_name,
        "available": activity.available,
        "date_created": activity.date_created,
        "date_updated": activity.date_updated,
    }


async def create(scope: WorkspaceScope, *, friendly_name: str, available: bool = False) -> View:
    return await scope.tell(lambda ws: view(ws, commands.create(ws, friendly_name=friendly_name, available=available)))


async def fetch(scope: WorkspaceScope, sid: str) -> View:
    return await scope.ask(lambda ws: view(ws, ws.activity(sid)))


async def update(scope: WorkspaceScope, sid: str, *, friendly_name: str | None = None) -> View:
    return await scope.tell(lambda ws: view(ws, commands.update(ws, sid, friendly_name=friendly_name)))


async def delete(scope: WorkspaceScope, sid: str) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid))


async def listing(
    scope: WorkspaceScope, request: PageRequest, *, friendly_name: str | None = None, available: bool | None = None
) -> Page:
    keep = all_of([equals("friendly_name", friendly_name), equals("available", available)])
    return await page_of(scope, Listing(lambda ws: ws.tables.activities, view, lambda ws: keep), request)
