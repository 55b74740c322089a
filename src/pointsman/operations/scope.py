"""One workspace, as one caller may see it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

from pointsman.auth.caller import Caller
from pointsman.auth.permissions import Lookup
from pointsman.domain.refusal import not_found
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations import ownership
from pointsman.runtime.node import Node

T = TypeVar("T")
View = dict[str, Any]

_WORKSPACE_SID = re.compile(r"WS[0-9a-f]{32}")


class WorkspaceScope:
    """Commands and queries for a workspace; one of another account is not found.

    `lookup`, what the caller's permissions leave open, is asked in the same turn: a moment later it may be otherwise.
    """

    __slots__ = ("caller", "lookup", "node", "sid")

    def __init__(self, node: Node, caller: Caller, sid: str, lookup: Lookup | None = None) -> None:
        self.node = node
        self.caller = caller
        self.sid = sid
        self.lookup = lookup

    async def ask(self, query: Callable[[WorkspaceEngine], T]) -> T:
        """The answer of a query, once everything that it has seen is durable. Raises Refusal."""
        self._check_sid()
        return await self.node.ask(self.sid, lambda ws: query(self._own(ws)))

    async def tell(self, command: Callable[[WorkspaceEngine], T]) -> T:
        """The answer of a command, once its facts are durable. Raises Refusal."""
        self._check_sid()
        return await self.node.tell(self.sid, self.caller.origin(), lambda ws: command(self._own(ws)))

    def now(self) -> int:
        """The server's time in microseconds."""
        return self.node.clock.now()

    def _check_sid(self) -> None:
        if not _WORKSPACE_SID.fullmatch(self.sid):
            raise not_found(f"/Workspaces/{self.sid[:100]}")
        if self.caller.workspace_sid not in ("", self.sid):
            raise not_found(f"/Workspaces/{self.sid}")

    def _own(self, ws: WorkspaceEngine) -> WorkspaceEngine:
        workspace = ws.tables.workspace
        if workspace is None or workspace.account_sid != self.caller.account_sid:
            raise not_found(f"/Workspaces/{self.sid}")
        if self.caller.worker_sid:
            ws.worker(self.caller.worker_sid)  # or it has been deleted, and with it what its tokens may do
        if self.lookup is not None:
            ownership.check(ws, self.lookup)
        return ws


def heading(ws: WorkspaceEngine) -> View:
    """What every view of a workspace's resource begins with."""
    return {"account_sid": ws.workspace().account_sid, "workspace_sid": ws.stream}


def name_of(roll: Any, sid: str | None) -> str | None:
    """The friendly name of a record, None if there is none."""
    record = roll.get(sid) if sid else None
    return record.friendly_name if record else None
