"""The operations that the SDK of versions 2 and 3 calls, by method and path below the workspace."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from pointsman.domain.refusal import Refusal
from pointsman.operations import activities, reservations, task_queues, tasks, worker_channels, workers
from pointsman.operations.reservations import Parent
from pointsman.operations.scope import WorkspaceScope
from pointsman.realtime import payloads
from pointsman.realtime.paging import Places, unknown_after
from pointsman.realtime.payloads import Payload
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
    return payloads.plain(await workers.fetch(call.scope, call.sids[0]))


async def update_worker(call: Call) -> Payload:
    _check_activity(call.parameters)
    change = readers.worker_update(call.parameters, call.if_match)
    return payloads.plain(await workers.update(call.scope, call.sids[0], change))


def _check_activity(parameters: Parameters) -> None:
    """An empty ActivitySid would change nothing and look like a success."""
    if parameters.text("ActivitySid") == "":
        raise Refusal("Value '' provided for ActivitySid has an invalid format")


async def list_workers(call: Call) -> Payload:
    filter = readers.worker_filter(call.parameters)
    return await _page(call, "WK", lambda request: workers.listing(call.scope, request, filter), payloads.plain)


async def list_activities(call: Call) -> Payload:
    return await _page(call, "WA", lambda request: activities.listing(call.scope, request), payloads.plain)


async def list_worker_channels(call: Call) -> Payload:
    worker = call.sids[0]
    return await _page(
        call, "WC", lambda request: worker_channels.listing(call.scope, request, worker), payloads.worker_channel
    )


async def list_reservations(call: Call) -> Payload:
    """`Active`: those that are open. Without it all that are known."""
    parent, active = Parent(call.sids[0]), call.parameters.truth("Active") or False
    return await _page(
        call,
        "WR",
        lambda request: reservations.listing_with_tasks(call.scope, request, parent, active=active),
        payloads.reservation,
    )


async def fetch_reservation(call: Call) -> Payload:
    parent, sid = Parent(call.sids[0]), call.sids[1]
    return payloads.reservation(await reservations.fetch_with_task(call.scope, parent, sid))


async def update_reservation(call: Call) -> Payload:
    """The answer is without the task: the SDK takes it from the event."""
    change = readers.reservation_update(call.parameters, call.if_match)
    return payloads.reservation(await reservations.update(call.scope, Parent(call.sids[0]), call.sids[1], change))


async def create_task(call: Call) -> Payload:
    form = call.parameters
    _check_workflow(call)
    channel = form.text("TaskChannel") or form.text("TaskChannelUniqueName") or form.text("TaskChannelSid")
    named = Parameters(form.fields | ({"TaskChannel": [channel]} if channel else {}))
    return payloads.task(await tasks.create(call.scope, readers.new_task(named)))


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
    return payloads.task(await tasks.fetch(call.scope, call.sids[0]))


async def update_task(call: Call) -> Payload:
    change = readers.task_update(call.parameters, call.if_match)
    return payloads.task(await tasks.update(call.scope, call.sids[0], change))


async def list_tasks(call: Call) -> Payload:
    filter = readers.task_filter(call.parameters)
    return await _page(call, "WT", lambda request: tasks.listing(call.scope, request, filter), payloads.task)


async def fetch_task_queue(call: Call) -> Payload:
    return payloads.task_queue(await task_queues.fetch(call.scope, call.sids[0]))


async def list_task_queues(call: Call) -> Payload:
    filter = readers.task_queue_filter(call.parameters)
    return await _page(
        call, "WQ", lambda request: task_queues.listing(call.scope, request, filter), payloads.task_queue
    )


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


def operation_of(method: str, below: list[str]) -> tuple[Operation | None, tuple[str, ...]]:
    """The operation for a path below the workspace, and the sids in it; None if there is none."""
    shape = "/".join("*" if place % 2 else part for place, part in enumerate(below))
    return OPERATIONS.get((method, shape)), tuple(below[1::2])


async def _page(
    call: Call, prefix: str, listing: Callable[[Any], Awaitable[Any]], present: Callable[[Any], Payload]
) -> Payload:
    request = call.places.request(call.scope.sid, call.parameters, prefix)
    try:
        page = await listing(request)
    except Refusal as refusal:
        raise unknown_after(call.parameters, refusal) from None
    return call.places.payload(call.scope.sid, call.parameters, page, present)
