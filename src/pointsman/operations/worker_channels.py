"""WorkerChannels: how much of each kind of work a worker takes. Made and removed with their worker and channel."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.nouns import Worker, WorkerChannel
from pointsman.engine.core.roll import Roll
from pointsman.engine.workspace import worker_channels as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading

Viewer = Callable[[WorkspaceEngine, Worker, WorkerChannel], View]
"""How a channel is shown; a door that shows it in its own way hands in another."""


class Place(msgspec.Struct):
    """A worker's channel in the order of the task channels' creation."""

    sid: str
    number: int
    channel: WorkerChannel


def view(ws: WorkspaceEngine, worker: Worker, channel: WorkerChannel) -> View:
    """The neutral view of a worker's channel; capacity as of ruling 10."""
    seat = ws.seat(worker.sid)
    capacity, taken = channel.configured_capacity, seat.open(channel.task_channel_sid)
    return heading(ws) | {
        "sid": channel.sid,
        "worker_sid": worker.sid,
        "task_channel_sid": channel.task_channel_sid,
        "task_channel_unique_name": ws.tables.task_channels[channel.task_channel_sid].unique_name,
        "configured_capacity": capacity,
        "available": channel.available,
        "available_capacity_percentage": max(0, (capacity - taken) * 100 // capacity) if capacity else 0,
        "assigned_tasks": seat.assigned(channel.task_channel_sid),
        "date_created": channel.date_created,
        "date_updated": channel.date_updated,
    }


async def fetch(scope: WorkspaceScope, worker_sid: str, channel: str) -> View:
    def query(ws: WorkspaceEngine) -> View:
        worker = ws.worker(worker_sid)
        return view(ws, worker, ws.worker_channel(worker, channel))

    return await scope.ask(query)


async def update(
    scope: WorkspaceScope, worker_sid: str, channel: str, *, capacity: int | None = None, available: bool | None = None
) -> View:
    def command(ws: WorkspaceEngine) -> View:
        changed = commands.update(ws, worker_sid, channel, capacity=capacity, available=available)
        return view(ws, ws.worker(worker_sid), changed)

    return await scope.tell(command)


async def listing(scope: WorkspaceScope, request: PageRequest, worker_sid: str, view: Viewer = view) -> Page:
    def places(ws: WorkspaceEngine) -> Roll[Place]:
        numbers = ws.tables.task_channels
        channels = ws.worker(worker_sid).channels.values()
        found = [Place(channel.sid, numbers[channel.task_channel_sid].number, channel) for channel in channels]
        return Roll({place.sid: place for place in sorted(found, key=lambda place: place.number)})

    def place_view(ws: WorkspaceEngine, place: Place) -> View:
        return view(ws, ws.worker(worker_sid), place.channel)

    return await page_of(scope, Listing(places, place_view), request)
