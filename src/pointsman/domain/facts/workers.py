"""Workers."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact


class WorkerCreated(Fact, frozen=True):
    sid: str
    friendly_name: str
    activity_sid: str
    attributes: str = "{}"


class WorkerUpdated(Fact, frozen=True):
    sid: str
    friendly_name: str | None = None
    attributes: str | None = None


class WorkerActivityChanged(Fact, frozen=True):
    sid: str
    activity_sid: str


class WorkerChannelUpdated(Fact, frozen=True):
    worker_sid: str
    task_channel_sid: str
    capacity: int | None = None
    available: bool | None = None


class WorkerDeleted(Fact, frozen=True):
    sid: str


WorkerFact = WorkerCreated | WorkerUpdated | WorkerActivityChanged | WorkerChannelUpdated | WorkerDeleted
