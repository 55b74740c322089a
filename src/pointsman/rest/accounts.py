"""/2010-04-01/Accounts: the account and its keys, in the older API's shape (RFC 2822 dates, relative URIs)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from pointsman.domain.limits import SECOND, check_text
from pointsman.operations import accounts, keys
from pointsman.operations.paging import Page, PageRequest
from pointsman.operations.scope import View
from pointsman.rest.paging import PageUrls, page_request
from pointsman.rest.resource import Request, Resource, Response, answer, done
from pointsman.web.parameters import Parameters, form_of, query_of

NAME_CHARACTERS = 64


def rfc2822(at: int) -> str:
    """A date as `Tue, 14 Nov 2023 22:13:20 +0000`."""
    return format_datetime(datetime.fromtimestamp(at // SECOND, UTC))


def bare(name: str) -> str:
    """The last part of a path without the `.json` that clients of this API append."""
    return name.removesuffix(".json")


def _dated(view: View) -> dict[str, Any]:
    return view | {name: rfc2822(view[name]) for name in ("date_created", "date_updated")}


class Accounts(Resource):
    async def on_get(self, req: Request, resp: Response, account: str) -> None:
        sid = bare(account)
        view = await accounts.fetch(self.node, self.caller(req), sid)
        path = f"/2010-04-01/Accounts/{sid}"
        answer(resp, _dated(view) | {"uri": f"{path}.json", "subresource_uris": {"keys": f"{path}/Keys.json"}})


class Keys(Resource):
    async def on_get_list(self, req: Request, resp: Response, account: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await keys.listing(self.node, self.caller(req), account, request)
        answer(resp, _page(account, query, request, page))

    async def on_post_list(self, req: Request, resp: Response, account: str) -> None:
        name = check_text("FriendlyName", (await form_of(req)).text("FriendlyName") or "", NAME_CHARACTERS)
        caller = self.caller(req)
        view = await keys.create(self.node, self.house.directory, caller, account, friendly_name=name)
        answer(resp, _dated(view), 201)

    async def on_get(self, req: Request, resp: Response, account: str, sid: str) -> None:
        answer(resp, _dated(await keys.fetch(self.node, self.caller(req), account, bare(sid))))

    async def on_delete(self, req: Request, resp: Response, account: str, sid: str) -> None:
        await keys.delete(self.node, self.house.directory, self.caller(req), account, bare(sid))
        done(resp)


def _page(account: str, query: Parameters, request: PageRequest, page: Page) -> dict[str, Any]:
    urls = PageUrls(f"/2010-04-01/Accounts/{account}/Keys.json", query, (), request)
    start = request.number * request.size
    return {
        "keys": [_dated(view) for view in page.items],
        "page": request.number,
        "page_size": request.size,
        "start": start,
        "end": start + max(len(page.items) - 1, 0),
        "uri": urls.this(),
        "first_page_uri": urls.first(),
        "next_page_uri": urls.next(page),
        "previous_page_uri": urls.previous(page),
    }
