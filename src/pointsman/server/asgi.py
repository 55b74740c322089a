"""What must be decided before the framework sees a request: bodies over the limit, and bodies that were cut short.

Falcon waits for a body's first piece before it calls a resource, has no limit, and takes a client that vanishes in the
middle of a chunked body for the body's end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from pointsman.web.errors import CORS_HEADERS, error_body

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

CONFIGURATION_BODY_BYTES = 4 * 1024 * 1024
"""A Workflow's Configuration may have 1,038,576 bytes, each of which may be three in a form."""

DROPPED_BYTES_MOST = 64 * 1024 * 1024
"""How much of a refused body is read for the client's sake."""

TOO_LARGE = error_body(413, 20413, "Request Entity Too Large")
TOO_LARGE_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(TOO_LARGE)).encode()),
    *((name.lower().encode(), value.encode()) for name, value in CORS_HEADERS.items()),
]


def body_limit(path: str, limit: int) -> int:
    """The most bytes that the body of a request to this path may have."""
    return max(limit, CONFIGURATION_BODY_BYTES) if "/Workflows" in path else limit


def guarded(application: Application, limit: int) -> Application:
    """The application with whole bodies of at most `limit` bytes."""

    async def guard(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            if not isinstance(scope["headers"], list):  # a test client's may be read only once
                scope["headers"] = [tuple(header) for header in scope["headers"]]
            scope["body_limit"] = body_limit(scope["path"], limit)
            length = _declared_length(scope["headers"])
            if length is None:
                receive = _noticing_cuts(scope, receive)
            elif length > scope["body_limit"]:
                return await _refuse(scope, receive, send)
        await application(scope, receive, send)

    return guard


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int | None:
    """The Content-Length; 0 for one that is no number, which the framework refuses by itself."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) < 19 else 0
    return None


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    """Closing a connection with unread data would reset it before the client sees the answer.

    So one that is kept alive is answered at once (the server drops the rest of the body), and one that the client
    wants closed is read to the end first, unless the client waits to be asked for its body.
    """
    headers = dict(scope["headers"])
    closes = scope.get("http_version") == "1.0" or b"close" in headers.get(b"connection", b"").lower()
    if closes and b"expect" not in headers:
        await _drop_body(receive)
    await send({"type": "http.response.start", "status": 413, "headers": TOO_LARGE_HEADERS})
    await send({"type": "http.response.body", "body": TOO_LARGE})


async def _drop_body(receive: Receive) -> None:
    left = DROPPED_BYTES_MOST
    while left > 0:
        event = await receive()
        if event["type"] != "http.request" or not event.get("more_body", False):
            return
        left -= len(event.get("body", b""))


def _noticing_cuts(scope: Scope, receive: Receive) -> Receive:
    more = True

    async def noticing() -> Mapping[str, Any]:
        nonlocal more
        event = await receive()
        if event["type"] == "http.request":
            more = bool(event.get("more_body", False))
        elif more:
            scope["cut_short"] = True
        return event

    return noticing
