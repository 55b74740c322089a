"""Writing an answer."""

from __future__ import annotations

from typing import Any, TypeAlias

import falcon
import falcon.asgi
import msgspec

App: TypeAlias = falcon.asgi.App[Any, Any]
Request: TypeAlias = falcon.asgi.Request
Response: TypeAlias = falcon.asgi.Response

_encode = msgspec.json.Encoder().encode


def answer(resp: Response, body: dict[str, Any], status: int = 200) -> None:
    """Write a JSON answer."""
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.data = _encode(body)
