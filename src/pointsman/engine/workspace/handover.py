"""What becomes of a transfer when the reservations that it made end without acceptance (routing.md 1.3).

To a worker it has failed. To a queue that was an attempt: the task waits there again, and whoever let it go is last in
line and, from the second time on, out of it for a while, as in ruling 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import ReservationClosed, TransferAttemptFailed, TransferFailed
from pointsman.domain.limits import TRANSFER_ATTEMPTS_MOST
from pointsman.domain.nouns import Task

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

TASK_DELETED = "Transfer failed because the task was deleted"
TOO_OFTEN = "Transfer failed because too many attempts failed"
_FAILED = {
    "reject": "Transfer failed because the reservation was rejected",
    "time out": "Transfer failed because the reservation timed out",
    "cancel": "Transfer failed because the reservation was canceled",
}
_ENDS = {"rejected": "reject", "timeout": "timeout", "canceled": "cancel"}


def before_close(ws: WorkspaceEngine, fact: ReservationClosed) -> None:
    """A transfer to a worker fails before its reservation closes: that event must show the transfer as failed."""
    reservation = ws.tables.reservations[fact.sid]
    transfer = ws.tables.transfers.get(reservation.transfer_sid)
    if transfer is not None and transfer.status == "initiated" and transfer.type == "WORKER":
        fail(ws, ws.tables.tasks[reservation.task_sid], _FAILED[fact.trigger])


def attempt_failed(ws: WorkspaceEngine, task: Task, workers: frozenset[str]) -> None:
    """The last open reservation of a set of a transfer to a queue has ended: the task waits in that queue again."""
    last = max((ws.tables.reservations[sid] for sid in ws.last_set(task)), key=lambda one: one.date_updated)
    text = f"Transfer attempt failed on reservation {_ENDS[last.status]} because there are no more pending reservations"
    ws.record(TransferAttemptFailed(task.open_transfer, text))
    if ws.tables.transfers[task.open_transfer].attempts >= TRANSFER_ATTEMPTS_MOST:
        fail(ws, task, TOO_OFTEN)
    else:
        ws.rejoin(task, avoid=workers)
        ws.follow_up_later("failed", task.sid)


def fail(ws: WorkspaceEngine, task: Task, reason: str) -> None:
    ws.record(TransferFailed(task.open_transfer, reason))
