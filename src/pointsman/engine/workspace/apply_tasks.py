"""Folding the life of tasks and reservations."""

from __future__ import annotations

from pointsman.domain import facts
from pointsman.domain.lifecycle import RESERVATION, TASK, after
from pointsman.domain.nouns import Failure, Reservation, Task
from pointsman.engine.workspace.folding import folds, take_over, touch
from pointsman.engine.workspace.following import follow, unfollow
from pointsman.engine.workspace.tables import Tables


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
    follow(t, task, f.workflow_version)


@folds(facts.TaskUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskUpdated) -> None:
    task = t.tasks[f.sid]
    take_over(task, f, "attributes", "priority", "task_channel_sid", "virtual_start_time")
    if f.attributes is not None:
        task.attributes_seq = seq
        task.evaluate_anew = task.status == "reserved" and not task.ever_accepted
    touch(task, at)


@folds(facts.TaskStepped)
def _(t: Tables, seq: int, at: int, f: facts.TaskStepped) -> None:
    task = t.tasks[f.sid]
    if f.workflow_version != task.workflow_version:
        unfollow(t, task)
        follow(t, task, f.workflow_version)
    if f.task_queue_sid != task.task_queue_sid or task.task_queue_entered_date is None:
        task.task_queue_entered_date = at
    task.filter, task.target, task.base = f.filter, f.target, f.base
    task.task_queue_sid, task.priority, task.deadline = f.task_queue_sid, f.priority, f.deadline
    task.left_by_timeout = f.left_by_timeout
    task.evaluate_anew = False
    if f.cause != "created":
        touch(task, at)


@folds(facts.TaskWrapped)
def _(t: Tables, seq: int, at: int, f: facts.TaskWrapped) -> None:
    move(t, f.sid, "wrap", at, f.reason)


@folds(facts.TaskCompleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskCompleted) -> None:
    _finish(t, move(t, f.sid, "complete", at, f.reason), at)


@folds(facts.TaskCanceled)
def _(t: Tables, seq: int, at: int, f: facts.TaskCanceled) -> None:
    _finish(t, move(t, f.sid, "cancel", at, f.reason), at)


def move(t: Tables, sid: str, trigger: str, at: int, reason: str | None = None) -> Task:
    task = t.tasks[sid]
    task.status = after(TASK, task.status, trigger)
    if reason:
        task.reason = reason
    touch(task, at)
    return task


def _finish(t: Tables, task: Task, at: int) -> None:
    task.finished_at = at
    task.deadline = None
    task.failures = {}
    unfollow(t, task)


@folds(facts.TaskDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskDeleted) -> None:
    _remove(t, f.sid)


@folds(facts.TaskRemoved)
def _(t: Tables, seq: int, at: int, f: facts.TaskRemoved) -> None:
    _remove(t, f.sid)


def _remove(t: Tables, sid: str) -> None:
    task = t.tasks.remove(sid)
    if task.finished_at is None:
        unfollow(t, task)
    for reservation in task.reservations:
        t.reservations.remove(reservation)
    for transfer in task.transfers:
        t.transfers.remove(transfer)


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
        transfer_sid=f.transfer_sid,
    )
    t.reservations.add(reservation)
    task.reservations = (*task.reservations, f.sid)
    task.open_reservations = (*task.open_reservations, f.sid)
    task.assignment_count += f.first and not f.transfer_sid
    task.evaluate_anew = False
    if task.status == "pending":
        move(t, task.sid, "reserve", at)
    worker.last_reserved = at
    worker.channels[task.task_channel_sid].last_reserved = at
    worker.version += 1


@folds(facts.ReservationAccepted)
def _(t: Tables, seq: int, at: int, f: facts.ReservationAccepted) -> None:
    reservation = _turn(t, f.sid, "accept", at)
    task = t.tasks[reservation.task_sid]
    if task.status == "reserved":  # else it is a transferee's, and TransferCompleted has moved the task
        move(t, task.sid, "accept", at)
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
    if task.status == "reserved" and not _is_offered(t, task):
        move(t, task.sid, "release", at)
        if not f.counts and not reservation.transfer_sid:
            task.assignment_count -= 1


@folds(facts.ReservationWrapped)
def _(t: Tables, seq: int, at: int, f: facts.ReservationWrapped) -> None:
    _turn(t, f.sid, "wrap", at)


@folds(facts.ReservationCompleted)
def _(t: Tables, seq: int, at: int, f: facts.ReservationCompleted) -> None:
    reservation = _turn(t, f.sid, "complete", at)
    _release(t, t.tasks[reservation.task_sid], reservation, at)


def _is_offered(t: Tables, task: Task) -> bool:
    return any(t.reservations[sid].status == "pending" for sid in task.open_reservations)


@folds(facts.AssignmentAnswered)
def _(t: Tables, seq: int, at: int, f: facts.AssignmentAnswered) -> None:
    t.reservations[f.sid].callback = f.outcome


def _turn(t: Tables, sid: str, trigger: str, at: int) -> Reservation:
    reservation = t.reservations[sid]
    reservation.status = after(RESERVATION, reservation.status, trigger)
    touch(reservation, at)
    return reservation


def _release(t: Tables, task: Task, reservation: Reservation, at: int) -> None:
    task.open_reservations = tuple([sid for sid in task.open_reservations if sid != reservation.sid])
    worker = t.workers[reservation.worker_sid]
    worker.last_released = at
    channel = worker.channels.get(reservation.task_channel_sid)
    if channel is not None:
        channel.last_released = at
