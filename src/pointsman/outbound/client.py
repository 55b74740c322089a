"""The HTTP client for callbacks: signed form POSTs with bounded time, size and number of redirects."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import aiohttp
import msgspec
from yarl import URL

from pointsman.outbound import overrides
from pointsman.outbound.failures import Kind, Unreachable, unreachable
from pointsman.outbound.overrides import Overrides
from pointsman.outbound.signature import signature
from pointsman.outbound.targets import open_public_socket
from pointsman.settings import Settings

__all__ = ["Answer", "Kind", "Outbound", "Unreachable"]

BODY_MOST = 64 * 1024
"""Bytes of an answer that are read; the rest is cut off."""
REDIRECTS_MOST = 10
REDIRECTS = frozenset({301, 302, 303, 307})
"""What Twilio follows (error 11216)."""
KEEP_ALIVE_SECONDS = 15.0
NAMES_SECONDS = 10
"""How long an address that was looked up is used."""
HEADERS = {
    "User-Agent": "TwilioProxy/1.1",
    "Content-Type": "application/x-www-form-urlencoded",
    "Accept-Encoding": "identity",
}


class Answer(msgspec.Struct, frozen=True):
    """What the other side said; `body` has at most BODY_MOST bytes."""

    status: int
    body: bytes
    content_type: str


class Outbound:
    """Posts forms. One object for a process; whoever uses it bounds the number of requests at a time."""

    def __init__(self, settings: Settings) -> None:
        self._public_only = settings.callback_targets == "public"
        self._session: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Ends the connections that are kept alive; what is under way fails."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def post(
        self,
        url: str,
        fields: Mapping[str, str],
        *,
        auth_token: str,
        timeout: float = 15.0,
        idempotency_token: str = "",
    ) -> Answer:
        """POST a form; the answer, whatever its status. Raises Unreachable.

        `timeout` in seconds bounds the whole, redirects included; the URL's fragment may bound it further.
        """
        bare, how = overrides.split(url)
        headers = {"I-Twilio-Idempotency-Token": idempotency_token} if idempotency_token else {}
        try:
            async with asyncio.timeout(min(timeout, how.total / 1000)):
                return await self._follow(_url(bare), fields, auth_token, headers, how)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise unreachable(error) from error

    async def _follow(
        self, url: URL, fields: Mapping[str, str], auth_token: str, headers: dict[str, str], how: Overrides
    ) -> Answer:
        """Redirects keep the form, or an event would count as delivered that never was; 303 asks for a GET.

        What is signed is what the application sees of the URL: no name and password, and no fragment.
        """
        method = "POST"
        for _ in range(REDIRECTS_MOST):
            signed = headers | {"X-Twilio-Signature": signature(auth_token, str(url.with_user(None)), fields)}
            answer, location = await self._ask_persistently(method, url, fields, signed, how)
            if answer.status not in REDIRECTS or not location:
                return answer
            url = _url(str(url.join(_url(location)).with_fragment(None)))
            if answer.status == 303:
                method, fields = "GET", {}
        return answer

    async def _ask_persistently(
        self, method: str, url: URL, fields: Mapping[str, str], headers: dict[str, str], how: Overrides
    ) -> tuple[Answer, str]:
        """A kept connection may have ended just now: that is no failure of the other side, so it is asked once more."""
        trace = SimpleNamespace(reused=False)
        try:
            return await self._ask(method, url, fields, headers, how, trace)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            if not trace.reused:
                raise
        return await self._ask(method, url, fields, headers, how, trace)

    async def _ask(
        self,
        method: str,
        url: URL,
        fields: Mapping[str, str],
        headers: dict[str, str],
        how: Overrides,
        trace: SimpleNamespace,
    ) -> tuple[Answer, str]:
        """One request: its answer, and where it redirects to."""
        form = urlencode(fields).encode() if method == "POST" else None
        times = aiohttp.ClientTimeout(sock_connect=how.connect / 1000, sock_read=how.read / 1000)
        asked = self._opened().request(
            method, url, data=form, headers=headers, timeout=times, allow_redirects=False, trace_request_ctx=trace
        )
        async with asked as response:
            body = await _beginning(response)
            kind = response.headers.get("Content-Type", "")
            return Answer(response.status, body, kind), response.headers.get("Location", "")

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            tracing = aiohttp.TraceConfig()
            tracing.on_connection_reuseconn.append(_note_reuse)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,
                    ttl_dns_cache=NAMES_SECONDS,
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                    socket_factory=open_public_socket if self._public_only else None,
                ),
                headers=HEADERS,
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,  # a few bytes could become very many
                trace_configs=[tracing],
            )
        return self._session


def _url(text: str) -> URL:
    """The URL exactly as it was configured, for the signature's sake; what could not be sent so is encoded."""
    plain = text.isascii() and text.isprintable() and " " not in text
    return URL(text, encoded=plain)


async def _note_reuse(session: aiohttp.ClientSession, context: SimpleNamespace, parameters: Any) -> None:
    context.trace_request_ctx.reused = True


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """The first BODY_MOST bytes; the connection ends with an answer that has more."""
    if response.content.at_eof():
        return b""
    pieces, missing = [], BODY_MOST
    while missing and (piece := await response.content.read(missing)):
        pieces.append(piece)
        missing -= len(piece)
    if not missing:
        response.close()
    return b"".join(pieces)
