"""What waiting people want to know: a task's position, and how soon a queue answers."""

from __future__ import annotations

from pointsman.domain.limits import SECOND, TASK_TIMEOUT_MOST_SECONDS, check_number
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history.history import History
from pointsman.history.marks import ACCEPTED, CANCELED, QUEUE
from pointsman.operations.scope import View, WorkspaceScope, heading
from pointsman.operations.statistics import Statistics
from pointsman.operations.statistics_views import span
from pointsman.operations.statistics_window import StatisticsQuery

THRESHOLD = 20
"""Seconds within which a call should be answered, by custom."""


async def position(scope: WorkspaceScope, sid: str) -> View:
    """Where a pending task stands among those that wait for its queue; null for a task that does not wait."""
    return await scope.ask(lambda ws: _position(ws, sid))


def _position(ws: WorkspaceEngine, sid: str) -> View:
    task = ws.task(sid)
    place = ws.floor.place(sid)
    entered = task.task_queue_entered_date
    return heading(ws) | {
        "task_sid": sid,
        "task_queue_sid": task.task_queue_sid,
        "assignment_status": task.status,
        "position": place[0] if place else None,
        "tasks_waiting": place[1] if place else None,
        "age": (ws.now - task.date_created) // SECOND,
        "age_in_queue": (ws.now - entered) // SECOND if entered is not None else None,
    }


async def service_level(
    scope: WorkspaceScope, history: History, sid: str, threshold: int | None, query: StatisticsQuery
) -> View:
    """How many tasks of a queue were accepted within the threshold, of all that waited for it.

    Who left before the threshold gave nobody the chance, and does not count.
    """
    seconds = check_number("Threshold", THRESHOLD if threshold is None else threshold, 1, TASK_TIMEOUT_MOST_SECONDS)
    asked, counts = await Statistics(scope, history, query).counted(QUEUE, sid)
    accepted = {wait: n for (kind, wait), n in counts.items() if kind == ACCEPTED}
    canceled = {wait: n for (kind, wait), n in counts.items() if kind == CANCELED}
    within = sum(n for wait, n in accepted.items() if wait < seconds)
    left_early = sum(n for wait, n in canceled.items() if wait < seconds)
    waited = sum(accepted.values()) + sum(canceled.values()) - left_early
    return (
        asked.view
        | span(asked.window)
        | {
            "threshold": seconds,
            "tasks_accepted": sum(accepted.values()),
            "tasks_accepted_within_threshold": within,
            "tasks_canceled": sum(canceled.values()),
            "tasks_canceled_within_threshold": left_early,
            "service_level": round(within / waited, 4) if waited else None,
        }
    )
