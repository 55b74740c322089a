"""What happens to every request: an id, the headers that browsers ask for, and who is asking."""

from __future__ import annotations

import secrets
from typing import Any

from pointsman.domain.refusal import Refusal
from pointsman.rest.resource import Request, Response
from pointsman.web.errors import CORS_HEADERS
from pointsman.web.house import House

GUARDED = ("/v1/Workspaces", "/2010-04-01", "/pointsman/v1")
"""Nothing below these paths is told to strangers, not even that it does not exist."""


class Basics:
    """The request's id and the CORS headers, on errors too."""

    async def process_request(self, req: Request, resp: Response) -> None:
        resp.set_header("Twilio-Request-Id", "RQ" + secrets.token_hex(16))
        resp.set_headers(CORS_HEADERS)


class BasicAuthentication:
    """Sets `req.context.caller`; 401/20003 for wrong or missing credentials."""

    def __init__(self, house: House) -> None:
        self._directory = house.directory

    async def process_request(self, req: Request, resp: Response) -> None:
        if req.method == "OPTIONS" or not _is_guarded(req.path):
            return
        client: Any = req.scope.get("client")
        caller = self._directory.basic(req.get_header("Authorization"), client[0] if client else "")
        if caller is None:
            raise Refusal("Authenticate", status=401, code=20003)
        req.context.caller = caller


def _is_guarded(path: str) -> bool:
    """The router takes `//v1` for `/v1`, so this must as well."""
    path = "/" + path.lstrip("/")
    return any(path == root or path.startswith(root + "/") for root in GUARDED)
