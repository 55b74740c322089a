"""/v1/Workspaces/{workspace}/Workers/{worker}/Channels; the last part of a path may be a unique name."""

from __future__ import annotations

from pointsman.operations import worker_channels as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response
from pointsman.web.parameters import form_of, query_of


class WorkerChannels(Resource):
    key = "channels"
    present = staticmethod(views.worker_channel)

    async def on_get_list(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request, sid)
        self.show_page(req, resp, query, request, page, f"/{workspace}/Workers/{sid}/Channels")

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str, child: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid, child))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str, child: str) -> None:
        form = await form_of(req)
        view = await operations.update(
            self.scope(req, workspace),
            sid,
            child,
            capacity=form.whole("Capacity"),
            available=form.boolean("Available"),
        )
        self.show(req, resp, view)
