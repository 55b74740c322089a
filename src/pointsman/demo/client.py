"""The REST API as the demo's agents and customers use it: over HTTP, like any other client."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

Answer = dict[str, Any]

ATTEMPTS = 5
RETRY_SECONDS = 1.0
REQUEST_SECONDS = 20
CONNECTIONS = 20
PAGE_SIZE = 200


class Refused(Exception):
    """The server answered with an error; a reservation that is gone or a task that is over, as a rule."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Client:
    """Speaks to one workspace, or to the whole account as long as `root` is that of the Workspaces."""

    def __init__(self, base: str, user: str, secret: str) -> None:
        self._base = base
        self._session = aiohttp.ClientSession(
            auth=aiohttp.BasicAuth(user, secret),
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
            connector=aiohttp.TCPConnector(limit=CONNECTIONS),
        )
        self.root = "/v1/Workspaces"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._session.close()

    async def post(self, path: str, **form: str | int) -> Answer:
        """Create or update. Raises Refused, and aiohttp.ClientError if the server cannot be reached."""
        return await self._request("POST", self.root + path, data=form)

    async def page(self, path: str, **query: str | int) -> Answer:
        """The first page of a list. Raises like `post`."""
        return await self._request("GET", self.root + path, params={"PageSize": PAGE_SIZE} | query)

    async def following(self, page: Answer) -> Answer | None:
        """The next page of a list, if there is one; at this client's base, whatever the server calls itself."""
        url = page["meta"]["next_page_url"]
        if url is None:
            return None
        parts = urlsplit(url)
        return await self._request("GET", f"{parts.path}?{parts.query}")

    async def _request(self, method: str, path: str, **content: Any) -> Answer:
        for _ in range(ATTEMPTS):
            async with self._session.request(method, URL(self._base + path, encoded=True), **content) as response:
                answer: Answer = await response.json()
                if response.status < 400:
                    return answer
                if response.status != 503:
                    raise Refused(response.status, str(answer.get("message")))
            await asyncio.sleep(RETRY_SECONDS)
        raise Refused(503, "the server stays unavailable")
