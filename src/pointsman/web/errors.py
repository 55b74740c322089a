"""Every error in Twilio's shape: {"code", "message", "more_info", "status"}."""

from __future__ import annotations

from typing import Any

import falcon
import falcon.asgi
import msgspec
import structlog

from pointsman.domain.refusal import INVALID, NOT_FOUND, Refusal
from pointsman.journal import JournalClosed, JournalUnavailable
from pointsman.runtime.node import Unavailable

log = structlog.get_logger(__name__)

MORE_INFO = "https://www.twilio.com/docs/errors/"
CODES = {400: INVALID, 401: 20003, 404: NOT_FOUND, 405: 20004, 413: 20413, 500: 20500, 503: 20503}
RETRY_SECONDS = "1"

CORS_HEADERS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Authorization, Content-Type, If-Match, X-Requested-With, apiVersion, clientVersion"
    ),
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Expose-Headers": "ETag, Retry-After, Twilio-Request-Id",
}
"""For browsers; errors carry them too, or a page could not read what went wrong."""


def error_body(status: int, code: int, message: str) -> bytes:
    """The body of an error answer."""
    return msgspec.json.encode({"code": code, "message": message, "more_info": f"{MORE_INFO}{code}", "status": status})


def answer_error(resp: falcon.asgi.Response, status: int, message: str, code: int | None = None) -> None:
    """Make the response an error."""
    resp.status = status
    resp.content_type = falcon.MEDIA_JSON
    resp.text = None
    resp.data = error_body(status, code or CODES.get(status, status), message)


def add_error_handlers(app: falcon.asgi.App[Any, Any]) -> None:
    """Let nothing leave the application in another shape."""
    app.add_error_handler(Exception, _unexpected)
    app.add_error_handler(falcon.HTTPError, _from_framework)
    app.add_error_handler(Refusal, _refused)
    app.add_error_handler(Unavailable, _unavailable)
    app.add_error_handler(JournalUnavailable, _unavailable)
    app.add_error_handler(JournalClosed, _unavailable)


async def _refused(req: Any, resp: falcon.asgi.Response, error: Refusal, params: Any) -> None:
    answer_error(resp, error.status, error.message, error.code)
    if error.status == 401:
        resp.set_header("WWW-Authenticate", 'Basic realm="Pointsman"')


async def _unavailable(req: Any, resp: falcon.asgi.Response, error: Exception, params: Any) -> None:
    answer_error(resp, 503, "The server cannot store anything at present; try again")
    resp.set_header("Retry-After", RETRY_SECONDS)


async def _from_framework(req: Any, resp: falcon.asgi.Response, error: falcon.HTTPError, params: Any) -> None:
    status = falcon.http_status_to_code(error.status)
    if status == 404:
        message = f"The requested resource {req.path.removeprefix('/v1')[:500]} was not found"
    elif status == 405:
        message = f"Method {req.method} is not allowed for {req.path[:500]}"
    else:
        message = error.description or error.title or "Bad request"
    answer_error(resp, status, message)
    if error.headers:
        resp.set_headers(error.headers)


async def _unexpected(req: Any, resp: falcon.asgi.Response, error: Exception, params: Any) -> None:
    log.error("request failed", method=req.method, path=req.path, exc_info=error)
    answer_error(resp, 500, "An internal server error has occurred")
