"""Commands on activities (rest-api.md 7)."""

from __future__ import annotations

from pointsman.domain.facts import ActivityCreated, ActivityDeleted, ActivityUpdated
from pointsman.domain.limits import check_name
from pointsman.domain.nouns import Activity
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine


def create(ws: WorkspaceEngine, *, friendly_name: str, available: bool = False) -> Activity:
    """Availability is fixed for ever."""
    ws.workspace()
    fact = ActivityCreated(ws.ids("WA"), check_name("FriendlyName", friendly_name), available)
    ws.record(fact)
    return ws.activity(fact.sid)


def update(ws: WorkspaceEngine, sid: str, *, friendly_name: str | None = None) -> Activity:
    activity = ws.activity(sid)
    if friendly_name is not None:
        ws.record(ActivityUpdated(sid, check_name("FriendlyName", friendly_name)))
    return activity


def delete(ws: WorkspaceEngine, sid: str) -> None:
    """Refused while a worker, a workspace setting or a queue uses it (ruling 19)."""
    activity, workspace = ws.activity(sid), ws.workspace()
    if sid in (workspace.default_activity_sid, workspace.timeout_activity_sid):
        raise _held(activity, f"it is the default or timeout Activity of workspace {workspace.sid}")
    for worker in ws.tables.workers:
        if worker.activity_sid == sid:
            raise _held(activity, f"Worker {worker.sid} is in it")
    for queue in ws.tables.task_queues:
        if sid in (queue.reservation_activity_sid, queue.assignment_activity_sid):
            raise _held(activity, f"TaskQueue {queue.sid} uses it")
    ws.record(ActivityDeleted(sid))


def _held(activity: Activity, why: str) -> Refusal:
    return Refusal(f"Activity {activity.sid} cannot be deleted because {why}")
