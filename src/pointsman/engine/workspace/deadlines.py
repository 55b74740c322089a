"""The workspace's timers: what each kind does when it is due."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import ReservationClosed, TaskCanceled, TaskDeleted, TaskRemoved, WorkerActivityChanged
from pointsman.domain.limits import ASSIGNED_MOST_SECONDS, SECOND
from pointsman.domain.nouns import Reservation, Task, Worker
from pointsman.engine.workspace import closing, failures, presence, routing

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

TTL_EXCEEDED = "Task TTL Exceeded"
TARGET_MISSED = "RoutingTarget SLA for Reservation creation was not met"
MINUTE = 60 * SECOND


def set_task_timers(ws: WorkspaceEngine, task: Task) -> None:
    """All timers that a task's state asks for; clears the others."""
    waits = task.status in ("pending", "reserved") and not task.ever_accepted
    _set(ws, "ttl", task.sid, task.date_created + task.timeout * SECOND if waits else None)
    _set(ws, "step", task.sid, task.deadline if waits else None)
    _set(ws, "target", task.sid, _target_deadline(ws, task))
    held = task.ever_accepted and task.finished_at is None  # also while it is being transferred
    _set(ws, "assigned", task.sid, (task.assigned_at or 0) + ASSIGNED_MOST_SECONDS * SECOND if held else None)
    removal = ws.settings.task_removal_seconds * SECOND
    _set(ws, "removal", task.sid, None if task.finished_at is None else task.finished_at + removal)


def _target_deadline(ws: WorkspaceEngine, task: Task) -> int | None:
    """By when a task for one worker must have been reserved; None if it was, or may wait."""
    within = ws.settings.routing_target_sla_seconds * SECOND
    if not within or task.reservations or task.status != "pending":
        return None
    return task.date_created + within if (task.routing_target or "").startswith("WK") else None


def clear_task_timers(ws: WorkspaceEngine, sid: str) -> None:
    for kind in ("ttl", "step", "target", "assigned", "removal", "bar"):
        ws.timers.clear(kind, sid)


def set_reservation_timer(ws: WorkspaceEngine, reservation: Reservation) -> None:
    deadline = max(reservation.deadline, ws.tables.grace_until) if reservation.status == "pending" else None
    _set(ws, "reservation", reservation.sid, deadline)


def set_absence_timer(ws: WorkspaceEngine, worker: Worker) -> None:
    _set(ws, "absence", worker.sid, None if worker.watch is None else worker.watch.deadline)


def set_bar_timer(ws: WorkspaceEngine, task: Task) -> None:
    """Wake the task when the first of its barred workers is a candidate again."""
    ends = [failure.until for failure in task.failures.values() if failure.until > ws.now] if task.failures else None
    _set(ws, "bar", task.sid, min(ends) if ends else None)


def _set(ws: WorkspaceEngine, kind: str, sid: str, deadline: int | None) -> None:
    if deadline is None or (ws.tables.parked and (kind, sid) in ws.tables.parked):
        ws.timers.clear(kind, sid)
    else:
        ws.timers.set(kind, sid, deadline)


def fire(ws: WorkspaceEngine, kind: str, sid: str) -> None:
    """Run the command of a timer that is due."""
    if kind == "clock":
        ws.clock_ticked()
    elif kind == "reservation":
        _reservation_timed_out(ws, ws.tables.reservations[sid])
    elif kind == "absence":
        presence.move_away(ws, ws.tables.workers[sid])
    else:
        _TASK_TIMERS[kind](ws, ws.tables.tasks[sid])


def _reservation_timed_out(ws: WorkspaceEngine, reservation: Reservation) -> None:
    task = ws.tables.tasks[reservation.task_sid]
    barred = failures.barred_until(ws, task, reservation.worker_sid)
    counts = reservation.callback != "failed"  # nobody may have heard of it (ruling 1)
    fact = ReservationClosed(reservation.sid, "time out", failed=True, barred_until=barred, counts=counts)
    closing.let_go(ws, fact)
    workspace = ws.workspace()
    worker = ws.tables.workers[reservation.worker_sid]
    if workspace.timeout_activity_sid and worker.activity_sid != workspace.timeout_activity_sid:
        ws.record(WorkerActivityChanged(worker.sid, workspace.timeout_activity_sid))
    closing.after_close(ws, task)


def _ttl_passed(ws: WorkspaceEngine, task: Task) -> None:
    closing.close_pending(ws, task, TTL_EXCEEDED)
    ws.record(TaskCanceled(task.sid, TTL_EXCEEDED, "ttl"))


def _step_timed_out(ws: WorkspaceEngine, task: Task) -> None:
    """A deadline does not interrupt an open reservation (ruling 2): it is looked at when that ends."""
    if task.status == "pending":
        routing.advance(ws, task, "timeout")


def _target_missed(ws: WorkspaceEngine, task: Task) -> None:
    ws.record(TaskCanceled(task.sid, TARGET_MISSED, "routing-target-sla"))


def _assigned_too_long(ws: WorkspaceEngine, task: Task) -> None:
    closing.end_open(ws, task)
    ws.record(TaskDeleted(task.sid, by_system=True))


def _removed(ws: WorkspaceEngine, task: Task) -> None:
    ws.record(TaskRemoved(task.sid))


def _bar_lifted(ws: WorkspaceEngine, task: Task) -> None:
    if task.status == "pending":
        ws.rejoin(task)


_TASK_TIMERS = {
    "ttl": _ttl_passed,
    "step": _step_timed_out,
    "target": _target_missed,
    "assigned": _assigned_too_long,
    "removal": _removed,
    "bar": _bar_lifted,
}
