"""/pointsman/v1/Workspaces/{workspace}: what waiting people want to know"""

from __future__ import annotations

from pointsman.operations import waiting as operations
from pointsman.rest.resource import Request, Resource, Response, answer
from pointsman.rest.statistics import present, query_statistics
from pointsman.web.parameters import query_of


class Waiting(Resource):
    async def on_get_position(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        view = await operations.position(self.scope(req, workspace), sid)
        answer(resp, view | {"url": self.base(req) + req.path})

    async def on_get_service_level(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        query = query_of(req)
        threshold, asked = query.whole("Threshold"), query_statistics(query)
        scope = self.scope(req, workspace)
        view = await operations.service_level(scope, self.house.history, sid, threshold, asked)
        answer(resp, present(view) | {"url": self.base(req) + req.path})


ROUTES: list[tuple[str, type[Resource], str]] = [
    ("Tasks/{sid}/Position", Waiting, "position"),
    ("TaskQueues/{sid}/ServiceLevel", Waiting, "service_level"),
]
