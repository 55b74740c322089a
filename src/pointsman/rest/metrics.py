"""/metrics, for Prometheus; no credentials needed, and nothing in it of what is in a workspace."""

from __future__ import annotations

from pointsman.metrics import CONTENT_TYPE
from pointsman.rest.resource import Request, Resource, Response


class Figures(Resource):
    async def on_get(self, req: Request, resp: Response) -> None:
        resp.content_type = CONTENT_TYPE
        resp.data = self.house.metrics.text()
