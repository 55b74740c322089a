"""Pages of the SDK's lists: they go on after a sid, or, in an order of the client's, from a token."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from pointsman.domain.refusal import Refusal
from pointsman.operations.paging import Page, PageRequest
from pointsman.operations.scope import View
from pointsman.web.parameters import Parameters
from pointsman.web.readers import page_size

REMEMBERED = 10_000


class Places:
    """Where the pages ended that were handed out: a list goes on even if its last object is deleted meanwhile."""

    def __init__(self) -> None:
        self._tokens: OrderedDict[tuple[str, str], str] = OrderedDict()

    def request(self, workspace_sid: str, query: Parameters, prefix: str) -> PageRequest:
        """PageSize with NextToken or AfterSid. Raises Refusal 400 for a sid of another kind."""
        token = query.text("NextToken") or None
        if token is None and (after := query.sid("AfterSid", prefix)) is not None:
            token = self._tokens.get((workspace_sid, after), f"PA{after}")
        return PageRequest(page_size(query), 0, token)

    def payload(
        self, workspace_sid: str, query: Parameters, page: Page, present: Callable[[View], dict[str, Any]]
    ) -> dict[str, Any]:
        """The list as the SDK reads it: it wants `after_sid` without an Ordering, `meta.next_token` with one."""
        contents = [present(view) for view in page.items]
        meta = {"list_key": "contents"}
        after = None
        if page.next_token is not None and contents:
            meta["next_token"] = page.next_token
            after = contents[-1]["sid"]
            if not query.text("Ordering"):
                self._remember((workspace_sid, after), page.next_token)
        numbers = {"page": 0, "total": len(contents), "start": 0, "end": max(0, len(contents) - 1)}
        more = {"nextPage": 0, "lastPage": 0, "before_sid": None, "after_sid": after, "meta": meta}
        return {"contents": contents} | numbers | more

    def _remember(self, place: tuple[str, str], token: str) -> None:
        self._tokens[place] = token
        self._tokens.move_to_end(place)
        if len(self._tokens) > REMEMBERED:
            self._tokens.popitem(last=False)


def unknown_after(query: Parameters, refusal: Refusal) -> Refusal:
    """A refused page token in the words of who sent it: the client named a sid."""
    after = query.text("AfterSid")
    if after is None or refusal.code != 21481:
        return refusal
    return Refusal(f"AfterSid {after[:100]} is not in this list", code=refusal.code)
