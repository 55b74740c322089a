"""/pointsman/v1/Workspaces/{workspace}/Deliveries: how the workspace's event callbacks fare."""

from __future__ import annotations

from typing import Any

from pointsman.domain.refusal import not_found
from pointsman.operations import deliveries as operations
from pointsman.operations.scope import View
from pointsman.rest.resource import Request, Resource, Response, answer
from pointsman.rest.views import iso


def _shown(failure: View) -> dict[str, Any]:
    return failure | {"at": iso(failure["at"]), "event_at": iso(failure["event_at"])}


class Deliveries(Resource):
    async def on_get(self, req: Request, resp: Response, workspace: str) -> None:
        book = self.house.deliveries
        if book is None:
            raise not_found(f"/Workspaces/{workspace[:100]}/Deliveries")
        view = await operations.fetch(self.scope(req, workspace), book)
        age, last = view["oldest_pending_age"], view["last_error"]
        shown = view | {
            "oldest_pending_age": None if age is None else age // 1_000_000,
            "last_error": None if last is None else _shown(last),
            "given_up": [_shown(each) for each in view["given_up"]],
            "url": f"{self.base(req)}/pointsman/v1/Workspaces/{workspace}/Deliveries",
        }
        answer(resp, shown)
