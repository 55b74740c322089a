"""An application's server that takes callbacks, and behaves as a test wants it to."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable
from typing import Any, Self

from aiohttp import web

Behaviour = Callable[["Sink", "Received"], Awaitable[web.StreamResponse]]


class Received:
    """One request: its form, and all that a signature is made of."""

    def __init__(self, request: web.Request, form: dict[str, str]) -> None:
        self.request = request
        self.method = request.method
        self.path = request.raw_path
        self.headers = request.headers
        self.form = form
        self.url = f"{request.scheme}://{request.host}{request.raw_path}"

    def drop(self) -> web.StreamResponse:
        """Cut the connection instead of an answer."""
        assert self.request.transport is not None
        self.request.transport.abort()
        return web.Response()


async def accept(sink: Sink, received: Received) -> web.StreamResponse:
    return web.Response(status=204)


class Sink:
    """Listens on a port of its own, which it keeps when it is closed and opened again."""

    def __init__(self, behaviour: Behaviour = accept, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour = behaviour
        self.received: list[Received] = []
        self.connections: set[Any] = set()
        self._tls = tls
        self._runner: web.AppRunner | None = None
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        scheme = "https" if tls else "http"
        self.url = f"{scheme}://127.0.0.1:{self.port}"

    async def open(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._take)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls, reuse_address=True).start()
        return self

    async def close(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    __aenter__ = open

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _take(self, request: web.Request) -> web.StreamResponse:
        form = {name: str(value) for name, value in (await request.post()).items()}
        received = Received(request, form)
        self.received.append(received)
        self.connections.add(request.transport)
        return await self.behaviour(self, received)


async def until(condition: Callable[[], object], seconds: float = 30.0) -> None:
    """Wait for something that must come about; how long it takes is no matter."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.005)
