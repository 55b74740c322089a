"""/v1/Workspaces/{workspace}/Activities"""

from __future__ import annotations

from pointsman.operations import activities as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, query_of


class Activities(Resource):
    key = "activities"
    filters = ("FriendlyName", "Available")
    present = staticmethod(views.activity)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(
            self.scope(req, workspace),
            request,
            friendly_name=query.text("FriendlyName") or None,
            available=query.truth("Available"),
        )
        self.show_page(req, resp, query, request, page, f"/{workspace}/Activities")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        view = await operations.create(
            self.scope(req, workspace),
            friendly_name=form.required("FriendlyName"),
            available=form.truth("Available") or False,
        )
        self.show(req, resp, view, 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        name = form.text("FriendlyName")
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, friendly_name=name))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid)
        done(resp)
