"""A workspace of a served application, as an application built on the official client sees it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from twilio.base.exceptions import TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from .rest_live import ACCOUNT, TOKEN, Live

SHOWN = ("reservation.", "task-queue.", "task.", "workflow.timeout", "workflow.skipped")


class Recorder(TwilioHttpClient):
    """The client's own transport; it also remembers the answers."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: list[Any] = []

    def request(self, *args: Any, **options: Any) -> Any:
        self.answers.append(super().request(*args, **options))
        return self.answers[-1]

    @property
    def etag(self) -> str:
        """The last answer's."""
        tag = self.answers[-1].headers["ETag"]
        assert isinstance(tag, str)
        return tag


class Floor:
    """A workspace of its own. The client is the official one, with nothing but the base URL changed."""

    def __init__(self, live: Live) -> None:
        self.live = live
        self.http = Recorder()
        client = Client(ACCOUNT, TOKEN, http_client=self.http)
        client.taskrouter.base_url = live.url
        workspaces = client.taskrouter.v1.workspaces
        self.sid = workspaces.create(friendly_name="Floor").sid
        self.api = workspaces(self.sid)
        self.activities = {a.friendly_name: a.sid for a in self.api.activities.list()}
        self.queues: dict[str, str] = {}

    @property
    def path(self) -> str:
        return f"/v1/Workspaces/{self.sid}"

    def advance(self, seconds: float) -> None:
        self.live.advance(seconds)

    def activity(self, name: str, available: bool = False) -> str:
        self.activities[name] = self.api.activities.create(friendly_name=name, available=available).sid
        return self.activities[name]

    def worker(self, name: str, activity: str = "Offline", **attributes: Any) -> str:
        attributes = {"team": "all", **attributes}
        sid = self.activities[activity]
        made = self.api.workers.create(friendly_name=name, attributes=json.dumps(attributes), activity_sid=sid)
        return made.sid

    def move(self, worker: str, activity: str) -> None:
        self.api.workers(worker).update(activity_sid=self.activities[activity])

    def capacity(self, worker: str, channel: str = "default") -> int:
        """Percent of the worker's capacity that are free."""
        channels = self.api.workers(worker).worker_channels
        return channels(channel).fetch().available_capacity_percentage

    def queue(self, name: str, target_workers: str = "team == 'all'", **options: Any) -> str:
        made = self.api.task_queues.create(friendly_name=name, target_workers=target_workers, **options)
        self.queues[name] = made.sid
        return made.sid

    def workflow(self, *filters: Any, default: str | None = None, **options: Any) -> str:
        """`default` is the default filter's queue."""
        routing: dict[str, Any] = {"filters": list(filters)}
        if default is not None:
            routing["default_filter"] = {"queue": default}
        configuration = json.dumps({"task_routing": routing})
        return self.api.workflows.create(friendly_name="Flow", configuration=configuration, **options).sid

    def task(self, workflow: str, task_channel: str = "default", **attributes: Any) -> Any:
        made = self.api.tasks.create(
            workflow_sid=workflow, attributes=json.dumps(attributes), task_channel=task_channel
        )
        return self.api.tasks(made.sid)

    def place(self, task: Any) -> tuple[str, str | None]:
        """Status of the task and name of its queue."""
        shown = task.fetch()
        return shown.assignment_status, shown.task_queue_friendly_name

    def offers(self, task: Any) -> list[tuple[str, str]]:
        """Names of the workers asked so far, and how their reservations stand."""
        return [(r.worker_name, r.reservation_status) for r in task.reservations.list()]

    def story(self, task: str) -> list[tuple[float, str, str]]:
        """Seconds of the task's life, event type and queue name of what happened to the task, oldest first."""
        events = self.api.events.list(task_sid=task, minutes=60)[::-1]
        (born,) = [e.event_date_ms for e in events if e.event_type == "task.created"]
        shown = [e for e in events if e.event_type.startswith(SHOWN)]
        return [((e.event_date_ms - born) / 1000, e.event_type, e.event_data.get("task_queue_name", "")) for e in shown]


def refusal(action: Callable[[], Any]) -> tuple[int, int]:
    """Status and code of the error that the client must raise."""
    with pytest.raises(TwilioRestException) as caught:
        action()
    return caught.value.status, caught.value.code
