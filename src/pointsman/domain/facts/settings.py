"""The workspace and its settings: activities, channels, queues, workflows."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact


class WorkspaceCreated(Fact, frozen=True):
    sid: str
    account_sid: str
    friendly_name: str
    event_callback_url: str = ""
    events_filter: str | None = None
    multi_task_enabled: bool = True
    prioritize_queue_order: str = "FIFO"


class WorkspaceUpdated(Fact, frozen=True):
    friendly_name: str | None = None
    event_callback_url: str | None = None
    events_filter: str | None = None
    multi_task_enabled: bool | None = None
    prioritize_queue_order: str | None = None
    default_activity_sid: str | None = None
    timeout_activity_sid: str | None = None
    silent: bool = False
    """Part of the workspace's creation: no workspace.updated event."""


class WorkspaceDeleted(Fact, frozen=True):
    pass


class WorkspaceResumed(Fact, frozen=True):
    """A process took the workspace up again: reservation timers stood still meanwhile (ruling 18)."""

    down: int
    """How long no process ran, in microseconds: pending reservations' deadlines move by it."""
    grace_until: int
    """No reservation times out before this."""


class TimerParked(Fact, frozen=True):
    """A timer whose command failed twice; it is not tried again."""

    kind: str
    sid: str
    error: str


class ActivityCreated(Fact, frozen=True):
    sid: str
    friendly_name: str
    available: bool


class ActivityUpdated(Fact, frozen=True):
    sid: str
    friendly_name: str


class ActivityDeleted(Fact, frozen=True):
    sid: str


class TaskChannelCreated(Fact, frozen=True):
    sid: str
    friendly_name: str
    unique_name: str
    channel_optimized_routing: bool = False


class TaskChannelUpdated(Fact, frozen=True):
    sid: str
    friendly_name: str | None = None
    channel_optimized_routing: bool | None = None


class TaskChannelDeleted(Fact, frozen=True):
    sid: str


class TaskQueueCreated(Fact, frozen=True):
    sid: str
    friendly_name: str
    target_workers: str
    max_reserved_workers: int = 1
    task_order: str = "FIFO"
    reservation_activity_sid: str | None = None
    assignment_activity_sid: str | None = None


class TaskQueueUpdated(Fact, frozen=True):
    sid: str
    friendly_name: str | None = None
    target_workers: str | None = None
    max_reserved_workers: int | None = None
    task_order: str | None = None
    reservation_activity_sid: str | None = None
    assignment_activity_sid: str | None = None


class TaskQueueDeleted(Fact, frozen=True):
    sid: str


class WorkflowCreated(Fact, frozen=True):
    sid: str
    friendly_name: str
    configuration: str
    assignment_callback_url: str = ""
    fallback_assignment_callback_url: str = ""
    task_reservation_timeout: int = 120


class WorkflowUpdated(Fact, frozen=True):
    sid: str
    friendly_name: str | None = None
    configuration: str | None = None
    """A new version of the configuration."""
    assignment_callback_url: str | None = None
    fallback_assignment_callback_url: str | None = None
    task_reservation_timeout: int | None = None
    re_evaluate: bool = False


class WorkflowDeleted(Fact, frozen=True):
    sid: str


SettingsFact = (
    WorkspaceCreated
    | WorkspaceUpdated
    | WorkspaceDeleted
    | WorkspaceResumed
    | TimerParked
    | ActivityCreated
    | ActivityUpdated
    | ActivityDeleted
    | TaskChannelCreated
    | TaskChannelUpdated
    | TaskChannelDeleted
    | TaskQueueCreated
    | TaskQueueUpdated
    | TaskQueueDeleted
    | WorkflowCreated
    | WorkflowUpdated
    | WorkflowDeleted
)
