"""The realtime door put together: sockets, remote calls, and the hub between them and the engines."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pointsman.realtime.broadcast import Broadcast
from pointsman.realtime.calls import Calls
from pointsman.realtime.hub import Hub
from pointsman.realtime.sockets import Sockets
from pointsman.realtime.tunnel import OldCalls
from pointsman.runtime.clock import VirtualClock
from pointsman.web.answers import App
from pointsman.web.house import House
from pointsman.web.tickets import answered

CLOSING_SECONDS = 2.0

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Realtime:
    """The whole ASGI application: WebSockets here, HTTP in the other doors' application."""

    def __init__(self, house: House, app: App) -> None:
        self.hub = Hub(house.node.clock, house.directory, house.settings.max_sockets_per_channel)
        self._app: Any = app
        self._sockets = Sockets(house, self.hub)
        app.add_route("/v1/wschannels", Calls(house, self.hub))
        app.add_route("/v1/wschannels/{account}/{sid}", OldCalls(house, self.hub, app))
        house.node.listeners.append(Broadcast(self.hub))
        house.metrics.sources.append(self.hub.figures)
        house.directory.listeners.append(self.hub.look_at_tokens)
        if isinstance(house.node.clock, VirtualClock):
            house.node.dues.append(self.hub.next_expiry)
            house.node.idlers.append(self.hub.expire)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self._sockets(scope, receive, send)
        try:
            await self._app(scope, receive, send)
        finally:
            answered(scope)

    async def close(self) -> None:
        """Tell every socket that the server goes, before it does."""
        await self.hub.close(CLOSING_SECONDS)
