"""Facts to tables: the fold. Live and in replay the same; decides nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from pointsman.domain import facts
from pointsman.domain.facts import AnyFact, Fact
from pointsman.domain.lifecycle import RESERVATION, TASK, after
from pointsman.domain.nouns import (
    Activity,
    Failure,
    Reservation,
    Task,
    TaskChannel,
    TaskQueue,
    Worker,
    WorkerChannel,
    Workflow,
    WorkflowVersion,
    Workspace,
)
from pointsman.engine.workspace.tables import Tables, worker_channel_sid

F = TypeVar("F", bound=Fact)
Fold = Callable[[Tables, int, int, Any], None]
_FOLDS: dict[type[Fact], Fold] = {}


def apply(tables: Tables, seq: int, at: int, fact: AnyFact) -> None:
    """Fold one fact into the tables; `at` is its time in microseconds."""
    _FOLDS[type(fact)](tables, seq, at, fact)


def folds(kind: type[F]) -> Callable[[Callable[[Tables, int, int, F], None]], Fold]:
    def keep(fold: Callable[[Tables, int, int, F], None]) -> Fold:
        _FOLDS[kind] = fold
        return fold

    return keep


def _take_over(record: msgspec.Struct, fact: Fact, *names: str) -> None:
    """Copy the fields that the fact sets; None means unchanged."""
    for name in names:
        value = getattr(fact, name)
        if value is not None:
            setattr(record, name, value)


# -- settings


@folds(facts.WorkspaceCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceCreated) -> None:
    t.workspace = Workspace(
        f.sid,
        f.account_sid,
        f.friendly_name,
        at,
        at,
        f.event_callback_url,
        f.events_filter,
        f.multi_task_enabled,
        f.prioritize_queue_order,
    )


@folds(facts.WorkspaceUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceUpdated) -> None:
    assert t.workspace is not None
    _take_over(t.workspace, f, "friendly_name", "event_callback_url", "multi_task_enabled", "prioritize_queue_order")
    _take_over(t.workspace, f, "default_activity_sid", "timeout_activity_sid")
    if f.events_filter is not None:
        t.workspace.events_filter = f.events_filter or None
    t.workspace.date_updated = at


@folds(facts.WorkspaceDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceDeleted) -> None:
    t.clear()


@folds(facts.WorkspaceResumed)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceResumed) -> None:
    t.grace_until = f.grace_until
    for reservation in t.reservations:
        if reservation.status == "pending":
            reservation.deadline = max(reservation.deadline + f.down, f.grace_until)


@folds(facts.TimerParked)
def _(t: Tables, seq: int, at: int, f: facts.TimerParked) -> None:
    t.parked[f.kind, f.sid] = None


@folds(facts.ActivityCreated)
def _(t: Tables, seq: int, at: int, f: facts.ActivityCreated) -> None:
    t.activities.add(Activity(f.sid, seq, f.friendly_name, f.available, at, at))


@folds(facts.ActivityUpdated)
def _(t: Tables, seq: int, at: int, f: facts.ActivityUpdated) -> None:
    activity = t.activities[f.sid]
    activity.friendly_name = f.friendly_name
    activity.date_updated = at


@folds(facts.ActivityDeleted)
def _(t: Tables, seq: int, at: int, f: facts.ActivityDeleted) -> None:
    t.activities.remove(f.sid)


def _open_channel(worker: Worker, task_channel_sid: str, at: int) -> None:
    sid = worker_channel_sid(worker.sid, task_channel_sid)
    worker.channels[task_channel_sid] = WorkerChannel(sid, task_channel_sid, at, at)


@folds(facts.TaskChannelCreated)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelCreated) -> None:
    optimized = f.channel_optimized_routing
    t.task_channels.add(TaskChannel(f.sid, seq, f.friendly_name, f.unique_name, optimized, at, at))
    for worker in t.workers:
        _open_channel(worker, f.sid, at)


@folds(facts.TaskChannelUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelUpdated) -> None:
    channel = t.task_channels[f.sid]
    _take_over(channel, f, "friendly_name", "channel_optimized_routing")
    channel.date_updated = at


@folds(facts.TaskChannelDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelDeleted) -> None:
    t.task_channels.remove(f.sid)
    for worker in t.workers:
        worker.channels.pop(f.sid, None)


@folds(facts.TaskQueueCreated)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueCreated) -> None:
    queue = TaskQueue(f.sid, seq, f.friendly_name, f.target_workers, at, at)
    _take_over(queue, f, "max_reserved_workers", "task_order", "reservation_activity_sid", "assignment_activity_sid")
    t.task_queues.add(queue)


@folds(facts.TaskQueueUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueUpdated) -> None:
    queue = t.task_queues[f.sid]
    _take_over(queue, f, "friendly_name", "target_workers", "max_reserved_workers", "task_order")
    _take_over(queue, f, "reservation_activity_sid", "assignment_activity_sid")
    queue.date_updated = at


@folds(facts.TaskQueueDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueDeleted) -> None:
    t.task_queues.remove(f.sid)


@folds(facts.WorkflowCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowCreated) -> None:
    workflow = Workflow(f.sid, seq, f.friendly_name, at, at, {1: WorkflowVersion(f.configuration)})
    _take_over(workflow, f, "assignment_callback_url", "fallback_assignment_callback_url", "task_reservation_timeout")
    t.workflows.add(workflow)


@folds(facts.WorkflowUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowUpdated) -> None:
    workflow = t.workflows[f.sid]
    _take_over(workflow, f, "friendly_name", "assignment_callback_url", "fallback_assignment_callback_url")
    _take_over(workflow, f, "task_reservation_timeout")
    if f.configuration is not None:
        old = workflow.current
        workflow.current = old + 1
        workflow.versions[workflow.current] = WorkflowVersion(f.configuration)
        _forget_unfollowed(workflow, old)
    if f.re_evaluate:
        workflow.reevaluated = workflow.current
    workflow.date_updated = at


@folds(facts.WorkflowDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowDeleted) -> None:
    t.workflows.remove(f.sid)


def _forget_unfollowed(workflow: Workflow, version: int) -> None:
    if version != workflow.current and not workflow.versions[version].followers:
        del workflow.versions[version]


def _follow(t: Tables, task: Task, version: int) -> None:
    workflow = t.workflows[task.workflow_sid]
    workflow.versions[version].followers += 1
    task.workflow_version = version


def _unfollow(t: Tables, task: Task) -> None:
    workflow = t.workflows.get(task.workflow_sid)
    if workflow is not None and task.workflow_version in workflow.versions:
        workflow.versions[task.workflow_version].followers -= 1
        _forget_unfollowed(workflow, task.workflow_version)


# -- workers


@folds(facts.WorkerCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerCreated) -> None:
    worker = Worker(f.sid, seq, f.friendly_name, f.attributes, seq, f.activity_sid, at, at, at, {})
    for channel in t.task_channels:
        _open_channel(worker, channel.sid, at)
    t.workers.add(worker)


@folds(facts.WorkerUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerUpdated) -> None:
    worker = t.workers[f.sid]
    _take_over(worker, f, "friendly_name", "attributes")
    if f.attributes is not None:
        worker.attributes_seq = seq
    _touch(worker, at)


@folds(facts.WorkerActivityChanged)
def _(t: Tables, seq: int, at: int, f: facts.WorkerActivityChanged) -> None:
    worker = t.workers[f.sid]
    worker.activity_sid = f.activity_sid
    worker.date_status_changed = at
    _touch(worker, at)


@folds(facts.WorkerChannelUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerChannelUpdated) -> None:
    worker = t.workers[f.worker_sid]
    channel = worker.channels[f.task_channel_sid]
    if f.capacity is not None:
        channel.configured_capacity = f.capacity
    _take_over(channel, f, "available")
    channel.date_updated = at
    worker.version += 1


@folds(facts.WorkerDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkerDeleted) -> None:
    t.workers.remove(f.sid)


def _touch(record: Worker | Task | Reservation, at: int) -> None:
    record.date_updated = at
    record.version += 1


# -- tasks


@folds(facts.TaskCreated)
def _(t: Tables, seq: int, at: int, f: facts.TaskCreated) -> None:
    task = Task(
        sid=f.sid,
        number=seq,
        attributes=f.attributes,
        attributes_seq=seq,
        workflow_sid=f.workflow_sid,
        workflow_version=f.workflow_version,
        task_channel_sid=f.task_channel_sid,
        date_created=at,
        date_updated=at,
        virtual_start_time=f.virtual_start_time,
        timeout=f.timeout,
        priority=f.priority,
        routing_target=f.routing_target,
        ignore_capacity=f.ignore_capacity,
        task_queue_sid=f.task_queue_sid,
    )
    t.tasks.add(task)
    _follow(t, task, f.workflow_version)


@folds(facts.TaskUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskUpdated) -> None:
    task = t.tasks[f.sid]
    _take_over(task, f, "attributes", "priority", "task_channel_sid", "virtual_start_time")
    if f.attributes is not None:
        task.attributes_seq = seq
        task.evaluate_anew = task.status == "reserved" and not task.ever_accepted
    _touch(task, at)


@folds(facts.TaskStepped)
def _(t: Tables, seq: int, at: int, f: facts.TaskStepped) -> None:
    task = t.tasks[f.sid]
    if f.workflow_version != task.workflow_version:
        _unfollow(t, task)
        _follow(t, task, f.workflow_version)
    if f.task_queue_sid != task.task_queue_sid or task.task_queue_entered_date is None:
        task.task_queue_entered_date = at
    task.filter, task.target, task.base = f.filter, f.target, f.base
    task.task_queue_sid, task.priority, task.deadline = f.task_queue_sid, f.priority, f.deadline
    task.left_by_timeout = f.left_by_timeout
    task.evaluate_anew = False
    if f.cause != "created":
        _touch(task, at)


@folds(facts.TaskWrapped)
def _(t: Tables, seq: int, at: int, f: facts.TaskWrapped) -> None:
    _move(t, f.sid, "wrap", at, f.reason)


@folds(facts.TaskCompleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskCompleted) -> None:
    _finish(t, _move(t, f.sid, "complete", at, f.reason), at)


@folds(facts.TaskCanceled)
def _(t: Tables, seq: int, at: int, f: facts.TaskCanceled) -> None:
    _finish(t, _move(t, f.sid, "cancel", at, f.reason), at)


def _move(t: Tables, sid: str, trigger: str, at: int, reason: str | None = None) -> Task:
    task = t.tasks[sid]
    task.status = after(TASK, task.status, trigger)
    if reason:
        task.reason = reason
    _touch(task, at)
    return task


def _finish(t: Tables, task: Task, at: int) -> None:
    task.finished_at = at
    task.deadline = None
    task.failures = {}
    _unfollow(t, task)


@folds(facts.TaskDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskDeleted) -> None:
    _remove(t, f.sid)


@folds(facts.TaskRemoved)
def _(t: Tables, seq: int, at: int, f: facts.TaskRemoved) -> None:
    _remove(t, f.sid)


def _remove(t: Tables, sid: str) -> None:
    task = t.tasks.remove(sid)
    if task.finished_at is None:
        _unfollow(t, task)
    for reservation in task.reservations:
        t.reservations.remove(reservation)


# -- reservations


@folds(facts.ReservationCreated)
def _(t: Tables, seq: int, at: int, f: facts.ReservationCreated) -> None:
    task, worker = t.tasks[f.task_sid], t.workers[f.worker_sid]
    assert task.task_queue_sid is not None
    reservation = Reservation(
        sid=f.sid,
        number=seq,
        task_sid=f.task_sid,
        worker_sid=f.worker_sid,
        task_queue_sid=task.task_queue_sid,
        task_channel_sid=task.task_channel_sid,
        workflow_sid=task.workflow_sid,
        date_created=at,
        date_updated=at,
        deadline=f.deadline,
        worker_previous_activity_sid=f.worker_previous_activity_sid,
        set_number=seq if f.first or not task.reservations else t.reservations[task.reservations[-1]].set_number,
    )
    t.reservations.add(reservation)
    task.reservations = [*task.reservations, f.sid]
    task.open_reservations = [*task.open_reservations, f.sid]
    task.assignment_count += f.first
    task.evaluate_anew = False
    if task.status == "pending":
        _move(t, task.sid, "reserve", at)
    worker.last_reserved = at
    worker.channels[task.task_channel_sid].last_reserved = at
    worker.version += 1


@folds(facts.ReservationAccepted)
def _(t: Tables, seq: int, at: int, f: facts.ReservationAccepted) -> None:
    reservation = _turn(t, f.sid, "accept", at)
    task = _move(t, reservation.task_sid, "accept", at)
    task.ever_accepted = True
    task.assigned_at = at
    task.deadline = None
    task.failures = {}


@folds(facts.ReservationClosed)
def _(t: Tables, seq: int, at: int, f: facts.ReservationClosed) -> None:
    reservation = _turn(t, f.sid, f.trigger, at)
    reservation.reason = f.reason
    task = t.tasks[reservation.task_sid]
    _release(t, task, reservation, at)
    if f.failed:
        count = task.failures[reservation.worker_sid].count if reservation.worker_sid in task.failures else 0
        task.failures = {**task.failures, reservation.worker_sid: Failure(count + 1, f.barred_until)}
    if task.status == "reserved" and not task.open_reservations:
        _move(t, task.sid, "release", at)
        if not f.counts:
            task.assignment_count -= 1


@folds(facts.ReservationWrapped)
def _(t: Tables, seq: int, at: int, f: facts.ReservationWrapped) -> None:
    _turn(t, f.sid, "wrap", at)


@folds(facts.ReservationCompleted)
def _(t: Tables, seq: int, at: int, f: facts.ReservationCompleted) -> None:
    reservation = _turn(t, f.sid, "complete", at)
    _release(t, t.tasks[reservation.task_sid], reservation, at)


def _turn(t: Tables, sid: str, trigger: str, at: int) -> Reservation:
    reservation = t.reservations[sid]
    reservation.status = after(RESERVATION, reservation.status, trigger)
    _touch(reservation, at)
    return reservation


def _release(t: Tables, task: Task, reservation: Reservation, at: int) -> None:
    task.open_reservations = [sid for sid in task.open_reservations if sid != reservation.sid]
    worker = t.workers[reservation.worker_sid]
    worker.last_released = at
    channel = worker.channels.get(reservation.task_channel_sid)
    if channel is not None:
        channel.last_released = at
