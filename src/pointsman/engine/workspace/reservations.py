"""Commands on reservations (rest-api.md 14, ruling 5)."""

from __future__ import annotations

from pointsman.domain.facts import (
    ReservationAccepted,
    ReservationClosed,
    ReservationCompleted,
    ReservationWrapped,
    TaskCompleted,
    TaskWrapped,
    TransferCompleted,
    WorkerActivityChanged,
)
from pointsman.domain.lifecycle import RESERVATION_STATES
from pointsman.domain.nouns import Reservation
from pointsman.domain.refusal import Refusal, gone, stale
from pointsman.engine.workspace import closing, failures
from pointsman.engine.workspace.engine import WorkspaceEngine


def update(
    ws: WorkspaceEngine,
    sid: str,
    *,
    if_match: int | None = None,
    reservation_status: str | None = None,
    worker_activity_sid: str | None = None,
) -> Reservation:
    """Accept, reject, wrap or complete a reservation; without a status nothing changes."""
    reservation = ws.reservation(sid)
    if if_match is not None and if_match != reservation.version:
        raise stale(sid, if_match, reservation.version)
    if worker_activity_sid is not None and worker_activity_sid not in ws.tables.activities:
        raise Refusal(f"WorkerActivitySid {worker_activity_sid} is no Activity of workspace {ws.stream}")
    if reservation_status is None:
        return reservation
    if reservation_status not in RESERVATION_STATES:
        raise Refusal(f"ReservationStatus must be one of {', '.join(RESERVATION_STATES)}")
    if reservation_status == "accepted":
        _accept(ws, reservation)
    elif reservation_status == "rejected":
        _reject(ws, reservation, worker_activity_sid)
    elif reservation_status == "wrapping":
        _wrap(ws, reservation)
    elif reservation_status == "completed":
        _complete(ws, reservation)
    else:
        raise _illegal(reservation, reservation_status)
    return reservation


def _accept(ws: WorkspaceEngine, reservation: Reservation) -> None:
    """The first acceptance wins: the task is assigned, its siblings are rescinded, a transfer has come about."""
    if reservation.status in ("rescinded", "timeout", "canceled", "rejected"):
        raise gone(f"Reservation {reservation.sid} is no longer available: it is {reservation.status}")
    if reservation.status != "pending":
        raise _illegal(reservation, "accepted")
    if reservation.transfer_sid:
        ws.record(TransferCompleted(reservation.transfer_sid))
    ws.record(ReservationAccepted(reservation.sid))
    closing.rescind_others(ws, ws.tables.tasks[reservation.task_sid])
    queue = ws.tables.task_queues.get(reservation.task_queue_sid)
    if ws.single_tasking and queue is not None and queue.assignment_activity_sid:
        ws.record(WorkerActivityChanged(reservation.worker_sid, queue.assignment_activity_sid))


def _reject(ws: WorkspaceEngine, reservation: Reservation, activity_sid: str | None) -> None:
    if reservation.status != "pending":
        raise _illegal(reservation, "rejected")
    task, worker = ws.tables.tasks[reservation.task_sid], ws.tables.workers[reservation.worker_sid]
    barred = failures.barred_until(ws, task, worker.sid)
    fact = ReservationClosed(reservation.sid, "reject", failed=True, barred_until=barred)
    if activity_sid is None:
        closing.close(ws, reservation, fact)
    else:
        closing.let_go(ws, fact)
        if worker.activity_sid != activity_sid:
            ws.record(WorkerActivityChanged(worker.sid, activity_sid))
    closing.after_close(ws, task)


def _wrap(ws: WorkspaceEngine, reservation: Reservation) -> None:
    """The task wraps with its last accepted reservation: after a transfer, the other worker goes on with it."""
    if reservation.status != "accepted":
        raise _illegal(reservation, "wrapping")
    task = ws.tables.tasks[reservation.task_sid]
    accepted = [sid for sid in task.open_reservations if ws.tables.reservations[sid].status == "accepted"]
    if task.status == "assigned" and accepted == [reservation.sid]:
        ws.record(TaskWrapped(task.sid))
    ws.record(ReservationWrapped(reservation.sid))


def _complete(ws: WorkspaceEngine, reservation: Reservation) -> None:
    """The task completes with its last open reservation, unless it is being transferred (ruling 17)."""
    if reservation.status not in ("accepted", "wrapping"):
        raise _illegal(reservation, "completed")
    task = ws.tables.tasks[reservation.task_sid]
    if task.open_reservations == (reservation.sid,) and not task.open_transfer:
        ws.record(TaskCompleted(task.sid, closing.ALL_COMPLETED))
    ws.record(ReservationCompleted(reservation.sid))


def _illegal(reservation: Reservation, wanted: str) -> Refusal:
    return Refusal(
        f"Reservation {reservation.sid} is already in state [{reservation.status}] and cannot be updated to [{wanted}]"
    )
