"""/pointsman/v1/Workspaces/{workspace}/Alerts"""

from __future__ import annotations

from pointsman.operations import alerts as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response
from pointsman.web.parameters import query_of


class Alerts(Resource):
    root = "/pointsman/v1/Workspaces"
    key = "alerts"
    present = staticmethod(views.alert)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request)
        self.show_page(req, resp, query, request, page, f"/{workspace}/Alerts")

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))
