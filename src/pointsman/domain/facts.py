"""Facts: what was decided. They are stored for ever, so fields are only ever added, always with a default.

A field that is None in an …Updated fact did not change. Times are microseconds, deadlines absolute.
"""

from __future__ import annotations

from pointsman.domain.account_facts import AccountCreated as AccountCreated
from pointsman.domain.account_facts import KeyCreated as KeyCreated
from pointsman.domain.account_facts import KeyDeleted as KeyDeleted
from pointsman.domain.fact import Fact as Fact
from pointsman.domain.outside_facts import AlertRaised as AlertRaised
from pointsman.domain.outside_facts import AlertRepeated as AlertRepeated
from pointsman.domain.outside_facts import AssignmentAnswered as AssignmentAnswered
from pointsman.domain.outside_facts import WorkerAbsent as WorkerAbsent
from pointsman.domain.outside_facts import WorkerPresent as WorkerPresent
from pointsman.domain.outside_facts import WorkerWatchEnded as WorkerWatchEnded

# -- the workspace and its settings


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


# -- workers


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


# -- tasks and reservations


class TaskCreated(Fact, frozen=True):
    """A task exists and has entered its workflow; the first routing step follows as its own fact."""

    sid: str
    attributes: str
    workflow_sid: str
    workflow_version: int
    task_channel_sid: str
    timeout: int
    virtual_start_time: int
    priority: int = 0
    routing_target: str | None = None
    ignore_capacity: bool | None = None
    task_queue_sid: str | None = None


class TaskUpdated(Fact, frozen=True):
    sid: str
    attributes: str | None = None
    priority: int | None = None
    task_channel_sid: str | None = None
    virtual_start_time: int | None = None


class TaskStepped(Fact, frozen=True):
    """A task entered a routing step."""

    sid: str
    cause: str
    """created, timeout, skip, fall-forward or re-evaluated."""
    filter: int
    target: int
    task_queue_sid: str
    priority: int
    base: int
    workflow_version: int
    deadline: int | None = None
    left_by_timeout: bool = False


class TaskWrapped(Fact, frozen=True):
    sid: str
    reason: str | None = None


class TaskCompleted(Fact, frozen=True):
    sid: str
    reason: str | None = None


class TaskCanceled(Fact, frozen=True):
    sid: str
    reason: str
    cause: str = "api"
    """api, ttl, workflow-timeout, workflow-skipped, assignment-count or routing-target-sla."""


class TaskDeleted(Fact, frozen=True):
    """Deleted by a client, or by the system after too long in assigned."""

    sid: str
    by_system: bool = False


class TaskRemoved(Fact, frozen=True):
    """A finished task's time to be read is over (ruling 15)."""

    sid: str


class ReservationCreated(Fact, frozen=True):
    sid: str
    task_sid: str
    worker_sid: str
    deadline: int
    worker_previous_activity_sid: str = ""
    first: bool = True
    """The first of its set, which alone counts towards the Max Assignment Count."""
    transfer_sid: str = ""
    """The transfer that offers the task; then nothing counts towards the Max Assignment Count (ruling 17)."""


class ReservationAccepted(Fact, frozen=True):
    sid: str


class ReservationClosed(Fact, frozen=True):
    """A pending reservation ended without acceptance."""

    sid: str
    trigger: str
    """reject, time out, cancel or rescind (domain/lifecycle.py)."""
    reason: str | None = None
    failed: bool = False
    """The worker let the task go: it counts as a failure of this task and worker."""
    barred_until: int = 0
    """Until then the worker is no candidate for the task."""
    counts: bool = True
    """False when the server's side failed: not counted towards the Max Assignment Count (ruling 1)."""
    with_task: bool = False
    """Canceled because its task goes away in the same turn."""


class ReservationWrapped(Fact, frozen=True):
    sid: str


class ReservationCompleted(Fact, frozen=True):
    sid: str


# -- transfers. Each moves the task by itself; the facts about the reservations that go with it follow in the same turn.


class TransferInitiated(Fact, frozen=True):
    """An assigned task is offered to another worker or to a queue."""

    sid: str
    task_sid: str
    reservation_sid: str
    worker_sid: str
    task_queue_sid: str
    """Where the task was: it is there again if the transfer does not come about."""
    workflow_sid: str
    to: str
    """A worker's or a queue's sid."""
    mode: str = "WARM"
    attributes: str | None = None
    """New attributes of the task, if any."""
    priority: int | None = None


class TransferAttemptFailed(Fact, frozen=True):
    """A queue's worker let the task go; it is offered to the queue again."""

    sid: str
    reason: str


class TransferCompleted(Fact, frozen=True):
    """The reservation that is accepted next is the transferee's."""

    sid: str


class TransferFailed(Fact, frozen=True):
    sid: str
    reason: str


class TransferCanceled(Fact, frozen=True):
    sid: str


AnyFact = (
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
    | WorkerCreated
    | WorkerUpdated
    | WorkerActivityChanged
    | WorkerChannelUpdated
    | WorkerDeleted
    | TaskCreated
    | TaskUpdated
    | TaskStepped
    | TaskWrapped
    | TaskCompleted
    | TaskCanceled
    | TaskDeleted
    | TaskRemoved
    | ReservationCreated
    | ReservationAccepted
    | ReservationClosed
    | ReservationWrapped
    | ReservationCompleted
    | TransferInitiated
    | TransferAttemptFailed
    | TransferCompleted
    | TransferFailed
    | TransferCanceled
    | AccountCreated
    | KeyCreated
    | KeyDeleted
    | WorkerPresent
    | WorkerAbsent
    | WorkerWatchEnded
    | AssignmentAnswered
    | AlertRaised
    | AlertRepeated
)
