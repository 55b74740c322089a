"""Presence: a worker whose last socket has been closed for a while is moved to another activity (ruling 18).

Only workers are watched for whom a socket asked for it. Both commands cost no fact when nothing changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import WorkerAbsent, WorkerActivityChanged, WorkerPresent, WorkerWatchEnded
from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Worker
from pointsman.domain.refusal import Refusal

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

OFFLINE = "Offline"
OFFLINE_SECONDS = 30
"""After this a worker is set offline who asked for it (`setWorkerOfflineIfDisconnected=true`)."""
DISCONNECT_SECONDS = 10
"""After this a `disconnectActivitySid` of the older protocol applies: its clients come back after 0, 1 and 3 s."""


def connected(
    ws: WorkspaceEngine, worker_sid: str, *, offline: bool = False, disconnect_activity_sid: str | None = None
) -> None:
    """A socket of the worker was opened; call it for each one, whatever it asks for.

    One that asks for nothing leaves the worker as watched as before, but holds off a move that is due.
    Raises 404, and 400 if there is no such activity.
    """
    worker = ws.worker(worker_sid)
    if disconnect_activity_sid is not None and disconnect_activity_sid not in ws.tables.activities:
        raise Refusal(f"disconnectActivitySid {disconnect_activity_sid[:100]} is no Activity of workspace {ws.stream}")
    wish = _wish(worker, offline, disconnect_activity_sid)
    watch = worker.watch
    if wish is not None and (watch is None or watch.deadline is not None or wish != (watch.after, watch.activity_sid)):
        ws.record(WorkerPresent(worker_sid, *wish))


def disconnected(ws: WorkspaceEngine, worker_sid: str) -> None:
    """The last socket of the worker was closed; nothing happens if nobody asked, or the worker is gone."""
    worker = ws.tables.workers.get(worker_sid)
    if worker is not None and worker.watch is not None and worker.watch.deadline is None:
        ws.record(WorkerAbsent(worker_sid, ws.now + worker.watch.after * SECOND))


def _wish(worker: Worker, offline: bool, activity_sid: str | None) -> tuple[int, str] | None:
    """Seconds and activity that now hold: what the newest socket asks for, else what was asked before."""
    if activity_sid is not None:
        return DISCONNECT_SECONDS, activity_sid
    if offline:
        return OFFLINE_SECONDS, ""
    return (worker.watch.after, worker.watch.activity_sid) if worker.watch is not None else None


def move_away(ws: WorkspaceEngine, worker: Worker) -> None:
    """Nobody came back. The system's move leaves pending reservations alone (ruling 6)."""
    assert worker.watch is not None
    wanted = worker.watch.activity_sid
    activity_sid = wanted if wanted in ws.tables.activities else _offline_activity(ws)
    if activity_sid is not None and activity_sid != worker.activity_sid:
        ws.record(WorkerActivityChanged(worker.sid, activity_sid))
    ws.record(WorkerWatchEnded(worker.sid))


def _offline_activity(ws: WorkspaceEngine) -> str | None:
    """The activity named Offline, else the workspace's for timeouts, else its default; never an available one."""
    workspace = ws.workspace()
    named = [activity.sid for activity in ws.tables.activities if activity.friendly_name == OFFLINE]
    for sid in (*named, workspace.timeout_activity_sid, workspace.default_activity_sid):
        activity = ws.tables.activities.get(sid)
        if activity is not None and not activity.available:
            return sid
    return None
