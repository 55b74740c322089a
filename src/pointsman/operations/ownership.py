"""Whether a task and a reservation are a worker's own: what a token's permissions leave to be looked up."""

from __future__ import annotations

from pointsman.auth.permissions import ACCESS_DENIED, Lookup
from pointsman.domain.nouns import Task
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine


def check(ws: WorkspaceEngine, lookup: Lookup) -> None:
    """Raises Refusal 403. What does not exist passes: the operation itself says so, with 404.

    A worker may read a task that is routed to it or that it has, or had, a reservation of; it may change one that is
    routed to it or that it has an open reservation of.
    """
    task = ws.tables.tasks.get(lookup.task_sid)
    if task is not None and task.routing_target != lookup.worker_sid and not _holds(ws, task, lookup):
        raise _refusal(f"task {task.sid}", lookup)
    reservation = ws.tables.reservations.get(lookup.reservation_sid)
    if reservation is not None and reservation.worker_sid != lookup.worker_sid:
        raise _refusal(f"reservation {reservation.sid}", lookup)


def _holds(ws: WorkspaceEngine, task: Task, lookup: Lookup) -> bool:
    sids = task.open_reservations if lookup.changes else task.reservations
    known = (ws.tables.reservations.get(sid) for sid in sids)
    return any(reservation is not None and reservation.worker_sid == lookup.worker_sid for reservation in known)


def _refusal(what: str, lookup: Lookup) -> Refusal:
    deed = "change" if lookup.changes else "read"
    message = f"Worker {lookup.worker_sid} may not {deed} {what}: it holds no reservation of it, nor is it routed to it"
    return Refusal(message, status=403, code=ACCESS_DENIED)
