"""Neutral views as Twilio's properties: dates as texts, a url, links; every documented property (ruling 12)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from pointsman.domain.limits import SECOND

View = dict[str, Any]
Presenter = Callable[[str, View], View]
"""Takes the URL of the server and a neutral view."""

DATES = (
    "date_created",
    "date_updated",
    "date_status_changed",
    "task_queue_entered_date",
    "virtual_start_time",
    "event_date",
)
STATISTICS = {
    "statistics": "Statistics",
    "real_time_statistics": "RealTimeStatistics",
    "cumulative_statistics": "CumulativeStatistics",
}


@lru_cache(4096)
def _iso(second: int) -> str:
    try:
        return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%SZ").rjust(20, "0")
    except (ValueError, OverflowError, OSError):  # beyond the year 9999
        return "9999-12-31T23:59:59Z"


def iso(at: int | None) -> str | None:
    """Whole seconds in UTC: helper libraries parse exactly this form (rest-api.md 3)."""
    return None if at is None else _iso(at // SECOND)


def workspace_url(base: str, workspace_sid: str) -> str:
    return f"{base}/v1/Workspaces/{workspace_sid}"


def workspace(base: str, view: View) -> View:
    url = workspace_url(base, view["sid"])
    parts = {
        "activities": "Activities",
        "task_queues": "TaskQueues",
        "tasks": "Tasks",
        "workers": "Workers",
        "workflows": "Workflows",
        "task_channels": "TaskChannels",
        "events": "Events",
    }
    return _present(view, url, _below(url, STATISTICS | parts))


def activity(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    return _present(view, f"{parent}/Activities/{view['sid']}", {"workspace": parent})


def task_channel(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    return _present(view, f"{parent}/TaskChannels/{view['sid']}", {"workspace": parent})


def worker(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    url = f"{parent}/Workers/{view['sid']}"
    links = {
        "channels": f"{url}/Channels",
        "activity": f"{parent}/Activities/{view['activity_sid']}",
        "workspace": parent,
        "worker_statistics": f"{url}/Statistics",
        "worker_channels": f"{url}/Channels",
        "reservations": f"{url}/Reservations",
    }
    return _present(view, url, links | _below(f"{parent}/Workers", STATISTICS))


def worker_channel(base: str, view: View) -> View:
    """The one resource without links (rest-api.md 9)."""
    parent = workspace_url(base, view["workspace_sid"])
    return _present(view, f"{parent}/Workers/{view['worker_sid']}/Channels/{view['sid']}")


def task_queue(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    url = f"{parent}/TaskQueues/{view['sid']}"
    links = {
        "assignment_activity": _activity_url(parent, view["assignment_activity_sid"]),
        "reservation_activity": _activity_url(parent, view["reservation_activity_sid"]),
        "workspace": parent,
        "list_statistics": f"{parent}/TaskQueues/Statistics",
        "bulk_real_time_statistics": f"{parent}/TaskQueues/RealTimeStatistics",
    }
    return _present(view, url, links | _below(url, STATISTICS))


def workflow(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    url = f"{parent}/Workflows/{view['sid']}"
    return _present(view, url, _below(url, STATISTICS) | {"workspace": parent})


def task(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    url = f"{parent}/Tasks/{view['sid']}"
    queue_sid, workflow_sid = view["task_queue_sid"], view["workflow_sid"]
    links = {
        "task_queue": f"{parent}/TaskQueues/{queue_sid}" if queue_sid else None,
        "workflow": f"{parent}/Workflows/{workflow_sid}" if workflow_sid else None,
        "workspace": parent,
        "reservations": f"{url}/Reservations",
    }
    return _present(view, url, links)


def task_reservation(base: str, view: View) -> View:
    return _reservation(base, view, f"Tasks/{view['task_sid']}")


def worker_reservation(base: str, view: View) -> View:
    return _reservation(base, view, f"Workers/{view['worker_sid']}")


def event(base: str, view: View) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    urls = {
        "resource_url": _resource_url(parent, view["resource_sid"], view["event_data"]),
        "actor_url": _resource_url(parent, view["actor_sid"], {}),
    }
    return _present(view | urls, f"{parent}/Events/{view['sid']}")


def alert(base: str, view: View) -> View:
    """Not one of Twilio's resources: its address is our own."""
    return _present(view, f"{base}/pointsman/v1/Workspaces/{view['workspace_sid']}/Alerts/{view['sid']}")


NOUNS = {
    "WT": "Tasks",
    "WK": "Workers",
    "WA": "Activities",
    "TC": "TaskChannels",
    "WQ": "TaskQueues",
    "WW": "Workflows",
}


def _resource_url(parent: str, sid: str, data: dict[str, str]) -> str | None:
    """The URL of what an event is about; None for an account or key."""
    if sid[:2] == "WS":
        return parent
    if sid[:2] == "WR" and "task_sid" in data:
        return f"{parent}/Tasks/{data['task_sid']}/Reservations/{sid}"
    noun = NOUNS.get(sid[:2])
    return f"{parent}/{noun}/{sid}" if noun else None


def _reservation(base: str, view: View, place: str) -> View:
    parent = workspace_url(base, view["workspace_sid"])
    links = {
        "task": f"{parent}/Tasks/{view['task_sid']}",
        "worker": f"{parent}/Workers/{view['worker_sid']}",
        "workspace": parent,
    }
    return _present(view, f"{parent}/{place}/Reservations/{view['sid']}", links)


def _activity_url(parent: str, sid: str | None) -> str | None:
    return f"{parent}/Activities/{sid}" if sid else None


def _below(url: str, parts: dict[str, str]) -> dict[str, str]:
    return {name: f"{url}/{part}" for name, part in parts.items()}


def _present(view: View, url: str, links: View | None = None) -> View:
    shown = view | {name: iso(view[name]) for name in DATES if name in view}
    shown.pop("version", None)  # it is the ETag
    shown["url"] = url
    if links is not None:
        shown["links"] = links
    return shown
