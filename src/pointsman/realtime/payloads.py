"""Neutral views as payloads of the SDK's versions 2 and 3: dates in seconds, attributes as texts, a few other names."""

from __future__ import annotations

from typing import Any

from pointsman.domain.limits import SECOND
from pointsman.operations.scope import View

Payload = dict[str, Any]

DATES = ("date_created", "date_updated", "date_status_changed", "virtual_start_time")
TASK_NAMES = {
    "task_queue_sid": "queue_sid",
    "task_queue_friendly_name": "queue_name",
    "workflow_friendly_name": "workflow_name",
}
TASK_LEFT_OUT = ("task_queue_entered_date", "ignore_capacity")


def plain(view: View) -> Payload:
    """Workers, activities and others whose keys are Twilio's already."""
    return view | {name: view[name] // SECOND for name in DATES if view.get(name) is not None}


def worker_channel(view: View) -> Payload:
    """`last_reserved_time` is in milliseconds, `available` a number."""
    last = {"available": int(view["available"]), "last_reserved_time": view["last_reserved_time"] // 1000}
    return plain(view) | last


def task_queue(view: View) -> Payload:
    return plain(view) | {"lifo_queue": view["task_order"] == "LIFO", "version": 0}


def task(view: View) -> Payload:
    shown = plain(view)
    for name in TASK_LEFT_OUT:
        del shown[name]
    for name, other in TASK_NAMES.items():
        shown[other] = shown.pop(name)
    return shown


def nested_task(view: View) -> Payload:
    """The task within a reservation, which says itself whose it is."""
    shown = task(view)
    del shown["account_sid"], shown["workspace_sid"]
    return shown


def reservation(view: View) -> Payload:
    """With its task where the view has it; transfer keys are absent, never null, or the SDK fails."""
    shown = plain(view)
    if "task" in view:
        shown["task"] = nested_task(view["task"])
        del shown["task_sid"]
    return shown
