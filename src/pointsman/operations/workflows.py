"""Workflows: which task goes to which queue."""

from __future__ import annotations

import msgspec

from pointsman.domain.nouns import Workflow
from pointsman.engine.workspace import workflows as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.filters import all_of, equals
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading


class WorkflowFields(msgspec.Struct, frozen=True, kw_only=True):
    """What a workflow is made of; None is the default, or leaves as it is."""

    friendly_name: str | None = None
    configuration: str | None = None
    assignment_callback_url: str | None = None
    fallback_assignment_callback_url: str | None = None
    task_reservation_timeout: int | None = None


def view(ws: WorkspaceEngine, workflow: Workflow) -> View:
    """The neutral view of a workflow, with its current configuration."""
    return heading(ws) | {
        "sid": workflow.sid,
        "friendly_name": workflow.friendly_name,
        "configuration": workflow.versions[workflow.current].configuration,
        "assignment_callback_url": workflow.assignment_callback_url,
        "fallback_assignment_callback_url": workflow.fallback_assignment_callback_url,
        "task_reservation_timeout": workflow.task_reservation_timeout,
        "document_content_type": "application/json",
        "date_created": workflow.date_created,
        "date_updated": workflow.date_updated,
    }


async def create(scope: WorkspaceScope, fields: WorkflowFields) -> View:
    given = msgspec.structs.asdict(fields)
    return await scope.tell(lambda ws: view(ws, commands.create(ws, **given)))


async def fetch(scope: WorkspaceScope, sid: str) -> View:
    return await scope.ask(lambda ws: view(ws, ws.workflow(sid)))


async def update(scope: WorkspaceScope, sid: str, fields: WorkflowFields, *, re_evaluate_tasks: bool = False) -> View:
    given = msgspec.structs.asdict(fields)
    return await scope.tell(lambda ws: view(ws, commands.update(ws, sid, **given, re_evaluate_tasks=re_evaluate_tasks)))


async def delete(scope: WorkspaceScope, sid: str) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid))


async def listing(scope: WorkspaceScope, request: PageRequest, *, friendly_name: str | None = None) -> Page:
    keep = all_of([equals("friendly_name", friendly_name)])
    return await page_of(scope, Listing(lambda ws: ws.tables.workflows, view, lambda ws: keep), request)
