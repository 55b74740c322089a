"""/pointsman/v1/Clock: the time of a server that runs on a virtual clock."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pointsman.domain.refusal import Refusal
from pointsman.operations import clock as operations
from pointsman.rest.resource import Request, Resource, Response, answer
from pointsman.web.parameters import EPOCH, form_of


def _shown(now: int) -> dict[str, Any]:
    moment = EPOCH + timedelta(microseconds=now)
    return {"now": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "now_ms": now // 1000}


class Clock(Resource):
    async def on_get(self, req: Request, resp: Response) -> None:
        answer(resp, _shown(operations.read(self.node)))

    async def on_post(self, req: Request, resp: Response) -> None:
        operations.read(self.node)  # 404 comes before any other complaint
        seconds = (await form_of(req)).number("Advance")
        if seconds is None:
            raise Refusal("Missing required parameter Advance in the post body")
        answer(resp, _shown(await operations.advance(self.node, seconds)))
