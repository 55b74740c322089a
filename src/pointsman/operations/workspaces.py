"""Workspaces: each is a stream of its own, so a list goes from stream to stream."""

from __future__ import annotations

import msgspec

from pointsman.auth.caller import Caller
from pointsman.domain.nouns import Workspace
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import workspaces as commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.paging import Cursor, Found, Key, Page, PageRequest, decode_token, page_from
from pointsman.operations.scope import View, WorkspaceScope, name_of
from pointsman.runtime.node import Node


class NewWorkspace(msgspec.Struct, frozen=True, kw_only=True):
    """What a workspace is created from; None is the default."""

    friendly_name: str
    event_callback_url: str | None = None
    events_filter: str | None = None
    multi_task_enabled: bool | None = None
    template: str | None = None
    prioritize_queue_order: str | None = None


class WorkspaceUpdate(msgspec.Struct, frozen=True, kw_only=True):
    """What an update may change; None leaves as it is."""

    friendly_name: str | None = None
    event_callback_url: str | None = None
    events_filter: str | None = None
    multi_task_enabled: bool | None = None
    default_activity_sid: str | None = None
    timeout_activity_sid: str | None = None
    prioritize_queue_order: str | None = None


def view(ws: WorkspaceEngine, workspace: Workspace) -> View:
    """The neutral view of a workspace."""
    activities = ws.tables.activities
    return {
        "sid": workspace.sid,
        "account_sid": workspace.account_sid,
        "friendly_name": workspace.friendly_name,
        "date_created": workspace.date_created,
        "date_updated": workspace.date_updated,
        "default_activity_sid": workspace.default_activity_sid or None,
        "default_activity_name": name_of(activities, workspace.default_activity_sid),
        "timeout_activity_sid": workspace.timeout_activity_sid or None,
        "timeout_activity_name": name_of(activities, workspace.timeout_activity_sid),
        "event_callback_url": workspace.event_callback_url,
        "events_filter": workspace.events_filter,
        "multi_task_enabled": workspace.multi_task_enabled,
        "prioritize_queue_order": workspace.prioritize_queue_order,
    }


async def create(node: Node, caller: Caller, workspace: NewWorkspace) -> View:
    sid = node.ids("WS")
    given = msgspec.structs.asdict(workspace)

    def command(ws: WorkspaceEngine) -> View:
        return view(ws, commands.create(ws, sid=sid, account_sid=caller.account_sid, **given))

    return await node.create(sid, caller.origin(), command)


async def fetch(scope: WorkspaceScope) -> View:
    return await scope.ask(lambda ws: view(ws, ws.workspace()))


async def update(scope: WorkspaceScope, change: WorkspaceUpdate) -> View:
    given = msgspec.structs.asdict(change)
    return await scope.tell(lambda ws: view(ws, commands.update(ws, **given)))


async def delete(scope: WorkspaceScope) -> None:
    await scope.tell(commands.delete)


async def listing(node: Node, caller: Caller, request: PageRequest, *, friendly_name: str | None = None) -> Page:
    """The account's workspaces in creation order."""
    cursor = await _cursor(node, caller, request.token)
    names = [name for name in node.streams(caller.account_sid) if name.startswith("WS")]
    found: Found = []
    for name in _names_beyond(names, cursor):
        try:
            shown = await fetch(WorkspaceScope(node, caller, name))
        except Refusal:  # deleted
            continue
        key = _key(shown)
        if (friendly_name is None or shown["friendly_name"] == friendly_name) and _beyond(cursor, key):
            found.append((key, shown))
            if len(found) > request.size:
                break
    return page_from(found, cursor, request.size)


def _key(shown: View) -> Key:
    number = int(shown["sid"][2:], 16)
    return (shown["date_created"], number >> 64, number & (1 << 64) - 1)


def _sid(key: Key) -> str:
    return f"WS{key[1] << 64 | key[2]:032x}"


async def _cursor(node: Node, caller: Caller, token: str | None) -> Cursor | None:
    if token is None:
        return None
    if token.startswith("PAWS"):
        return Cursor(_key(await fetch(WorkspaceScope(node, caller, token[2:]))))
    return decode_token(token, 3)


def _names_beyond(names: list[str], cursor: Cursor | None) -> list[str]:
    """From the cursor's own workspace on; all of them if it has gone, and the keys tell which are beyond."""
    if cursor is None:
        return names
    ordered = names[::-1] if cursor.back else names
    sid = _sid(cursor.key)
    return ordered[ordered.index(sid) + 1 :] if sid in ordered else ordered


def _beyond(cursor: Cursor | None, key: Key) -> bool:
    """The node orders streams as the keys do: by date, and those of the same instant by sid."""
    if cursor is None:
        return True
    return key < cursor.key if cursor.back else key > cursor.key
