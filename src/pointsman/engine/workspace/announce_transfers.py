"""The fields of transfers in events (events-voice-tokens.md 1.3), and how the events about them are named.

A transfer has the keys of `transfer_data`: Twilio's names, and for sockets the two dates and the initiating queue and
workflow. They are in `task.transfer-*` events and, about the transfer that made the reservation, in every event of a
transferee's reservation. Events of the transferor's reservation have them with the prefix `outgoing_` while the
transfer is under way. A transferee who transfers the task on has both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain import facts
from pointsman.domain.entry import Value
from pointsman.domain.nouns import Reservation, Transfer

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

OUTGOING = "outgoing_"
TransferFact = (
    facts.TransferInitiated
    | facts.TransferAttemptFailed
    | facts.TransferCompleted
    | facts.TransferFailed
    | facts.TransferCanceled
)
WORDS: dict[type[TransferFact], tuple[str, str]] = {
    facts.TransferInitiated: ("task.transfer-initiated", "is being transferred"),
    facts.TransferAttemptFailed: ("task.transfer-attempt-failed", "was let go when it was transferred"),
    facts.TransferCompleted: ("task.transfer-completed", "was transferred"),
    facts.TransferFailed: ("task.transfer-failed", "could not be transferred"),
    facts.TransferCanceled: ("task.transfer-canceled", "is not transferred any more"),
}


def transfer_data(transfer: Transfer, prefix: str = "") -> dict[str, Value]:
    data: dict[str, Value] = {
        "task_transfer_sid": transfer.sid,
        "transfer_type": transfer.type,
        "transfer_mode": transfer.mode,
        "transfer_to": transfer.to,
        "transfer_status": transfer.status,
        "transfer_started": transfer.date_created,
        "transfer_failed_reason": transfer.failed_reason,
        "transfer_initiating_worker_sid": transfer.initiating_worker_sid,
        "transfer_initiating_reservation_sid": transfer.initiating_reservation_sid,
        "transfer_initiating_queue_sid": transfer.initiating_queue_sid,
        "transfer_initiating_workflow_sid": transfer.initiating_workflow_sid,
        "task_transfer_date_created": transfer.date_created,
        "task_transfer_date_updated": transfer.date_updated,
    }
    return {prefix + key: value for key, value in data.items()}


def transfers_of(ws: WorkspaceEngine, reservation: Reservation) -> dict[str, Value]:
    """What a reservation's events say of the transfer that made it, and of the one that its worker started."""
    data: dict[str, Value] = {}
    incoming = ws.tables.transfers.get(reservation.transfer_sid)
    if incoming is not None:
        data |= transfer_data(incoming)
    outgoing = ws.tables.transfers.get(ws.tables.tasks[reservation.task_sid].open_transfer)
    if outgoing is not None and outgoing.initiating_reservation_sid == reservation.sid:
        data |= transfer_data(outgoing, OUTGOING)
    return data
