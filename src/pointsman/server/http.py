"""The HTTP server around the application: uvicorn on uvloop, with the limits that it lacks."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from pointsman.domain.refusal import INVALID
from pointsman.server.asgi import Application, guarded
from pointsman.server.websocket import MESSAGE_BYTES, CuttableWebSocket
from pointsman.settings import Settings
from pointsman.web.addresses import authority
from pointsman.web.errors import error_body

KEEP_ALIVE_SECONDS = 75
GRACEFUL_SECONDS = 10
READ_SECONDS = 60
"""A request must have arrived as a whole this long after its beginning, or after the connection's."""
LOOK_SECONDS = 10
HEADER_BYTES = 65_536
BACKLOG = 2048

Goodbye = Callable[[], Awaitable[None]]


class PatientNotForever(HttpToolsProtocol):
    """Closes connections that never finish a request, and refuses endless headers.

    One look every few seconds per connection, instead of a timer per request.
    """

    reading_since: float | None = None
    header_bytes = 0
    in_head = False
    head_bytes = 0
    """What has come of a head that is not yet whole, after the piece that it began in: the parser has no limit."""
    look: asyncio.TimerHandle | None = None
    deaf_looks = 0
    """How often in a row the peer of an endless answer had not read what it was sent."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.reading_since = self.loop.time()
        self.look = self.loop.call_later(LOOK_SECONDS, self._look_again)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_looking()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        self._stop_looking()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.header_bytes = self.head_bytes = 0
        self.in_head = True
        self.reading_since = self.loop.time()

    def on_header(self, name: bytes, value: bytes) -> None:
        self.header_bytes += len(name) + len(value)
        if self.header_bytes > HEADER_BYTES:
            raise ValueError("headers too large")  # the parser answers 400 and closes
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self.in_head = False
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        self.head_bytes += len(data)
        super().data_received(data)
        if self.in_head and self.head_bytes > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("Request head too large")

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP never reaches the application, but is refused in the same shape."""
        body = error_body(400, INVALID, msg)
        length = b"content-length: %d\r\n" % len(body)
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head + length + b"\r\n" + body)
        self.transport.close()

    def on_message_complete(self) -> None:
        self.reading_since = None
        super().on_message_complete()

    def _look_again(self) -> None:
        since = self.reading_since
        if since is not None and self.loop.time() - since > READ_SECONDS:
            self.transport.close()
            return
        self.deaf_looks = self.deaf_looks + 1 if self._is_endless() and self.transport.get_write_buffer_size() else 0
        if self.deaf_looks * LOOK_SECONDS > READ_SECONDS:
            self.transport.abort()
            return
        self.look = self.loop.call_later(LOOK_SECONDS, self._look_again)

    def _is_endless(self) -> bool:
        """The answer under way is a stream of events."""
        return self.cycle is not None and not self.cycle.response_complete and "endless" in self.cycle.scope

    def _stop_looking(self) -> None:
        if self.look is not None:
            self.look.cancel()
            self.look = None


def bind(settings: Settings) -> socket.socket:
    """The listening socket of the settings' host and port. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        raise OSError(f"cannot listen on {settings.host}:{settings.port}: {error.strerror} (--host, --port)") from error
    return listener


def url_of(listener: socket.socket) -> str:
    """Where the server can be reached, as far as its socket knows."""
    host, port = listener.getsockname()[:2]
    return f"http://{authority(host, port)}"


class PoliteServer(uvicorn.Server):
    """Lets the application say goodbye on its sockets first: uvicorn would close them as a restart (1012)."""

    def __init__(self, config: uvicorn.Config, say_goodbye: Goodbye) -> None:
        super().__init__(config)
        self._say_goodbye = say_goodbye

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._say_goodbye()
        await super().shutdown(sockets)


async def _silently() -> None:
    """An application without sockets."""


def make_server(
    application: Application, settings: Settings, say_goodbye: Goodbye = _silently, **options: Any
) -> uvicorn.Server:
    """A server for the application; `options` are uvicorn's. The caller starts and stops the rest."""
    config = uvicorn.Config(
        guarded(application, settings.max_body_bytes),
        lifespan="off",
        http=PatientNotForever,
        ws=CuttableWebSocket,
        ws_max_size=MESSAGE_BYTES,
        ws_per_message_deflate=False,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACEFUL_SECONDS,
        backlog=BACKLOG,
        proxy_headers=False,
        **options,
    )
    return PoliteServer(config, say_goodbye)


class StopSignals:
    """SIGTERM and SIGINT from the first moment on: told to stop while it starts, a server stops as soon as it is up.

    uvicorn raises a signal again when it has shut down in good order; that shall not kill the process either.
    """

    def __init__(self) -> None:
        self._asked = False
        self._server: uvicorn.Server | None = None
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)

    def end(self, server: uvicorn.Server) -> None:
        """From now on a signal ends this server; at once if one has come already."""
        self._server = server
        server.should_exit = server.should_exit or self._asked

    def _stop(self, *_: object) -> None:
        self._asked = True
        if self._server is not None:
            self._server.should_exit = True
