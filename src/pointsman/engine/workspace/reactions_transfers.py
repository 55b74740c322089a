"""What the floor does when a transfer begins or ends; registered by being imported."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain import facts
from pointsman.engine.workspace.reactions import to

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine


@to(facts.TransferInitiated)
def _(ws: WorkspaceEngine, fact: facts.TransferInitiated) -> None:
    task = ws.tables.tasks[fact.task_sid]
    if fact.attributes is not None:
        ws.documents.pop(task.sid, None)
    if task.status == "pending":
        ws.rejoin(task)


@to(facts.TransferCompleted)
def _(ws: WorkspaceEngine, fact: facts.TransferCompleted) -> None:
    _over(ws, fact.sid)


@to(facts.TransferFailed)
def _(ws: WorkspaceEngine, fact: facts.TransferFailed) -> None:
    _over(ws, fact.sid)


@to(facts.TransferCanceled)
def _(ws: WorkspaceEngine, fact: facts.TransferCanceled) -> None:
    _over(ws, fact.sid)


def _over(ws: WorkspaceEngine, sid: str) -> None:
    task_sid = ws.tables.transfers[sid].task_sid
    ws.floor.leave(task_sid)
    ws.timers.clear("bar", task_sid)
