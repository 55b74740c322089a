"""/pointsman/v1/Workspaces/{workspace}/Statistics/Stream: live statistics as server-sent events"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import msgspec
from falcon.asgi import SSEvent

from pointsman.operations.scope import View
from pointsman.rest.resource import Request, Resource, Response
from pointsman.rest.views import iso

DATES = ("longest_task_waiting_since", "longest_relative_task_entered", "date_status_changed")


class LiveStatistics(Resource):
    async def on_get(self, req: Request, resp: Response, workspace: str) -> None:
        news = await self.house.live_statistics.subscribe(self.scope(req, workspace))
        req.scope["endless"] = True
        resp.set_header("Cache-Control", "no-store")
        resp.sse = _events(news)


async def _events(news: AsyncIterator[View]) -> AsyncIterator[SSEvent | None]:
    """First `snapshot`, then `change`; the id is the version. None is a comment that keeps the connection alive."""
    name = "snapshot"
    async for view in news:
        if view:
            # a snapshot of many workers is long: meanwhile others are served
            text = await asyncio.to_thread(_rendered, view)
            yield SSEvent(event=name, event_id=str(view["version"]), data=text)
            name = "change"
        else:
            yield None


def _rendered(view: View) -> bytes:
    return msgspec.json.encode(_present(view))


def _present(view: View) -> View:
    """Dates as texts, wherever they stand."""
    return {
        key: iso(value) if key in DATES else _present(value) if isinstance(value, dict) else value
        for key, value in view.items()
    }
