"""Folding transfers."""

from __future__ import annotations

from pointsman.domain import facts
from pointsman.domain.lifecycle import TRANSFER, after
from pointsman.domain.nouns import Task, Transfer
from pointsman.engine.workspace.apply_tasks import move
from pointsman.engine.workspace.folding import folds, take_over
from pointsman.engine.workspace.tables import Tables


@folds(facts.TransferInitiated)
def _(t: Tables, seq: int, at: int, f: facts.TransferInitiated) -> None:
    transfer = Transfer(
        sid=f.sid,
        number=seq,
        task_sid=f.task_sid,
        initiating_reservation_sid=f.reservation_sid,
        initiating_worker_sid=f.worker_sid,
        initiating_queue_sid=f.task_queue_sid,
        initiating_workflow_sid=f.workflow_sid,
        to=f.to,
        mode=f.mode,
        date_created=at,
        date_updated=at,
    )
    t.transfers.add(transfer)
    task = t.tasks[f.task_sid]
    task.transfers = (*task.transfers, f.sid)
    task.open_transfer = f.sid
    task.failures = {}
    take_over(task, f, "attributes", "priority")
    if f.attributes is not None:
        task.attributes_seq = seq
    if transfer.type == "QUEUE":
        _enter(task, f.to, at)
    move(t, task.sid, f"transfer to {transfer.type.lower()}", at)


@folds(facts.TransferAttemptFailed)
def _(t: Tables, seq: int, at: int, f: facts.TransferAttemptFailed) -> None:
    transfer = _turn(t, f.sid, "attempt fails", at)
    transfer.failed_reason = f.reason
    transfer.attempts += 1


@folds(facts.TransferCompleted)
def _(t: Tables, seq: int, at: int, f: facts.TransferCompleted) -> None:
    transfer = _turn(t, f.sid, "complete", at)
    transfer.failed_reason = None
    _over(t, transfer, "accept", at)


@folds(facts.TransferFailed)
def _(t: Tables, seq: int, at: int, f: facts.TransferFailed) -> None:
    transfer = _turn(t, f.sid, "fail", at)
    transfer.failed_reason = f.reason
    _give_back(t, transfer, at)


@folds(facts.TransferCanceled)
def _(t: Tables, seq: int, at: int, f: facts.TransferCanceled) -> None:
    transfer = _turn(t, f.sid, "cancel", at)
    transfer.failed_reason = None
    _give_back(t, transfer, at)


def _turn(t: Tables, sid: str, trigger: str, at: int) -> Transfer:
    transfer = t.transfers[sid]
    transfer.status = after(TRANSFER, transfer.status, trigger)
    transfer.date_updated = at
    return transfer


def _give_back(t: Tables, transfer: Transfer, at: int) -> None:
    """The task is the transferor's again, in the queue in which it was."""
    task = _over(t, transfer, "keep", at)
    if task.task_queue_sid != transfer.initiating_queue_sid:
        _enter(task, transfer.initiating_queue_sid, at)


def _over(t: Tables, transfer: Transfer, trigger: str, at: int) -> Task:
    task = move(t, transfer.task_sid, trigger, at)
    task.open_transfer = ""
    task.failures = {}
    return task


def _enter(task: Task, task_queue_sid: str, at: int) -> None:
    if task.task_queue_sid != task_queue_sid:
        task.task_queue_sid, task.task_queue_entered_date = task_queue_sid, at
