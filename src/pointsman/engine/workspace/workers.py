"""Commands on workers (rest-api.md 8, ruling 6)."""

from __future__ import annotations

from pointsman.domain.facts import ReservationClosed, WorkerActivityChanged, WorkerCreated, WorkerDeleted, WorkerUpdated
from pointsman.domain.limits import check_attributes, check_name
from pointsman.domain.nouns import Worker
from pointsman.domain.refusal import Refusal, stale
from pointsman.engine.workspace import closing, failures
from pointsman.engine.workspace.engine import WorkspaceEngine


def create(
    ws: WorkspaceEngine, *, friendly_name: str, activity_sid: str | None = None, attributes: str | None = None
) -> Worker:
    """A worker in the given or the default activity, with capacity 1 on every channel."""
    workspace = ws.workspace()
    _check_free(ws, check_name("FriendlyName", friendly_name), None)
    if attributes is not None:
        check_attributes(attributes)
    if activity_sid is not None:
        _check_activity(ws, activity_sid)
    activity = activity_sid or workspace.default_activity_sid
    fact = WorkerCreated(ws.ids("WK"), friendly_name, activity, "{}" if attributes is None else attributes)
    ws.record(fact)
    return ws.worker(fact.sid)


def update(
    ws: WorkspaceEngine,
    sid: str,
    *,
    if_match: int | None = None,
    friendly_name: str | None = None,
    attributes: str | None = None,
    activity_sid: str | None = None,
    reject_pending_reservations: bool = False,
) -> Worker:
    """Change a worker. A move to an unavailable activity is refused while reservations are pending, unless rejected."""
    worker = ws.worker(sid)
    _check_version(worker, if_match)
    if friendly_name is not None:
        _check_free(ws, check_name("FriendlyName", friendly_name), sid)
    if attributes is not None:
        check_attributes(attributes)
    if activity_sid is not None:
        _check_move(ws, worker, activity_sid, reject_pending_reservations)
    if friendly_name is not None or attributes is not None:
        ws.record(WorkerUpdated(sid, friendly_name, attributes))
    if activity_sid is not None:
        _move(ws, worker, activity_sid)
    return worker


def delete(ws: WorkspaceEngine, sid: str, *, if_match: int | None = None) -> None:
    """Refused while the worker has open reservations (ruling 19)."""
    worker = ws.worker(sid)
    _check_version(worker, if_match)
    held = len(ws.seat(sid).reservations)
    if held:
        noun = "reservation" if held == 1 else "reservations"
        raise Refusal(f"Worker {sid} cannot be deleted because of {held} open {noun}")
    ws.record(WorkerDeleted(sid))


def _move(ws: WorkspaceEngine, worker: Worker, activity_sid: str) -> None:
    """Rejected tasks are routed on when the activity has changed: they must not be offered to this worker again."""
    pending = [] if ws.activity(activity_sid).available else ws.seat(worker.sid).pending()
    tasks = [ws.tables.tasks[reservation.task_sid] for reservation in pending]
    for reservation, task in zip(pending, tasks, strict=True):
        barred = failures.barred_until(ws, task, worker.sid)
        closing.let_go(ws, ReservationClosed(reservation.sid, "reject", failed=True, barred_until=barred))
    if worker.activity_sid != activity_sid:
        ws.record(WorkerActivityChanged(worker.sid, activity_sid))
    for task in tasks:
        closing.after_close(ws, task)


def _check_move(ws: WorkspaceEngine, worker: Worker, activity_sid: str, reject: bool) -> None:
    _check_activity(ws, activity_sid)
    available = ws.activity(activity_sid).available
    if reject and available:
        raise Refusal("Unable to reject pending reservations when updating to an Available activity state.")
    pending = len(ws.seat(worker.sid).pending())
    if pending and not available and not reject:
        raise Refusal(
            f"Worker {worker.sid} cannot have its activity updated since it has {pending} pending reservations."
        )


def _check_activity(ws: WorkspaceEngine, sid: str) -> None:
    if sid not in ws.tables.activities:
        raise Refusal(f"ActivitySid {sid} is no Activity of workspace {ws.stream}")


def _check_free(ws: WorkspaceEngine, name: str, sid: str | None) -> None:
    if ws.worker_names.get(name.lower(), sid) != sid:
        raise Refusal("Worker with the same friendly name already exists")


def _check_version(worker: Worker, if_match: int | None) -> None:
    if if_match is not None and if_match != worker.version:
        raise stale(worker.sid, if_match, worker.version)
