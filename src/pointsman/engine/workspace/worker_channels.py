"""Commands on a worker's channels (rest-api.md 9)."""

from __future__ import annotations

from pointsman.domain.facts import WorkerChannelUpdated
from pointsman.domain.limits import CAPACITY_MOST, check_number
from pointsman.domain.nouns import WorkerChannel
from pointsman.engine.workspace.engine import WorkspaceEngine


def update(
    ws: WorkspaceEngine, worker_sid: str, channel: str, *, capacity: int | None = None, available: bool | None = None
) -> WorkerChannel:
    """`channel` is a WorkerChannel or TaskChannel sid or a unique name. A capacity below the load only stops offers.

    Both at once are two facts: a client counts the worker's version up by one for each of the two events.
    """
    found = ws.worker_channel(ws.worker(worker_sid), channel)
    if capacity is not None:
        check_number("Capacity", capacity, 0, CAPACITY_MOST)
    if capacity is not None:
        ws.record(WorkerChannelUpdated(worker_sid, found.task_channel_sid, capacity=capacity))
    if available is not None:
        ws.record(WorkerChannelUpdated(worker_sid, found.task_channel_sid, available=available))
    return found
