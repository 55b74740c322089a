"""What a WebSocket's peer sends while it reads nothing, given to the protocol as the event loop would."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from pointsman.server.websocket import FRAGMENTS_MOST, CuttableWebSocket

HANDSHAKE = (
    b"GET /v1/wschannels HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)
PATIENCE = 10.0
TEXT, CONTINUED, CLOSE, PING, PONG = 1, 0, 8, 9, 10


class Wire(asyncio.Transport):
    """A transport whose buffer nobody empties."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closing = self.aborted = False

    def write(self, data: Any) -> None:
        self.written += bytes(data)

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    def abort(self) -> None:
        self.closing = self.aborted = True

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


async def application(
    scope: Any, receive: Callable[[], Awaitable[Any]], send: Callable[[Any], Awaitable[None]]
) -> None:
    await receive()
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        pass


def frame(opcode: int, data: bytes = b"", last: bool = True) -> bytes:
    return bytes([(0x80 if last else 0) | opcode, 0x80 | len(data)]) + b"\0\0\0\0" + data


async def opened() -> tuple[CuttableWebSocket, Wire]:
    """A socket after its handshake."""
    config = uvicorn.Config(application, ws=CuttableWebSocket, ws_ping_interval=None, log_config=None)
    config.load()
    protocol, wire = CuttableWebSocket(config, ServerState(), {}), Wire()
    protocol.connection_made(wire)
    protocol.data_received(HANDSHAKE)
    async with asyncio.timeout(PATIENCE):
        while b"101" not in wire.written:
            await asyncio.sleep(0)
    wire.written = b""
    return protocol, wire


def test_pings_are_answered_while_the_peer_reads() -> None:
    async def scene() -> None:
        protocol, wire = await opened()
        protocol.data_received(frame(PING, b"one"))
        assert wire.written == bytes([0x80 | PONG, 3]) + b"one"
        protocol.pause_writing()
        protocol.data_received(frame(PING, b"lost") * 1000)
        assert len(wire.written) == 5, "answers pile up for a peer that does not read"
        protocol.resume_writing()
        protocol.data_received(frame(PING, b"two"))
        assert wire.written[5:] == bytes([0x80 | PONG, 3]) + b"two"

    asyncio.run(scene())


def test_a_message_has_only_so_many_fragments() -> None:
    async def scene() -> None:
        protocol, wire = await opened()
        protocol.data_received(frame(TEXT, last=False) + frame(CONTINUED, last=False) * (FRAGMENTS_MOST - 1))
        assert not wire.closing
        protocol.data_received(frame(CONTINUED, last=False) * 3)
        assert wire.closing
        assert wire.written[0] == 0x80 | CLOSE and struct.unpack("!H", wire.written[2:4]) == (1009,)

    asyncio.run(scene())


def test_text_that_is_none_is_the_client_s_mistake(caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        protocol, wire = await opened()
        protocol.data_received(frame(TEXT, b"\xed\xa0\x80"))
        assert wire.closing
        assert wire.written[0] == 0x80 | CLOSE and struct.unpack("!H", wire.written[2:4]) == (1007,)

    asyncio.run(scene())
    assert not caplog.records, "each one would put a traceback into the server's log"


@pytest.mark.parametrize("last_word", [frame(CLOSE), frame(3)], ids=["closes", "breaks the rules"])
def test_a_closed_connection_is_cut_if_its_peer_does_not_read(last_word: bytes) -> None:
    async def scene() -> None:
        protocol, wire = await opened()
        protocol.close_timeout = 0.001
        protocol.data_received(last_word)
        assert wire.closing and not wire.aborted
        async with asyncio.timeout(PATIENCE):
            while not wire.aborted:
                await asyncio.sleep(0.001)

    asyncio.run(scene())
