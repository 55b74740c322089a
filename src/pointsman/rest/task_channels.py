"""/v1/Workspaces/{workspace}/TaskChannels; the last part of a path may be a unique name."""

from __future__ import annotations

from pointsman.operations import task_channels as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, query_of


class TaskChannels(Resource):
    key = "channels"
    present = staticmethod(views.task_channel)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request)
        self.show_page(req, resp, query, request, page, f"/{workspace}/TaskChannels")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        view = await operations.create(
            self.scope(req, workspace),
            friendly_name=form.required("FriendlyName"),
            unique_name=form.required("UniqueName"),
            channel_optimized_routing=form.boolean("ChannelOptimizedRouting"),
        )
        self.show(req, resp, view, 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        view = await operations.update(
            self.scope(req, workspace),
            sid,
            friendly_name=form.text("FriendlyName"),
            channel_optimized_routing=form.boolean("ChannelOptimizedRouting"),
        )
        self.show(req, resp, view)

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid)
        done(resp)
