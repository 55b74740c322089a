"""Ending reservations, singly and with their task, and what the end means for the worker and the set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import ReservationClosed, ReservationCompleted, TaskCompleted, WorkerActivityChanged
from pointsman.domain.nouns import Reservation, Task
from pointsman.engine.workspace import failures, handover

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine


ALL_COMPLETED = "All reservations were completed"


def let_go(ws: WorkspaceEngine, fact: ReservationClosed) -> None:
    """Record that a pending reservation ended. What that means for its transfer must be recorded before it."""
    handover.before_close(ws, fact)
    ws.record(fact)


def close(ws: WorkspaceEngine, reservation: Reservation, fact: ReservationClosed) -> None:
    """End a pending reservation; in single-tasking the worker goes back to the activity before it."""
    let_go(ws, fact)
    previous = reservation.worker_previous_activity_sid
    worker = ws.tables.workers[reservation.worker_sid]
    if ws.single_tasking and previous in ws.tables.activities and previous != worker.activity_sid:
        ws.record(WorkerActivityChanged(worker.sid, previous))


def after_close(ws: WorkspaceEngine, task: Task) -> None:
    """If that was the last open reservation of the set, route the task on. Call it when all facts are recorded."""
    if task.status == "pending":
        failed = frozenset(ws.tables.reservations[sid].worker_sid for sid in ws.last_set(task))
        if task.open_transfer:
            handover.attempt_failed(ws, task, failed)
        else:
            failures.set_failed(ws, task, failed)
    complete_if_left(ws, task)


def complete_if_left(ws: WorkspaceEngine, task: Task) -> None:
    """A transfer failed whose transferor had gone already: the last open reservation has ended (ruling 17)."""
    if task.status == "assigned" and not task.open_reservations:
        ws.record(TaskCompleted(task.sid, ALL_COMPLETED))


def close_pending(ws: WorkspaceEngine, task: Task, reason: str | None) -> None:
    """The task goes away before acceptance: its pending reservations are canceled."""
    for reservation in _open(ws, task):
        if reservation.status == "pending":
            close(ws, reservation, ReservationClosed(reservation.sid, "cancel", reason, with_task=True))


def rescind_others(ws: WorkspaceEngine, task: Task) -> None:
    """Somebody accepted: the other pending reservations of the set are taken away."""
    for reservation in _open(ws, task):
        if reservation.status == "pending":
            close(ws, reservation, ReservationClosed(reservation.sid, "rescind"))


def complete_open(ws: WorkspaceEngine, task: Task) -> None:
    for reservation in _open(ws, task):
        if reservation.status in ("accepted", "wrapping"):
            ws.record(ReservationCompleted(reservation.sid))


def end_open(ws: WorkspaceEngine, task: Task) -> None:
    """The task is deleted: pending reservations are canceled, accepted ones completed (routing.md 1.2)."""
    if task.open_transfer:
        handover.fail(ws, task, handover.TASK_DELETED)
    close_pending(ws, task, None)
    complete_open(ws, task)


def _open(ws: WorkspaceEngine, task: Task) -> list[Reservation]:
    return [ws.tables.reservations[sid] for sid in task.open_reservations]
