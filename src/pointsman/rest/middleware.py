"""What happens to every request: an id, the headers that browsers ask for, who is asking, and whether they may."""

from __future__ import annotations

from typing import Any

from pointsman.auth.header import caller_of
from pointsman.auth.permissions import permit
from pointsman.domain.refusal import Refusal
from pointsman.rest.resource import Request, Response
from pointsman.runtime.ids import random_sid
from pointsman.web.errors import CORS_HEADERS
from pointsman.web.house import House
from pointsman.web.parameters import form_of, is_json, query_of
from pointsman.web.tickets import take_ticket

GUARDED = ("/v1/Workspaces", "/2010-04-01", "/pointsman/v1")
"""Nothing below these paths is told to strangers, not even that it does not exist."""


class Basics:
    """The request's id and the CORS headers, on errors too."""

    async def process_request(self, req: Request, resp: Response) -> None:
        resp.set_header("Twilio-Request-Id", random_sid("RQ"))
        resp.set_headers(CORS_HEADERS)


class Guard:
    """Sets `req.context.caller` and `lookup`; 401 for wrong credentials, 403 for what a token does not permit."""

    def __init__(self, house: House) -> None:
        self._house = house

    async def process_request(self, req: Request, resp: Response) -> None:
        if req.method == "OPTIONS" or not _is_guarded(req.path):
            return
        client: Any = req.scope.get("client")
        ip = client[0] if client else ""
        caller = caller_of(req.get_header("Authorization"), self._house.directory, self._house.tokens, ip)
        if caller is None:
            raise Refusal("Authenticate", status=401, code=20003)
        req.context.caller, req.context.lookup = caller, None
        take_ticket(req.scope, caller, self._house.settings.caller_hold_ms / 1000)
        if caller.role:
            path = req.path.lstrip("/").removeprefix("v1/")
            req.context.lookup = permit(caller, req.method, path, await _fields(req))


async def _fields(req: Request) -> dict[str, list[str]]:
    """What the rules look at. JSON has no fields: only one operation takes it, and the others refuse it later."""
    if req.method != "POST":
        return query_of(req).fields
    return {} if is_json(req) else (await form_of(req)).fields


def _is_guarded(path: str) -> bool:
    """The router takes `//v1` for `/v1`, so this must as well."""
    path = "/" + path.lstrip("/")
    return any(path == root or path.startswith(root + "/") for root in GUARDED)
