"""Remote calls of the SDK's version 1: REST requests in an envelope, run through the REST application here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import falcon

from pointsman.domain.refusal import Refusal
from pointsman.realtime.calls import admitted
from pointsman.realtime.envelope import Envelope, envelope_of
from pointsman.realtime.hub import Hub
from pointsman.web.answers import App, Request, Response
from pointsman.web.errors import answer_error
from pointsman.web.house import House

METHODS = ("GET", "POST", "DELETE")
ROOM = "Workspaces"
FORM = b"application/x-www-form-urlencoded"


class OldCalls:
    """The resource behind `/v1/wschannels/{account}/{sid}`."""

    def __init__(self, house: House, hub: Hub, app: App) -> None:
        self._house = house
        self._hub = hub
        self._app: Any = app

    async def on_post(self, req: Request, resp: Response, account: str, sid: str) -> None:
        try:
            envelope = await envelope_of(req)
            admitted(self._house, self._hub, req, envelope, f"wschannels/{account}/{sid}")
            _check(envelope)
        except Refusal as refusal:  # without the header that would have a browser ask for a password
            return answer_error(resp, refusal.status, refusal.message, refusal.code)
        status, body = await self._run(req, envelope)
        resp.status = 200 if status < 300 else status
        resp.content_type = falcon.MEDIA_JSON
        resp.data = _wrapped(envelope, body) if status < 300 else body

    async def _run(self, req: Request, envelope: Envelope) -> tuple[int, bytes]:
        """The REST answer. The application asks for the token again: what it permits is checked in one place."""
        body = urlencode(envelope.parameters.fields, doseq=True).encode()
        inner = _scope(req.scope, envelope, body)
        answer = _Answer()
        await self._app(inner, _receiver(b"" if envelope.method == "GET" else body), answer.send)
        return answer.status, b"".join(answer.pieces)


class _Answer:
    def __init__(self) -> None:
        self.status = 500
        self.pieces: list[bytes] = []

    async def send(self, event: Mapping[str, Any]) -> None:
        if event["type"] == "http.response.start":
            self.status = event["status"]
        elif event["type"] == "http.response.body":
            self.pieces.append(event.get("body", b""))


def _check(envelope: Envelope) -> None:
    if envelope.method not in METHODS:
        raise Refusal(f"method must be GET, POST or DELETE, but is '{envelope.method[:20]}'")
    if envelope.path.partition("/")[0] != ROOM:
        raise Refusal(f"url must lead to /v1/{ROOM}, but is /{envelope.path[:300]}")


def _scope(outer: Any, envelope: Envelope, body: bytes) -> dict[str, Any]:
    """The request that the envelope holds, from the same client to the same host. It shares the envelope's ticket."""
    kept = (b"host", b"x-forwarded-host", b"x-forwarded-proto", b"if-match")
    headers = [(name, value) for name, value in outer["headers"] if name in kept]
    headers += [(b"authorization", b"Bearer " + envelope.token.encode())]
    if envelope.method == "POST":
        headers += [(b"content-type", FORM), (b"content-length", b"%d" % len(body))]
    path = f"/v1/{envelope.path}"
    inner = {"method": envelope.method, "path": path, "raw_path": quote(path).encode(), "headers": headers}
    return dict(outer) | inner | {"query_string": body if envelope.method == "GET" else b""}


def _receiver(body: bytes) -> Any:
    events = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(events, {"type": "http.disconnect"})

    return receive


def _wrapped(envelope: Envelope, body: bytes) -> bytes:
    """The answer as the payload; one without a body is an empty object."""
    event_type = b"" if envelope.event_type is None else b'"event_type":%s,' % json.dumps(envelope.event_type).encode()
    return b'{%s"payload":%s}' % (event_type, body or b"{}")
