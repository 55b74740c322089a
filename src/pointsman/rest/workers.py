"""/v1/Workspaces/{workspace}/Workers"""

from __future__ import annotations

from pointsman.operations import workers as operations
from pointsman.operations.workers import WorkerFilter, WorkerUpdate
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, if_match, query_of


class Workers(Resource):
    key = "workers"
    filters = (
        "ActivityName",
        "ActivitySid",
        "Available",
        "FriendlyName",
        "TargetWorkersExpression",
        "TaskQueueName",
        "TaskQueueSid",
        "Ordering",
    )
    present = staticmethod(views.worker)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        filter = WorkerFilter(
            activity_name=query.text("ActivityName") or None,
            activity_sid=query.sid("ActivitySid", "WA"),
            available=query.truth("Available"),
            friendly_name=query.text("FriendlyName") or None,
            target_workers_expression=query.text("TargetWorkersExpression") or None,
            task_queue_name=query.text("TaskQueueName") or None,
            task_queue_sid=query.sid("TaskQueueSid", "WQ"),
            ordering=query.text("Ordering") or None,
        )
        page = await operations.listing(self.scope(req, workspace), request, filter)
        self.show_page(req, resp, query, request, page, f"/{workspace}/Workers")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        view = await operations.create(
            self.scope(req, workspace),
            friendly_name=form.required("FriendlyName"),
            activity_sid=form.sid("ActivitySid", "WA"),
            attributes=form.text("Attributes"),
        )
        self.show(req, resp, view, 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        change = WorkerUpdate(
            if_match=if_match(req, sid),
            friendly_name=form.text("FriendlyName"),
            attributes=form.text("Attributes"),
            activity_sid=form.sid("ActivitySid", "WA"),
            reject_pending_reservations=form.boolean("RejectPendingReservations") or False,
        )
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, change))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid, if_match=if_match(req, sid))
        done(resp)
