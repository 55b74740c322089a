"""TaskChannels: kinds of work. Each is named by its sid or its unique name."""

from __future__ import annotations

from pointsman.domain.nouns import TaskChannel
from pointsman.engine.workspace import task_channels as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading


def view(ws: WorkspaceEngine, channel: TaskChannel) -> View:
    """The neutral view of a task channel."""
    return heading(ws) | {
        "sid": channel.sid,
        "friendly_name": channel.friendly_name,
        "unique_name": channel.unique_name,
        "channel_optimized_routing": channel.channel_optimized_routing,
        "date_created": channel.date_created,
        "date_updated": channel.date_updated,
    }


async def create(
    scope: WorkspaceScope, *, friendly_name: str, unique_name: str, channel_optimized_routing: bool | None = None
) -> View:
    def command(ws: WorkspaceEngine) -> View:
        channel = commands.create(
            ws,
            friendly_name=friendly_name,
            unique_name=unique_name,
            channel_optimized_routing=channel_optimized_routing,
        )
        return view(ws, channel)

    return await scope.tell(command)


async def fetch(scope: WorkspaceScope, sid_or_name: str) -> View:
    return await scope.ask(lambda ws: view(ws, ws.task_channel(sid_or_name)))


async def update(
    scope: WorkspaceScope,
    sid_or_name: str,
    *,
    friendly_name: str | None = None,
    channel_optimized_routing: bool | None = None,
) -> View:
    def command(ws: WorkspaceEngine) -> View:
        channel = commands.update(
            ws, sid_or_name, friendly_name=friendly_name, channel_optimized_routing=channel_optimized_routing
        )
        return view(ws, channel)

    return await scope.tell(command)


async def delete(scope: WorkspaceScope, sid_or_name: str) -> None:
    await scope.tell(lambda ws: commands.delete(ws, sid_or_name))


async def listing(scope: WorkspaceScope, request: PageRequest) -> Page:
    return await page_of(scope, Listing(lambda ws: ws.tables.task_channels, view), request)
