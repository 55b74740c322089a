"""The operations that the SDK of versions 2 and 3 calls, by method and path below the workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from pointsman.domain.refusal import Refusal
from pointsman.events.payloads import Payload
from pointsman.operations import activities, reservations, task_queues, tasks, transfers, worker_channels, workers
from pointsman.operations.paging import Page, PageRequest
from pointsman.operations.reservations import Parent
from pointsman.operations.scope import View, WorkspaceScope
from pointsman.realtime import payloads
from pointsman.realtime.paging import Places, unknown_after
from pointsman.web import readers
from pointsman.web.parameters import Parameters


class Call(msgspec.Struct, frozen=True):
    """One call: `sids` are those in its path below the workspace."""

    scope: WorkspaceScope
    places: Places
    sids: tuple[str, ...]
    parameters: Parameters
    if_match: int | None


Operation = Callable[[Call], Awaitable[Payload]]


async def fetch_worker(call: Call) -> Payload:
    return await workers.fetch(call.scope, call.sids[0], payloads.worker)


async def update_worker(call: Call) -> Payload:
    change = readers.worker_update(call.parameters, call.if_match)
    return await workers.update(call.scope, call.sids[0], change, payloads.worker)


async def list_workers(call: Call) -> Payload:
    filter = readers.worker_filter(call.parameters)
    return await _page(call, "WK", lambda request: workers.listing(call.scope, request, filter, payloads.worker))


async def list_activities(call: Call) -> Payload:
    return await _page(call, "WA", lambda request: activities.listing(call.scope, request), payloads.activity)


async def list_worker_channels(call: Call) -> Payload:
    def page(request: PageRequest) -> Awaitable[Page]:
        return worker_channels.listing(call.scope, request, call.sids[0], payloads.worker_channel)

    return await _page(call, "WC", page)


async def list_reservations(call: Call) -> Payload:
    """`Active`: those that are open. Without it all that are known."""
    parent, active = Parent(call.sids[0]), call.parameters.truth("Active") or False

    def page(request: PageRequest) -> Awaitable[Page]:
        return reservations.listing(call.scope, request, parent, open_only=active, view=payloads.reservation)

    return await _page(call, "WR", page)


async def fetch_reservation(call: Call) -> Payload:
    return await reservations.fetch(call.scope, Parent(call.sids[0]), call.sids[1], payloads.reservation)


async def update_reservation(call: Call) -> Payload:
    change = readers.reservation_update(call.parameters, call.if_match)
    parent, sid = Parent(call.sids[0]), call.sids[1]
    return await reservations.update(call.scope, parent, sid, change, payloads.changed_reservation)


async def create_task(call: Call) -> Payload:
    form = call.parameters
    _check_workflow(call)
    channel = form.text("TaskChannel") or form.text("TaskChannelUniqueName") or form.text("TaskChannelSid")
    named = Parameters(form.fields | ({"TaskChannel": [channel]} if channel else {}))
    return await tasks.create(call.scope, readers.new_task(named), payloads.task)


def _check_workflow(call: Call) -> None:
    """What an SDK is told of a bad WorkflowSid differs between its versions; this says both."""
    try:
        call.parameters.sid("WorkflowSid", "WW")
    except Refusal as refusal:
        given = (call.parameters.text("WorkflowSid") or "")[:100]
        whose = f"WorkspaceSid: {call.scope.sid}, AccountSid: {call.scope.caller.account_sid}"
        long = f"Value '{given}' provided for WorkflowSid as RoutingTarget has an invalid format. {whose}"
        raise Refusal(f"{long}. {refusal.message}") from None


async def fetch_task(call: Call) -> Payload:
    return await tasks.fetch(call.scope, call.sids[0], payloads.task)


async def update_task(call: Call) -> Payload:
    change = readers.task_update(call.parameters, call.if_match)
    return await tasks.update(call.scope, call.sids[0], change, payloads.task)


async def list_tasks(call: Call) -> Payload:
    filter = readers.task_filter(call.parameters)
    return await _page(call, "WT", lambda request: tasks.listing(call.scope, request, filter, payloads.task))


async def fetch_task_queue(call: Call) -> Payload:
    return payloads.task_queue(await task_queues.fetch(call.scope, call.sids[0]))


async def list_task_queues(call: Call) -> Payload:
    filter = readers.task_queue_filter(call.parameters)
    return await _page(
        call, "WQ", lambda request: task_queues.listing(call.scope, request, filter), payloads.task_queue
    )


async def create_transfer(call: Call) -> Payload:
    new = readers.new_transfer(call.parameters)
    return await transfers.create(call.scope, call.sids[0], new, payloads.transfer)


async def update_transfer(call: Call) -> Payload:
    change = readers.transfer_update(call.parameters)
    return await transfers.update(call.scope, call.sids[0], call.sids[1], change, payloads.transfer)


async def conference(call: Call) -> Payload:
    raise Refusal("Conference participants need telephony, which this server does not offer yet")


OPERATIONS: dict[tuple[str, str], Operation] = {
    ("GET", "Activities"): list_activities,
    ("GET", "Workers"): list_workers,
    ("GET", "Workers/*"): fetch_worker,
    ("POST", "Workers/*"): update_worker,
    ("GET", "Workers/*/WorkerChannels"): list_worker_channels,
    ("GET", "Workers/*/Reservations"): list_reservations,
    ("GET", "Workers/*/Reservations/*"): fetch_reservation,
    ("POST", "Workers/*/Reservations/*"): update_reservation,
    ("POST", "Workers/*/Transfers"): create_transfer,
    ("POST", "Workers/*/Transfers/*"): update_transfer,
    ("POST", "Workers/*/CustomerParticipant"): conference,
    ("POST", "Workers/*/HoldWorkerParticipant"): conference,
    ("POST", "Workers/*/KickWorkerParticipant"): conference,
    ("POST", "Workers/*/WorkerParticipant"): conference,
    ("GET", "Tasks"): list_tasks,
    ("POST", "Tasks"): create_task,
    ("GET", "Tasks/*"): fetch_task,
    ("POST", "Tasks/*"): update_task,
    ("GET", "Tasks/*/Reservations/*"): fetch_reservation,
    ("POST", "Tasks/*/Reservations/*"): update_reservation,
    ("GET", "TaskQueues"): list_task_queues,
    ("GET", "TaskQueues/*"): fetch_task_queue,
}
"""A `*` stands for a sid."""


PREFIXES = {"Workers": "WK", "Reservations": "WR", "Tasks": "WT", "TaskQueues": "WQ", "Transfers": "TT"}


def operation_of(method: str, below: list[str]) -> tuple[Operation | None, tuple[str, ...]]:
    """The operation for a path below the workspace, and the sids in it; None if there is none."""
    nouns, sids = below[::2], tuple(below[1::2])
    if any(not sid.startswith(PREFIXES.get(noun, "-")) for noun, sid in zip(nouns, sids, strict=False)):
        return None, sids
    shape = "/".join("*" if place % 2 else part for place, part in enumerate(below))
    return OPERATIONS.get((method, shape)), sids


async def _page(
    call: Call,
    prefix: str,
    listing: Callable[[PageRequest], Awaitable[Page]],
    present: Callable[[View], Payload] = dict,
) -> Payload:
    request = call.places.request(call.scope.sid, call.parameters, prefix)
    try:
        page = await listing(request)
    except Refusal as refusal:
        raise unknown_after(call.parameters, refusal) from None
    return call.places.payload(call.scope.sid, call.parameters, page, present)
