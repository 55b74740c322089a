"""The assignment callback of a reservation: whether one is due, and what its answer does (rulings 1 and 14)."""

from __future__ import annotations

from typing import NamedTuple

from pointsman.domain.facts import AssignmentAnswered, ReservationClosed
from pointsman.domain.nouns import Reservation
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import alerts, closing, failures, reservations
from pointsman.engine.workspace.engine import WorkspaceEngine

REJECT_ACTIVITY = 40100
STATUSES = {"accept": "accepted", "reject": "rejected"}
"""The outcomes that are instructions, and the statuses that they ask for."""


class Complaint(NamedTuple):
    """What was wrong with a callback; it becomes an alert. `text` says nothing of the one reservation."""

    code: int
    text: str
    url: str


def due(ws: WorkspaceEngine, sid: str) -> Reservation | None:
    """The reservation if its callback is to be made: pending, not answered yet, and its workflow has a URL."""
    reservation = ws.tables.reservations.get(sid)
    if reservation is None or reservation.status != "pending" or reservation.callback:
        return None
    workflow = ws.tables.workflows.get(reservation.workflow_sid)
    return reservation if workflow is not None and workflow.assignment_callback_url else None


def all_due(ws: WorkspaceEngine) -> list[str]:
    """The sids of all reservations whose callback is to be made, oldest first."""
    return [reservation.sid for reservation in ws.tables.reservations if due(ws, reservation.sid) is not None]


def answer(
    ws: WorkspaceEngine,
    sid: str,
    outcome: str,
    *,
    workflow_sid: str,
    url: str = "",
    activity_sid: str | None = None,
    complaints: tuple[Complaint, ...] = (),
) -> None:
    """Record how a callback ended, one of AssignmentAnswered's outcomes, and do what follows.

    `url` is the one that answered; `activity_sid` goes with a rejection.
    One whose reservation is pending no more, or was answered before, leaves nothing but its alerts.
    """
    ws.workspace()
    reservation = ws.tables.reservations.get(sid)
    for complaint in complaints:
        _alert(ws, complaint, workflow_sid, sid, reservation)
    if reservation is None or reservation.status != "pending" or reservation.callback:
        return
    if outcome in STATUSES:
        refused = _obey(ws, reservation, outcome, activity_sid, url)
        if refused is not None:
            outcome = "invalid"
            _alert(ws, refused, workflow_sid, sid, reservation)
    ws.record(AssignmentAnswered(sid, outcome))
    if outcome == "cancel":
        _cancel(ws, reservation)


def _obey(
    ws: WorkspaceEngine, reservation: Reservation, outcome: str, activity_sid: str | None, url: str
) -> Complaint | None:
    """Accept or reject as a client would; what was wrong if that is refused, which comes before the first fact."""
    status = STATUSES[outcome]
    try:
        reservations.update(ws, reservation.sid, reservation_status=status, worker_activity_sid=activity_sid)
    except Refusal as refusal:
        return Complaint(REJECT_ACTIVITY if activity_sid is not None else refusal.code, refusal.message, url)
    return None


def _cancel(ws: WorkspaceEngine, reservation: Reservation) -> None:
    """Both URLs failed. It is a failure of the server's side: it does not count towards the Max Assignment Count."""
    task = ws.tables.tasks[reservation.task_sid]
    barred = failures.barred_until(ws, task, reservation.worker_sid)
    fact = ReservationClosed(reservation.sid, "cancel", failed=True, barred_until=barred, counts=False)
    closing.close(ws, reservation, fact)
    closing.after_close(ws, task)


def _alert(
    ws: WorkspaceEngine, complaint: Complaint, workflow_sid: str, sid: str, reservation: Reservation | None
) -> None:
    alerts.raise_alert(
        ws,
        complaint.code,
        complaint.text,
        task_sid=reservation.task_sid if reservation else "",
        worker_sid=reservation.worker_sid if reservation else "",
        reservation_sid=sid,
        task_queue_sid=reservation.task_queue_sid if reservation else "",
        workflow_sid=workflow_sid,
        url=complaint.url,
    )
