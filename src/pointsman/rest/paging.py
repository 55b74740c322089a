"""Pages of lists as Twilio shows them: the items under their key, and `meta` with absolute URLs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pointsman.domain.refusal import Refusal
from pointsman.operations.paging import Page, PageRequest
from pointsman.web.addresses import with_query
from pointsman.web.parameters import Parameters
from pointsman.web.readers import page_size

ABSOLUTE = 40153


def page_request(query: Parameters) -> PageRequest:
    """PageSize, Page and PageToken. Page alone leads nowhere (error 40153)."""
    size = page_size(query)
    number = query.whole("Page") or 0
    token = query.text("PageToken") or None
    if number < 0:
        raise Refusal(f"Page must not be negative, but is {number}")
    if number and token is None:
        raise Refusal("Absolute paging is not supported; follow next_page_url, or use PageToken", code=ABSOLUTE)
    return PageRequest(size, number, token)


class PageUrls:
    """The URLs around one page; the filters of the request are echoed."""

    def __init__(self, url: str, query: Parameters, filters: tuple[str, ...], request: PageRequest) -> None:
        self._url = url
        self._echo = [(name, value) for name in filters for value in query.fields.get(name, []) if value]
        self._request = request

    def at(self, number: int, token: str | None) -> str:
        """The URL of a page."""
        fields = [*self._echo, ("PageSize", str(self._request.size)), ("Page", str(number))]
        return with_query(self._url, fields + ([("PageToken", token)] if token else []))

    def first(self) -> str:
        return self.at(0, None)

    def this(self) -> str:
        return self.at(self._request.number, self._request.token)

    def next(self, page: Page) -> str | None:
        return self.at(self._request.number + 1, page.next_token) if page.next_token else None

    def previous(self, page: Page) -> str | None:
        """Going back from the first page that a client knows of, the number stays at 0."""
        return self.at(max(0, self._request.number - 1), page.previous_token) if page.previous_token else None


def page_body(
    key: str, page: Page, present: Callable[[dict[str, Any]], dict[str, Any]], urls: PageUrls, request: PageRequest
) -> dict[str, Any]:
    """The body of a list's page."""
    meta = {
        "page": request.number,
        "page_size": request.size,
        "first_page_url": urls.first(),
        "previous_page_url": urls.previous(page),
        "url": urls.this(),
        "next_page_url": urls.next(page),
        "key": key,
    }
    return {key: [present(view) for view in page.items], "meta": meta}
