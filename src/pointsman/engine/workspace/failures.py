"""What follows when the last open reservation of a set ended without acceptance: ruling 1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import TaskCanceled
from pointsman.domain.limits import ASSIGNMENT_COUNT_MOST, SECOND
from pointsman.domain.nouns import Task
from pointsman.engine.workspace import routing

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

TOO_OFTEN = "Max assignment count exceeded"


def barred_until(ws: WorkspaceEngine, task: Task, worker_sid: str) -> int:
    """From the second failure in a row on, a worker is no candidate for 1, 2, 4 … seconds; 0: not barred."""
    earlier = task.failures[worker_sid].count if worker_sid in task.failures else 0
    most = ws.settings.reoffer_backoff_seconds
    if earlier == 0 or most == 0:
        return 0
    return ws.now + min(1 << min(earlier - 1, 30), most) * SECOND


def set_failed(ws: WorkspaceEngine, task: Task, workers: frozenset[str]) -> None:
    """The set is over and the task pending again: (a) its deadline may have passed, else it rejoins its line.

    What ruling 1 says of (c) and (d) is looked at after settling (`follow_up`), for (b) goes first.
    """
    if task.assignment_count >= ASSIGNMENT_COUNT_MOST:
        ws.record(TaskCanceled(task.sid, TOO_OFTEN, "assignment-count"))
    elif routing.is_outdated(ws, task) and routing.evaluate_anew(ws, task):
        return
    elif task.deadline is not None and ws.now >= task.deadline:
        routing.advance(ws, task, "timeout")
    elif ws.settings.on_reservation_failure == "advance" and routing.has_next_target(ws, task):
        routing.advance(ws, task, "fall-forward")
    else:
        ws.rejoin(task, avoid=workers)
        ws.follow_up_later("failed", task.sid)


def follow_up(ws: WorkspaceEngine, task: Task) -> None:
    """(c) skip_if again; (d) one step forward if the step has a timeout and the filter a next target; (e) wait."""
    ws.floor.forgive(task.sid)
    target = routing.target_of(ws, task)
    if skips(ws, task):
        routing.advance(ws, task, "skip")
    elif (
        ws.settings.on_reservation_failure == "fall_forward"
        and target.timeout is not None
        and routing.has_next_target(ws, task)
    ):
        routing.advance(ws, task, "fall-forward")


def skips(ws: WorkspaceEngine, task: Task) -> bool:
    """True if the routing step is to be left because its skip_if is true (routing.md 5)."""
    target = routing.target_of(ws, task)
    return target.skip_if is not None and target.skip_if.matches({}, {}, {}, ws.workers_document(target.queue))
