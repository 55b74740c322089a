"""Absolute URLs: helper libraries follow them as they are, so they must lead back to this server."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

_HOST = re.compile(r"[0-9A-Za-z._~-]+(?::[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](?::[0-9]{1,5})?")


def base_of(req: Any, public_url: str | None) -> str:
    """`--public-url`, or the scheme and host that the client used, as a proxy in front may tell."""
    if public_url is not None:
        return public_url
    scheme = req.get_header("X-Forwarded-Proto") or req.scheme
    host = req.get_header("X-Forwarded-Host") or req.get_header("Host") or ""
    if not _HOST.fullmatch(host):
        server = req.scope.get("server") or ("localhost", None)
        host = authority(server[0], server[1])
    return f"{scheme if scheme in ('http', 'https') else 'http'}://{host}"


def authority(host: str, port: int | None) -> str:
    """Host and port as a URL has them: an IPv6 address stands in brackets."""
    host = f"[{host}]" if ":" in host else host
    return host if port is None else f"{host}:{port}"


def with_query(url: str, fields: list[tuple[str, str]]) -> str:
    """The URL with a query string."""
    return f"{url}?{urlencode(fields)}"
