"""Reservations, seen from their task or from their worker."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.nouns import Reservation
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.core.roll import Roll
from pointsman.engine.workspace import reservations as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.filters import all_of, equals
from pointsman.operations.instructions import STATUS, TELEPHONY, no_telephony, read_instruction
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading, name_of

OPEN = frozenset({"pending", "accepted", "wrapping"})

Viewer = Callable[[WorkspaceEngine, Reservation], View]
"""How a reservation is shown; a door that shows it in its own way hands in another."""


class ReservationUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a reservation: a status or an instruction."""

    if_match: int | None = None
    reservation_status: str | None = None
    worker_activity_sid: str | None = None
    instruction: str | None = None


class Parent(msgspec.Struct, frozen=True):
    """The task or the worker in the path of a reservation."""

    sid: str

    @property
    def is_task(self) -> bool:
        return self.sid.startswith("WT")

    def check(self, ws: WorkspaceEngine) -> None:
        """Raises 404 if there is no such parent."""
        if self.is_task:
            ws.task(self.sid)
        else:
            ws.worker(self.sid)

    def find(self, ws: WorkspaceEngine, sid: str) -> Reservation:
        """The reservation, if it is this parent's; 404 otherwise."""
        self.check(ws)
        reservation = ws.reservation(sid)
        if self.sid != (reservation.task_sid if self.is_task else reservation.worker_sid):
            kind = "Tasks" if self.is_task else "Workers"
            raise not_found(f"/Workspaces/{ws.stream}/{kind}/{self.sid}/Reservations/{sid}")
        return reservation


def view(ws: WorkspaceEngine, reservation: Reservation) -> View:
    """The neutral view of a reservation."""
    return heading(ws) | {
        "sid": reservation.sid,
        "version": reservation.version,
        "task_sid": reservation.task_sid,
        "worker_sid": reservation.worker_sid,
        "worker_name": name_of(ws.tables.workers, reservation.worker_sid),
        "reservation_status": reservation.status,
        "date_created": reservation.date_created,
        "date_updated": reservation.date_updated,
    }


async def fetch(scope: WorkspaceScope, parent: Parent, sid: str, view: Viewer = view) -> View:
    return await scope.ask(lambda ws: view(ws, parent.find(ws, sid)))


async def update(
    scope: WorkspaceScope, parent: Parent, sid: str, change: ReservationUpdate, view: Viewer = view
) -> View:
    """Set the status, or carry out an instruction: accept and reject are statuses by another name."""

    def command(ws: WorkspaceEngine) -> View:
        reservation = parent.find(ws, sid)
        status = change.reservation_status
        if change.instruction is not None:
            status = _status_of(change.instruction, reservation)
        changed = commands.update(
            ws,
            sid,
            if_match=change.if_match,
            reservation_status=status,
            worker_activity_sid=change.worker_activity_sid,
        )
        return view(ws, changed)

    return await scope.tell(command)


def _status_of(instruction: str, reservation: Reservation) -> str:
    """The status that an instruction asks for (ruling 5); telephony is refused."""
    word = read_instruction(instruction)
    if reservation.status != "pending":
        raise Refusal(
            f"Unable to execute {word.capitalize()} instruction. "
            f"Reservation {reservation.sid} is not currently in a Pending state."
        )
    if word in TELEPHONY:
        raise Refusal(no_telephony(word))
    return STATUS[word]


async def listing(
    scope: WorkspaceScope,
    request: PageRequest,
    parent: Parent,
    *,
    reservation_status: str | None = None,
    worker_sid: str | None = None,
    open_only: bool = False,
    view: Viewer = view,
) -> Page:
    """A task's reservations, or a worker's; `open_only`: those that take capacity (pending, accepted, wrapping)."""
    owner = None if parent.is_task else equals("worker_sid", parent.sid)
    state = (lambda reservation: reservation.status in OPEN) if open_only else None
    keep = all_of([owner, state, equals("status", reservation_status), equals("worker_sid", worker_sid)])
    rows = _held_by(parent) if open_only and not parent.is_task else _rows_of(parent)
    return await page_of(scope, Listing(rows, view, lambda ws: keep), request)


def _held_by(worker: Parent) -> Callable[[WorkspaceEngine], Roll[Reservation]]:
    """A worker's open reservations are at hand, without a look at all others."""

    def rows(ws: WorkspaceEngine) -> Roll[Reservation]:
        worker.check(ws)
        held = sorted(ws.seat(worker.sid).reservations.values(), key=lambda reservation: reservation.number)
        return Roll({reservation.sid: reservation for reservation in held})

    return rows


def _rows_of(parent: Parent) -> Callable[[WorkspaceEngine], Roll[Reservation]]:
    def rows(ws: WorkspaceEngine) -> Roll[Reservation]:
        parent.check(ws)
        reservations = ws.tables.reservations
        if not parent.is_task:
            return reservations
        known = (reservations.get(sid) for sid in ws.task(parent.sid).reservations)
        return Roll({reservation.sid: reservation for reservation in known if reservation is not None})

    return rows
