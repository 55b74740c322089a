"""/v1/Workspaces"""

from __future__ import annotations

from pointsman.operations import workspaces as operations
from pointsman.operations.workspaces import NewWorkspace, WorkspaceUpdate
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, query_of


class Workspaces(Resource):
    key = "workspaces"
    filters = ("FriendlyName",)
    present = staticmethod(views.workspace)

    async def on_get_list(self, req: Request, resp: Response) -> None:
        query = query_of(req)
        request = page_request(query)
        name = query.text("FriendlyName") or None
        page = await operations.listing(self.node, self.caller(req), request, friendly_name=name)
        self.show_page(req, resp, query, request, page, "")

    async def on_post_list(self, req: Request, resp: Response) -> None:
        form = await form_of(req)
        new = NewWorkspace(
            friendly_name=form.required("FriendlyName"),
            event_callback_url=form.text("EventCallbackUrl"),
            events_filter=form.text("EventsFilter"),
            multi_task_enabled=form.boolean("MultiTaskEnabled"),
            template=form.text("Template"),
            prioritize_queue_order=form.text("PrioritizeQueueOrder"),
        )
        self.show(req, resp, await operations.create(self.node, self.caller(req), new), 201)

    async def on_get(self, req: Request, resp: Response, workspace: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace)))

    async def on_post(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        change = WorkspaceUpdate(
            friendly_name=form.text("FriendlyName"),
            event_callback_url=form.text("EventCallbackUrl"),
            events_filter=form.text("EventsFilter"),
            multi_task_enabled=form.boolean("MultiTaskEnabled"),
            default_activity_sid=form.sid("DefaultActivitySid", "WA"),
            timeout_activity_sid=form.sid("TimeoutActivitySid", "WA"),
            prioritize_queue_order=form.text("PrioritizeQueueOrder"),
        )
        self.show(req, resp, await operations.update(self.scope(req, workspace), change))

    async def on_delete(self, req: Request, resp: Response, workspace: str) -> None:
        await operations.delete(self.scope(req, workspace))
        done(resp)
