"""Figures as neutral views: Twilio's fields, every one of them, zero where nothing was counted (docs/STATISTICS.md)."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

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
    return _totals(_by_kind(counts), RESERVATIONS)


def cumulative(counts: Counts, window: Window, thresholds: Sequence[int], own: Kinds) -> View:
    """What a workspace, workflow or queue counts; `own` are the figures that only it has."""
    by_kind = _by_kind(counts)
    accepted, canceled = _waits(by_kind, marks.ACCEPTED), _waits(by_kind, marks.CANCELED)
    view = span(window) | _totals(by_kind, {**RESERVATIONS, **TASKS, **own})
    view |= {
        "avg_task_acceptance_time": _mean(accepted),
        "wait_duration_until_accepted": _durations(accepted + _waits(by_kind, marks.ACCEPTED_TRANSFER)),
        "wait_duration_until_canceled": _durations(canceled),
        "split_by_wait_time": _splits(accepted, canceled, thresholds),
    }
    if own is OF_QUEUE:
        view["wait_duration_in_queue_until_accepted"] = _durations(_waits(by_kind, marks.WAITED_IN_QUEUE))
    return view


def span(window: Window) -> View:
    return {"start_time": window.since * SECOND, "end_time": window.until * SECOND}


def _by_kind(counts: Counts) -> dict[int, Counter[int]]:
    """Kind → seconds or NO_WAIT → how often."""
    found: dict[int, Counter[int]] = {}
    for (kind, wait), n in counts.items():
        found.setdefault(kind, Counter())[wait] = n
    return found


def _totals(by_kind: dict[int, Counter[int]], of: Kinds) -> View:
    totals = {kind: waits.total() for kind, waits in by_kind.items()}
    return {name: sum(totals.get(kind, 0) for kind in kinds) for name, kinds in of.items()}


def _waits(by_kind: dict[int, Counter[int]], kind: int) -> Counter[int]:
    """Seconds → how often so long was waited."""
    return Counter({wait: n for wait, n in by_kind.get(kind, Counter()).items() if wait >= 0})


def _mean(waits: Counter[int]) -> float:
    times = waits.total()
    return sum(wait * n for wait, n in waits.items()) / times if times else 0.0


def whole(mean: float) -> int:
    """To the nearest second; a half is rounded up."""
    return int(mean + 0.5)


def _durations(waits: Counter[int]) -> View:
    total = sum(wait * n for wait, n in waits.items())
    return {"avg": whole(_mean(waits)), "min": min(waits, default=0), "max": max(waits, default=0), "total": total}


def _splits(accepted: Counter[int], canceled: Counter[int], thresholds: Sequence[int]) -> View:
    """Below is shorter than the threshold: a wait of just so long is above."""
    if not thresholds:
        return {}
    view: View = {}
    all_accepted, all_canceled = accepted.total(), canceled.total()
    for threshold, left, taken in zip(
        thresholds, _below(canceled, thresholds), _below(accepted, thresholds), strict=True
    ):
        view[str(threshold)] = {
            "above": {"tasks_canceled": all_canceled - left, "reservations_accepted": all_accepted - taken},
            "below": {"tasks_canceled": left, "reservations_accepted": taken},
        }
    return view


def _below(waits: Counter[int], thresholds: Sequence[int]) -> list[int]:
    """How many waits are shorter than each threshold: both may be many, so the waits are sorted once."""
    lengths = sorted(waits)
    sums = [0, *accumulate(waits[length] for length in lengths)]
    return [sums[bisect_left(lengths, threshold)] for threshold in thresholds]


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
