"""Transfers of tasks, seen from the worker who starts them."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.nouns import Reservation, Transfer
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import transfers as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.scope import View, WorkspaceScope, heading

Viewer = Callable[[WorkspaceEngine, Transfer], View]
"""How a transfer is shown; a door that shows it in its own way hands in another."""


class NewTransfer(msgspec.Struct, frozen=True, kw_only=True):
    """What is passed on to whom; None is the default, and leaves the task's attributes and priority."""

    reservation_sid: str
    task_sid: str
    to: str
    mode: str | None = None
    attributes: str | None = None
    priority: int | None = None


class TransferUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """A transfer can only be canceled."""

    transfer_status: str
    task_sid: str | None = None


def view(ws: WorkspaceEngine, transfer: Transfer) -> View:
    """The neutral view of a transfer."""
    return heading(ws) | {
        "sid": transfer.sid,
        "task_sid": transfer.task_sid,
        "initiating_reservation_sid": transfer.initiating_reservation_sid,
        "initiating_worker_sid": transfer.initiating_worker_sid,
        "initiating_queue_sid": transfer.initiating_queue_sid,
        "initiating_workflow_sid": transfer.initiating_workflow_sid,
        "transfer_mode": transfer.mode,
        "transfer_type": transfer.type,
        "transfer_to": transfer.to,
        "transfer_status": transfer.status,
        "transfer_failed_reason": transfer.failed_reason,
        "date_created": transfer.date_created,
        "date_updated": transfer.date_updated,
    }


def of_reservation(ws: WorkspaceEngine, reservation: Reservation) -> View:
    """`task_transfer`, the transfer that made the reservation, and `active_outgoing_task_transfer`, the one that its
    worker started and that is under way; a key is absent if there is none. Not part of REST answers.
    """
    found = {
        "task_transfer": ws.tables.transfers.get(reservation.transfer_sid),
        "active_outgoing_task_transfer": ws.tables.transfers.get(ws.task(reservation.task_sid).open_transfer),
    }
    outgoing = found["active_outgoing_task_transfer"]
    if outgoing is not None and outgoing.initiating_reservation_sid != reservation.sid:
        del found["active_outgoing_task_transfer"]
    return {key: view(ws, transfer) for key, transfer in found.items() if transfer is not None}


async def create(scope: WorkspaceScope, worker_sid: str, transfer: NewTransfer, view: Viewer = view) -> View:
    given = msgspec.structs.asdict(transfer)
    return await scope.tell(lambda ws: view(ws, commands.initiate(ws, worker_sid, **given)))


async def update(scope: WorkspaceScope, worker_sid: str, sid: str, change: TransferUpdate, view: Viewer = view) -> View:
    """Cancel a transfer."""
    if change.transfer_status.lower() != "canceled":
        raise Refusal(f"TransferStatus must be canceled, but is '{change.transfer_status[:100]}'")
    return await scope.tell(lambda ws: view(ws, commands.cancel(ws, worker_sid, sid, task_sid=change.task_sid)))


async def fetch(scope: WorkspaceScope, worker_sid: str, sid: str) -> View:
    return await scope.ask(lambda ws: view(ws, commands.find(ws, worker_sid, sid)))
