"""Reservations, seen from their task or from their worker."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Reservation
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.core.roll import Roll
from pointsman.engine.workspace import reservations as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations import tasks
from pointsman.operations.filters import all_of, equals
from pointsman.operations.instructions import STATUS, TELEPHONY, no_telephony, read_instruction
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading, name_of


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
        "worker_previous_activity_sid": reservation.worker_previous_activity_sid or None,
        "task_channel_sid": reservation.task_channel_sid,
        "reservation_status": reservation.status,
        "date_created": reservation.date_created,
        "date_updated": reservation.date_updated,
    }


def view_with_task(ws: WorkspaceEngine, reservation: Reservation, now: int) -> View:
    """The view of a reservation with its task's in it; the age is as of `now` (microseconds)."""
    more = {
        "reservation_timeout": (reservation.deadline - reservation.date_created) // SECOND,
        "task": tasks.view(ws, ws.task(reservation.task_sid), now),
    }
    return view(ws, reservation) | more


async def fetch(scope: WorkspaceScope, parent: Parent, sid: str) -> View:
    return await scope.ask(lambda ws: view(ws, parent.find(ws, sid)))


async def fetch_with_task(scope: WorkspaceScope, parent: Parent, sid: str) -> View:
    now = scope.now()
    return await scope.ask(lambda ws: view_with_task(ws, parent.find(ws, sid), now))


async def update(scope: WorkspaceScope, parent: Parent, sid: str, change: ReservationUpdate) -> View:
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
) -> Page:
    """A task's reservations, or a worker's."""
    owner = None if parent.is_task else equals("worker_sid", parent.sid)
    keep = all_of([owner, equals("status", reservation_status), equals("worker_sid", worker_sid)])
    return await page_of(scope, Listing(_rows_of(parent), view, lambda ws: keep), request)


async def listing_with_tasks(scope: WorkspaceScope, request: PageRequest, parent: Parent, *, active: bool) -> Page:
    """The same with their tasks; `active`: those of a worker that are open (pending, accepted, wrapping)."""
    now = scope.now()
    rows = _open_rows_of(parent) if active and not parent.is_task else _rows_of(parent)
    keep = all_of([None if parent.is_task else equals("worker_sid", parent.sid)])

    def shown(ws: WorkspaceEngine, reservation: Reservation) -> View:
        return view_with_task(ws, reservation, now)

    return await page_of(scope, Listing(rows, shown, lambda ws: keep), request)


def _open_rows_of(parent: Parent) -> Callable[[WorkspaceEngine], Roll[Reservation]]:
    def rows(ws: WorkspaceEngine) -> Roll[Reservation]:
        parent.check(ws)
        held = sorted(ws.seat(parent.sid).reservations.values(), key=lambda reservation: reservation.number)
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
