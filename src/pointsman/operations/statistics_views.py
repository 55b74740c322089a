"""Figures as neutral views: Twilio's fields, every one of them, zero where nothing was counted (docs/STATISTICS.md)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from pointsman.domain.limits import SECOND
from pointsman.engine.workspace.board import Figures, Longest
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history import marks
from pointsman.history.figures import Spent, Window
from pointsman.history.file_statements import Counts
from pointsman.operations.scope import View

Kinds = Mapping[str, tuple[int, ...]]
"""Which kinds of marks a figure counts."""

RESERVATIONS: Kinds = {
    "reservations_created": (marks.RESERVED,),
    "reservations_accepted": (marks.ACCEPTED, marks.ACCEPTED_TRANSFER),
    "reservations_rejected": (marks.REJECTED,),
    "reservations_timed_out": (marks.TIMED_OUT,),
    "reservations_canceled": (marks.WITHDRAWN,),
    "reservations_rescinded": (marks.RESCINDED,),
}
TASKS: Kinds = {
    "tasks_canceled": (marks.CANCELED,),
    "tasks_completed": (marks.COMPLETED,),
    "tasks_deleted": (marks.DELETED,),
    "tasks_moved": (marks.MOVED,),
}
OF_WORKSPACE: Kinds = {"tasks_created": (marks.CREATED,), "tasks_timed_out_in_workflow": (marks.TIMED_OUT_IN_WORKFLOW,)}
OF_WORKFLOW: Kinds = {
    "tasks_entered": (marks.ENTERED_WORKFLOW,),
    "tasks_timed_out_in_workflow": (marks.TIMED_OUT_IN_WORKFLOW,),
}
OF_QUEUE: Kinds = {"tasks_entered": (marks.ENTERED_QUEUE,)}

# -- cumulative


def reservations(counts: Counts) -> View:
    """The six figures that workers have, too."""
    return {name: _total(counts, kinds) for name, kinds in RESERVATIONS.items()}


def cumulative(counts: Counts, window: Window, thresholds: Sequence[int], own: Kinds) -> View:
    """What a workspace, workflow or queue counts; `own` are the figures that only it has."""
    accepted, canceled = _waits(counts, marks.ACCEPTED), _waits(counts, marks.CANCELED)
    view = span(window) | reservations(counts)
    view |= {name: _total(counts, kinds) for name, kinds in ({**TASKS, **own}).items()}
    view |= {
        "avg_task_acceptance_time": _mean(accepted),
        "wait_duration_until_accepted": _durations(accepted + _waits(counts, marks.ACCEPTED_TRANSFER)),
        "wait_duration_until_canceled": _durations(canceled),
        "split_by_wait_time": {str(threshold): _split(accepted, canceled, threshold) for threshold in thresholds},
    }
    if own is OF_QUEUE:
        view["wait_duration_in_queue_until_accepted"] = _durations(_waits(counts, marks.WAITED_IN_QUEUE))
    return view


def span(window: Window) -> View:
    return {"start_time": window.since * SECOND, "end_time": window.until * SECOND}


def _total(counts: Counts, kinds: tuple[int, ...]) -> int:
    return sum(n for (kind, _), n in counts.items() if kind in kinds)


def _waits(counts: Counts, of_kind: int) -> Counter[int]:
    """Seconds → how often so long was waited."""
    return Counter({wait: n for (kind, wait), n in counts.items() if kind == of_kind and wait >= 0})


def _mean(waits: Counter[int]) -> float:
    times = waits.total()
    return sum(wait * n for wait, n in waits.items()) / times if times else 0.0


def whole(mean: float) -> int:
    """To the nearest second; a half is rounded up."""
    return int(mean + 0.5)


def _durations(waits: Counter[int]) -> View:
    total = sum(wait * n for wait, n in waits.items())
    return {"avg": whole(_mean(waits)), "min": min(waits, default=0), "max": max(waits, default=0), "total": total}


def _split(accepted: Counter[int], canceled: Counter[int], threshold: int) -> View:
    """Below is shorter than the threshold: a wait of just so long is above."""

    def side(above: bool) -> View:
        chosen = [sum(n for wait, n in waits.items() if (wait >= threshold) is above) for waits in (canceled, accepted)]
        return {"tasks_canceled": chosen[0], "reservations_accepted": chosen[1]}

    return {"above": side(True), "below": side(False)}


def activity_durations(ws: WorkspaceEngine, spent: dict[str, Spent]) -> list[View]:
    return [
        {"sid": activity.sid, "friendly_name": activity.friendly_name} | _spent(spent.get(activity.sid))
        for activity in ws.tables.activities
    ]


def _spent(spent: Spent | None) -> View:
    if spent is None:
        return {"avg": 0, "min": 0, "max": 0, "total": 0}
    return {"avg": whole(spent.total / spent.times), "min": spent.least, "max": spent.most, "total": spent.total}


# -- real-time


def tasks(ws: WorkspaceEngine, figures: Figures) -> View:
    """How many tasks there are, and who has waited longest since it was created."""
    age, sid = _age(ws, figures.oldest)
    return {
        "longest_task_waiting_age": age,
        "longest_task_waiting_sid": sid,
        "tasks_by_status": figures.statuses,
        "tasks_by_priority": {str(priority): n for priority, n in figures.priorities.items()},
        "total_tasks": figures.total,
    }


def queue(ws: WorkspaceEngine, sid: str, channel: str | None) -> View:
    """The real-time figures of a queue; zeros for one that there is not."""
    figures = ws.board.figures(sid, channel)
    age, longest = _age(ws, figures.longest_in_queue)
    return tasks(ws, figures) | {
        "longest_relative_task_age_in_queue": age,
        "longest_relative_task_sid_in_queue": longest,
        **members(ws, sid),
    }


def members(ws: WorkspaceEngine, sid: str) -> View:
    """The workers of a queue."""
    roster = ws.floor.rosters.get(sid)
    by_activity = roster.activities if roster is not None else {}
    return {
        "activity_statistics": activities(ws, by_activity),
        "total_available_workers": sum(
            by_activity.get(activity.sid, 0) for activity in ws.tables.activities if activity.available
        ),
        "total_eligible_workers": len(roster.members) if roster is not None else 0,
    }


def workspace(ws: WorkspaceEngine, channel: str | None) -> View:
    return tasks(ws, ws.board.figures(None, channel)) | workers(ws)


def workers(ws: WorkspaceEngine, chosen: Iterable[str] | None = None) -> View:
    """All workers, or those with these sids, by activity."""
    if chosen is None:
        return {"activity_statistics": activities(ws, ws.everyone()), "total_workers": len(ws.tables.workers)}
    counted = Counter(ws.tables.workers[sid].activity_sid for sid in chosen)
    return {"activity_statistics": activities(ws, counted), "total_workers": counted.total()}


def activities(ws: WorkspaceEngine, counted: dict[str, int]) -> list[View]:
    """Every activity, those without workers too."""
    return [
        {"sid": activity.sid, "friendly_name": activity.friendly_name, "workers": counted.get(activity.sid, 0)}
        for activity in ws.tables.activities
    ]


def _age(ws: WorkspaceEngine, longest: Longest | None) -> tuple[int, str | None]:
    if longest is None:
        return 0, None
    since, _, sid = longest
    return (ws.now - since) // SECOND, sid
