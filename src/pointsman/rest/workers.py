"""/v1/Workspaces/{workspace}/Workers"""

from __future__ import annotations

from pointsman.operations import workers as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, if_match, query_of
from pointsman.web.readers import worker_filter, worker_update


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
        page = await operations.listing(self.scope(req, workspace), request, worker_filter(query))
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
        change = worker_update(form, if_match(req, sid))
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, change))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid, if_match=if_match(req, sid))
        done(resp)
