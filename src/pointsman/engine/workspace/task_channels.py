"""Commands on task channels (rest-api.md 10)."""

from __future__ import annotations

import re

from pointsman.domain.facts import TaskChannelCreated, TaskChannelDeleted, TaskChannelUpdated
from pointsman.domain.limits import check_name
from pointsman.domain.nouns import TaskChannel
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine

_SID = re.compile(r"(TC|WC)[0-9a-f]{32}")
DEFAULT = "default"
"""The unique name of the channel of tasks that name none; it cannot be deleted."""


def create(
    ws: WorkspaceEngine, *, friendly_name: str, unique_name: str, channel_optimized_routing: bool | None = None
) -> TaskChannel:
    """A new channel; every worker gets it with capacity 1."""
    ws.workspace()
    check_name("FriendlyName", friendly_name)
    check_name("UniqueName", unique_name)
    if _SID.fullmatch(unique_name):
        raise Refusal("UniqueName must not look like a sid, for a TaskChannel is found by either")
    if any(channel.unique_name == unique_name for channel in ws.tables.task_channels):
        raise Refusal(f"TaskChannel with the unique name {unique_name} already exists")
    fact = TaskChannelCreated(ws.ids("TC"), friendly_name, unique_name, bool(channel_optimized_routing))
    ws.record(fact)
    return ws.task_channel(fact.sid)


def update(
    ws: WorkspaceEngine,
    sid_or_name: str,
    *,
    friendly_name: str | None = None,
    channel_optimized_routing: bool | None = None,
) -> TaskChannel:
    channel = ws.task_channel(sid_or_name)
    if friendly_name is not None:
        check_name("FriendlyName", friendly_name)
    ws.record(TaskChannelUpdated(channel.sid, friendly_name, channel_optimized_routing))
    return channel


def delete(ws: WorkspaceEngine, sid_or_name: str) -> None:
    """Refused for the default channel and while a task is on it (ruling 19)."""
    channel = ws.task_channel(sid_or_name)
    if channel.unique_name == DEFAULT:
        raise Refusal(f"TaskChannel {channel.sid} is the default channel and cannot be deleted")
    holder = next((task for task in ws.tables.tasks if task.task_channel_sid == channel.sid), None)
    if holder is not None:
        raise Refusal(f"TaskChannel {channel.sid} cannot be deleted because Task {holder.sid} is on it")
    ws.record(TaskChannelDeleted(channel.sid))
