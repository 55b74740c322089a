"""Commands on the workspace itself: creation with what it is seeded with, settings, deletion (rest-api.md 6)."""

from __future__ import annotations

from pointsman.domain.facts import (
    ActivityCreated,
    TaskChannelCreated,
    TaskQueueCreated,
    WorkflowCreated,
    WorkspaceCreated,
    WorkspaceDeleted,
    WorkspaceUpdated,
)
from pointsman.domain.limits import check_choice, check_name, check_text, check_url
from pointsman.domain.nouns import Workspace
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine

_MULTITASKING_ACTIVITIES = (("Offline", False), ("Unavailable", False), ("Available", True))
_SINGLE_TASKING_ACTIVITIES = (("Offline", False), ("Idle", True), ("Busy", False), ("Reserved", False))
_CHANNELS = (
    ("Default", "default"),
    ("Voice", "voice"),
    ("Programmable Chat", "chat"),
    ("SMS", "sms"),
    ("Video", "video"),
)
_FIFO = """{"task_routing":{"filters":[{"filter_friendly_name":"Default","expression":"1==1",\
"targets":[{"queue":"%s","priority":0}]}]}}"""
_ORDERS = ("FIFO", "LIFO")
EVENTS_FILTER_CHARACTERS = 4096


def create(
    ws: WorkspaceEngine,
    *,
    sid: str,
    account_sid: str,
    friendly_name: str,
    event_callback_url: str | None = None,
    events_filter: str | None = None,
    multi_task_enabled: bool | None = None,
    template: str | None = None,
    prioritize_queue_order: str | None = None,
) -> Workspace:
    """Create this stream's workspace with activities and channels; Template FIFO adds a queue and a workflow."""
    check_name("FriendlyName", friendly_name)
    check_choice("Template", template or "NONE", ("NONE", "FIFO"))
    _check_settings(event_callback_url, events_filter, prioritize_queue_order)
    multitasking = multi_task_enabled is not False
    ws.record(
        WorkspaceCreated(
            sid,
            account_sid,
            friendly_name,
            event_callback_url or "",
            events_filter or None,
            multitasking,
            prioritize_queue_order or "FIFO",
        )
    )
    activities = _seed_activities(ws, multitasking)
    for name, unique_name in _CHANNELS:
        ws.record(TaskChannelCreated(ws.ids("TC"), name, unique_name))
    if template == "FIFO":
        queue = TaskQueueCreated(
            ws.ids("WQ"),
            "Sample Queue",
            "1==1",
            reservation_activity_sid=activities.get("Reserved"),
            assignment_activity_sid=activities.get("Busy"),
        )
        ws.record(queue)
        ws.record(WorkflowCreated(ws.ids("WW"), "Default Fifo Workflow", _FIFO % queue.sid))
    return ws.workspace()


def _seed_activities(ws: WorkspaceEngine, multitasking: bool) -> dict[str, str]:
    sids: dict[str, str] = {}
    for name, available in _MULTITASKING_ACTIVITIES if multitasking else _SINGLE_TASKING_ACTIVITIES:
        sids[name] = ws.ids("WA")
        ws.record(ActivityCreated(sids[name], name, available))
    offline = sids["Offline"]
    ws.record(WorkspaceUpdated(default_activity_sid=offline, timeout_activity_sid=offline, silent=True))
    return sids


def update(
    ws: WorkspaceEngine,
    *,
    friendly_name: str | None = None,
    event_callback_url: str | None = None,
    events_filter: str | None = None,
    multi_task_enabled: bool | None = None,
    default_activity_sid: str | None = None,
    timeout_activity_sid: str | None = None,
    prioritize_queue_order: str | None = None,
) -> Workspace:
    """Change settings; None leaves one as it is. There is no way back from multitasking (rest-api.md 20, 23)."""
    workspace = ws.workspace()
    if friendly_name is not None:
        check_name("FriendlyName", friendly_name)
    _check_settings(event_callback_url, events_filter, prioritize_queue_order)
    for field, sid in (("DefaultActivitySid", default_activity_sid), ("TimeoutActivitySid", timeout_activity_sid)):
        if sid is not None and sid not in ws.tables.activities:
            raise Refusal(f"{field} {sid} is no Activity of workspace {workspace.sid}")
    if multi_task_enabled is False and workspace.multi_task_enabled:
        raise Refusal("A multitasking workspace cannot be changed to single-tasking")
    ws.record(
        WorkspaceUpdated(
            friendly_name=friendly_name,
            event_callback_url=event_callback_url,
            events_filter=events_filter,
            multi_task_enabled=multi_task_enabled,
            prioritize_queue_order=prioritize_queue_order,
            default_activity_sid=default_activity_sid,
            timeout_activity_sid=timeout_activity_sid,
        )
    )
    return workspace


def delete(ws: WorkspaceEngine) -> None:
    """Delete the workspace with all that is in it (ruling 19)."""
    ws.workspace()
    ws.record(WorkspaceDeleted())


def _check_settings(url: str | None, events_filter: str | None, order: str | None) -> None:
    if url is not None:
        check_url("EventCallbackUrl", url)
    if events_filter is not None:
        check_text("EventsFilter", events_filter, EVENTS_FILTER_CHARACTERS)
    if order is not None:
        check_choice("PrioritizeQueueOrder", order, _ORDERS)
