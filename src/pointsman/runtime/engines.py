"""Which engine a stream has, told by its name."""

from __future__ import annotations

from pointsman.engine.account.engine import AccountEngine
from pointsman.engine.core.stream import Ids, StreamEngine
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.settings import Settings


def engine_for(stream: str, settings: Settings, ids: Ids) -> StreamEngine:
    """WS… is a workspace, AC… an account."""
    if stream.startswith("WS"):
        return WorkspaceEngine(stream, settings, ids)
    if stream.startswith("AC"):
        return AccountEngine(stream, settings, ids)
    raise ValueError(f"no engine for a stream named {stream}")
