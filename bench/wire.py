"""HTTP from the load's side at the least cost: requests are bytes made beforehand, answers are hardly looked at."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode, urlsplit

from bench.process import ACCOUNT, TOKEN
from bench.report import Wrong

LOGIN = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


def request(method: str, path: str, **fields: str) -> bytes:
    body = urlencode(fields)
    head = f"{method} {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Basic {LOGIN}\r\n"
    if method == "POST":
        head += f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n"
    return f"{head}\r\n{body}".encode()


class Wire:
    """One kept connection, with one request at a time on it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def ask(self, raw: bytes) -> bytes:
        """The answer's body; Wrong for a failure."""
        self._writer.write(raw)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        body = await self._reader.readexactly(length)
        if not head.startswith(b"HTTP/1.1 20"):
            raise Wrong(f"{raw[:60]!r} was answered with {body[:200]!r}")
        return body

    def close(self) -> None:
        self._writer.close()


async def connected(url: str) -> Wire:
    place = urlsplit(url)
    return Wire(*await asyncio.open_connection(place.hostname, place.port))


async def by_all(wires: list[Wire], times: int, act: Callable[[Wire], Awaitable[object]]) -> None:
    """Do it so often, each connection one after the other."""
    left = iter(range(times))

    async def one(wire: Wire) -> None:
        for _ in left:
            await act(wire)

    await asyncio.gather(*map(one, wires))


def sid_of(body: bytes, prefix: bytes) -> str:
    """The resource's own sid in an answer, or the first one in a list."""
    start = body.index(b'"sid":"' + prefix) + 7
    return body[start : start + 34].decode()
