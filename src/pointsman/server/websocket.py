"""uvicorn's WebSocket protocol, with what ASGI lacks: a way to cut off a peer that does not read.

A peer that reads nothing and still sends must not fill the memory either, nor keep a closed connection.
"""

from __future__ import annotations

import asyncio
import logging
from typing import Any

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from pointsman.domain.refusal import INVALID
from pointsman.web.errors import error_body

MESSAGE_BYTES = 16_384
"""The longest message of a client; a longer one closes its socket with 1009."""
FRAGMENTS_MOST = 1000
"""Of one message: empty ones have no length that could become too much."""

quiet = logging.getLogger("pointsman.websocket")
quiet.setLevel(logging.WARNING)
quiet.addFilter(lambda record: "UTF-8" not in str(record.msg))  # a client's mistake, with a traceback each


class CuttableWebSocket(WebSocketsSansIOProtocol):
    cut: asyncio.TimerHandle | None = None
    """Cuts a connection that is closed, and whose peer does not read what is left."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.logger = self.conn.logger = quiet  # at the level info every URL is written down, with the token in it

    def handle_connect(self, event: Any) -> None:
        super().handle_connect(event)  # makes the scope; the application's task begins later
        if hasattr(self, "scope"):
            scope: Any = self.scope
            scope["abort"] = self.transport.abort

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if not self.handshake_initiated and self.conn.handshake_exc is not None:
            self._refuse_head()

    def _refuse_head(self) -> None:
        """uvicorn would let the client wait for ever."""
        body = error_body(400, INVALID, "The request for a WebSocket cannot be read, or its URL is too long")
        length = b"content-length: %d\r\n" % len(body)
        head = b"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\nconnection: close\r\n"
        self.transport.write(head + length + b"\r\n" + body)
        self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.cut is not None:
            self.cut.cancel()
        super().connection_lost(exc)

    def handle_ping(self) -> None:
        if self.writable.is_set():
            return super().handle_ping()
        self.conn.data_to_send()  # the answer is dropped: it would wait with thousands more for a peer to read them

    def handle_cont(self, event: Any) -> None:
        if len(self.frames) < FRAGMENTS_MOST:
            return super().handle_cont(event)
        if not self.close_sent:
            self.conn.fail(1009, "Too many fragments")
            self.handle_parser_exception()

    def handle_close(self, event: Any) -> None:
        super().handle_close(event)
        self._cut_later()

    def handle_parser_exception(self) -> None:
        super().handle_parser_exception()
        self._cut_later()

    def _cut_later(self) -> None:
        if self.cut is None:
            self.cut = self.loop.call_later(self.close_timeout, self.transport.abort)

    def keepalive_timeout(self) -> None:
        super().keepalive_timeout()
        self.transport.abort()  # close() would wait for a buffer that the peer will never drain

    async def send(self, message: Any) -> None:
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True  # refused as it should be; uvicorn would take it for a failure
