"""Tasks and reservations."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact


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


TaskFact = (
    TaskCreated
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
)
