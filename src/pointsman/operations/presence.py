"""Presence: whether a worker has a socket open, and what shall happen to one who no longer has."""

from __future__ import annotations

from pointsman.engine.workspace import presence as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.scope import WorkspaceScope


async def connected(
    scope: WorkspaceScope, worker_sid: str, *, offline: bool, disconnect_activity_sid: str | None
) -> None:
    """A socket of the worker opens, and asks for this. Raises Refusal."""

    def command(ws: WorkspaceEngine) -> None:
        commands.connected(ws, worker_sid, offline=offline, disconnect_activity_sid=disconnect_activity_sid)

    await scope.tell(command)


async def disconnected(scope: WorkspaceScope, worker_sid: str) -> None:
    """The last socket of the worker has closed. Raises Refusal if the workspace is gone."""
    await scope.tell(lambda ws: commands.disconnected(ws, worker_sid))
