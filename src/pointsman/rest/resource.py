"""What the resources have in common: whose request it is, and how an answer is written."""

from __future__ import annotations

from pointsman.auth.caller import Caller
from pointsman.operations.paging import Page, PageRequest
from pointsman.operations.scope import View, WorkspaceScope
from pointsman.rest.paging import PageUrls, page_body
from pointsman.rest.views import Presenter
from pointsman.web.addresses import base_of
from pointsman.web.answers import Request, Response, answer
from pointsman.web.house import House
from pointsman.web.parameters import Parameters

__all__ = ["Request", "Resource", "Response", "answer", "done"]


class Resource:
    """A noun's routes; `key` names its list in a page, `filters` are the parameters that the list knows."""

    root = "/v1/Workspaces"
    """Where the addresses of its list begin."""
    key = ""
    filters: tuple[str, ...] = ()
    present: Presenter

    def __init__(self, house: House) -> None:
        self.house = house
        self.node = house.node

    def caller(self, req: Request) -> Caller:
        """Who asks; the application has seen to it that somebody does."""
        caller: Caller = req.context.caller
        return caller

    def scope(self, req: Request, workspace: str) -> WorkspaceScope:
        """The workspace of the path, as the caller may see it."""
        return WorkspaceScope(self.node, self.caller(req), workspace, req.context.lookup)

    def base(self, req: Request) -> str:
        """The URL of this server as the client knows it."""
        return base_of(req, self.house.settings.public_url)

    def show(self, req: Request, resp: Response, view: View, status: int = 200) -> None:
        """Answer with one object; its version, if it has one, is the ETag."""
        if "version" in view:
            resp.set_header("ETag", f'"{view["version"]}"')
        answer(resp, type(self).present(self.base(req), view), status)

    def show_page(
        self, req: Request, resp: Response, query: Parameters, request: PageRequest, page: Page, path: str
    ) -> None:
        """Answer with a page of the list at `path`, below the root."""
        base = self.base(req)
        present = type(self).present
        urls = PageUrls(f"{base}{self.root}{path}", query, self.filters, request)
        answer(resp, page_body(self.key, page, lambda view: present(base, view), urls, request))


def done(resp: Response) -> None:
    """Answer a deletion."""
    resp.status = 204
