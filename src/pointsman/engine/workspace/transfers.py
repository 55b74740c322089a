"""Commands on transfers: passing an assigned task on to another worker or to a queue (routing.md 1.3, ruling 21)."""

from __future__ import annotations

from pointsman.domain.facts import ReservationClosed, ReservationWrapped, TransferCanceled, TransferInitiated
from pointsman.domain.limits import PRIORITY_MOST, TRANSFERS_MOST, check_attributes, check_choice, check_number
from pointsman.domain.nouns import Reservation, Task, Transfer
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.workspace import closing
from pointsman.engine.workspace.engine import WorkspaceEngine

MODES = ("WARM", "COLD")


def initiate(
    ws: WorkspaceEngine,
    worker_sid: str,
    *,
    reservation_sid: str,
    task_sid: str,
    to: str,
    mode: str | None = None,
    attributes: str | None = None,
    priority: int | None = None,
) -> Transfer:
    """Offer the worker's accepted task to somebody else. In a cold transfer the worker leaves it at once."""
    ws.worker(worker_sid)
    reservation = _own(ws, worker_sid, reservation_sid, task_sid)
    task = ws.tables.tasks[task_sid]
    mode = check_choice("Mode", mode or "WARM", MODES)
    if attributes is not None:
        check_attributes(attributes)
    if priority is not None:
        check_number("Priority", priority, 0, PRIORITY_MOST)
    _check_state(task, reservation)
    _check_target(ws, task, reservation, to)
    assert task.task_queue_sid is not None
    fact = TransferInitiated(
        sid=ws.ids("TT"),
        task_sid=task.sid,
        reservation_sid=reservation.sid,
        worker_sid=worker_sid,
        task_queue_sid=task.task_queue_sid,
        workflow_sid=task.workflow_sid,
        to=to,
        mode=mode,
        attributes=attributes,
        priority=priority,
    )
    ws.record(fact)
    if mode == "COLD":
        ws.record(ReservationWrapped(reservation.sid))
    if to.startswith("WK"):
        ws.offer(task, [ws.seat(to)])
    return ws.transfer(fact.sid)


def cancel(ws: WorkspaceEngine, worker_sid: str, sid: str, *, task_sid: str | None = None) -> Transfer:
    """The transferor takes the task back. Refused if nobody would hold it then."""
    transfer = find(ws, worker_sid, sid)
    if task_sid is not None and task_sid != transfer.task_sid:
        raise Refusal(f"Transfer {sid} is not of Task {task_sid[:100]}")
    if transfer.status != "initiated":
        raise Refusal(f"Transfer {sid} is already {transfer.status} . Cannot cancel transfer.")
    task = ws.tables.tasks[transfer.task_sid]
    if all(ws.tables.reservations[held].transfer_sid == sid for held in task.open_reservations):
        left = transfer.initiating_reservation_sid
        raise Refusal(f"Transfer {sid} cannot be canceled because Reservation {left} has ended")
    ws.record(TransferCanceled(sid))
    for held in list(task.open_reservations):
        offered = ws.tables.reservations[held]
        if offered.status == "pending":
            closing.close(ws, offered, ReservationClosed(held, "cancel"))
    return transfer


def find(ws: WorkspaceEngine, worker_sid: str, sid: str) -> Transfer:
    """A transfer that this worker started; 404 otherwise."""
    ws.worker(worker_sid)
    transfer = ws.transfer(sid)
    if transfer.initiating_worker_sid != worker_sid:
        raise not_found(f"/Workspaces/{ws.stream}/Workers/{worker_sid}/Transfers/{sid}")
    return transfer


def _own(ws: WorkspaceEngine, worker_sid: str, sid: str, task_sid: str) -> Reservation:
    reservation = ws.tables.reservations.get(sid)
    if reservation is None or reservation.worker_sid != worker_sid:
        raise Refusal(f"ReservationSid {sid[:100]} is no Reservation of Worker {worker_sid}")
    if reservation.task_sid != task_sid:
        raise Refusal(f"TaskSid {task_sid[:100]} is not the Task of Reservation {sid}")
    return reservation


def _check_state(task: Task, reservation: Reservation) -> None:
    if task.open_transfer:
        raise Refusal(f"Task {task.sid} cannot be transferred because Transfer {task.open_transfer} is under way")
    if reservation.status != "accepted":
        raise Refusal(
            f"Task {task.sid} cannot be transferred because Reservation {reservation.sid} is {reservation.status}, "
            "not accepted"
        )
    if task.status != "assigned":
        raise Refusal(f"Task {task.sid} cannot be transferred because it is {task.status}, not assigned")
    if len(task.transfers) >= TRANSFERS_MOST:
        raise Refusal(f"Task {task.sid} cannot be transferred more than {TRANSFERS_MOST} times")


def _check_target(ws: WorkspaceEngine, task: Task, reservation: Reservation, to: str) -> None:
    if to in ws.tables.task_queues:
        return
    if to not in ws.tables.workers:
        raise Refusal(f"To {to[:100]} is no Worker and no TaskQueue of workspace {ws.stream}")
    if to == reservation.worker_sid:
        raise Refusal(f"Worker {to} cannot transfer Task {task.sid} to itself")
    if not ws.seat(to).activity.available:
        raise Refusal(f"Worker {to} is not available.")
    if not ws.seat(to).ready(task.task_channel_sid):
        raise Refusal(f"Worker {to} is not available: no capacity on {ws.channel_names[task.task_channel_sid]}.")
    held = (ws.tables.reservations[sid] for sid in task.open_reservations)
    if any(one.worker_sid == to and one.status == "accepted" for one in held):
        raise Refusal(f"Worker {to} is not available: it has Task {task.sid} already.")
