"""The records that a workspace's tables hold: Twilio's nouns, plus what routing must remember.

Times are microseconds since the epoch. `number` is the seq of the fact that made the record, so it orders by creation.
"""

from __future__ import annotations

import msgspec

DEFAULT_FILTER = -1
"""The routing step's filter when a task stands in the workflow's default_filter."""
DIRECT = -2
"""The routing step's filter when RoutingTarget names a worker or a queue and no workflow is followed."""


class Record(msgspec.Struct, gc=False, omit_defaults=True):
    """A row of a table. Changed by `apply` alone."""


class Workspace(Record):
    sid: str
    account_sid: str
    friendly_name: str
    date_created: int
    date_updated: int
    event_callback_url: str = ""
    events_filter: str | None = None
    multi_task_enabled: bool = True
    prioritize_queue_order: str = "FIFO"
    default_activity_sid: str = ""
    timeout_activity_sid: str = ""


class Activity(Record):
    sid: str
    number: int
    friendly_name: str
    available: bool
    date_created: int
    date_updated: int


class TaskChannel(Record):
    sid: str
    number: int
    friendly_name: str
    unique_name: str
    channel_optimized_routing: bool
    date_created: int
    date_updated: int


class WorkerChannel(Record):
    sid: str
    task_channel_sid: str
    date_created: int
    date_updated: int
    configured_capacity: int = 1
    available: bool = True
    last_reserved: int = 0
    last_released: int = 0


class Watch(Record):
    """A worker who is to be moved when no socket was open for a while (ruling 18)."""

    after: int
    """Seconds without a socket until then."""
    activity_sid: str = ""
    """Where to; empty: to the workspace's activity for who is offline."""
    deadline: int | None = None
    """When; None while a socket is open."""


class Worker(Record):
    sid: str
    number: int
    friendly_name: str
    attributes: str
    attributes_seq: int
    activity_sid: str
    date_created: int
    date_updated: int
    date_status_changed: int
    channels: dict[str, WorkerChannel]
    version: int = 0
    last_reserved: int = 0
    last_released: int = 0
    watch: Watch | None = None


class TaskQueue(Record):
    sid: str
    number: int
    friendly_name: str
    target_workers: str
    date_created: int
    date_updated: int
    max_reserved_workers: int = 1
    task_order: str = "FIFO"
    reservation_activity_sid: str | None = None
    assignment_activity_sid: str | None = None


class WorkflowVersion(Record):
    configuration: str
    followers: int = 0
    """Unfinished tasks that still follow this version; an old one without followers is forgotten."""


class Workflow(Record):
    sid: str
    number: int
    friendly_name: str
    date_created: int
    date_updated: int
    versions: dict[int, WorkflowVersion]
    current: int = 1
    reevaluated: int = 0
    """Tasks that follow an older version than this one are to be evaluated anew (ReEvaluateTasks)."""
    assignment_callback_url: str = ""
    fallback_assignment_callback_url: str = ""
    task_reservation_timeout: int = 120


class Failure(Record):
    """How often in a row a worker let this task go, and until when it is no candidate (ruling 1)."""

    count: int
    until: int = 0


class Task(Record):
    sid: str
    number: int
    attributes: str
    attributes_seq: int
    workflow_sid: str
    workflow_version: int
    task_channel_sid: str
    date_created: int
    date_updated: int
    virtual_start_time: int
    timeout: int
    """Time to live before the first acceptance, in seconds."""
    priority: int = 0
    status: str = "pending"
    reason: str | None = None
    version: int = 0
    routing_target: str | None = None
    ignore_capacity: bool | None = None
    task_queue_sid: str | None = None
    task_queue_entered_date: int | None = None
    filter: int | None = None
    """The routing step: which filter (an index, DEFAULT_FILTER or DIRECT) and which target; None before the first."""
    target: int = 0
    base: int = 0
    """The task's age when it entered the filter: deadlines count from there (ruling 3)."""
    deadline: int | None = None
    """When the routing step times out; None waits for ever."""
    left_by_timeout: bool = False
    """Some filter of this pass was left by a timeout, so the default_filter is closed (ruling 7)."""
    evaluate_anew: bool = False
    """Attributes changed while reserved: evaluated anew if the set fails (ruling 4)."""
    assignment_count: int = 0
    ever_accepted: bool = False
    assigned_at: int | None = None
    finished_at: int | None = None
    reservations: tuple[str, ...] = ()
    open_reservations: tuple[str, ...] = ()
    failures: dict[str, Failure] = {}
    transfers: tuple[str, ...] = ()
    open_transfer: str = ""
    """The transfer that is under way: while it is, the task reads pending or reserved although it was accepted."""


class Reservation(Record):
    sid: str
    number: int
    task_sid: str
    worker_sid: str
    task_queue_sid: str
    task_channel_sid: str
    workflow_sid: str
    date_created: int
    date_updated: int
    deadline: int
    status: str = "pending"
    version: int = 0
    reason: str | None = None
    worker_previous_activity_sid: str = ""
    set_number: int = 0
    """Number of the first reservation of the set that was made together (multi-reservation)."""
    transfer_sid: str = ""
    """The transfer that made this reservation: the worker is its transferee."""
    callback: str = ""
    """The outcome of the assignment callback (AssignmentAnswered); empty while there is none."""


class Transfer(Record):
    sid: str
    number: int
    task_sid: str
    initiating_reservation_sid: str
    initiating_worker_sid: str
    initiating_queue_sid: str
    initiating_workflow_sid: str
    to: str
    mode: str
    date_created: int
    date_updated: int
    status: str = "initiated"
    failed_reason: str | None = None
    """Why it failed, or why its last attempt did."""
    attempts: int = 0
    """Sets of reservations that failed."""

    @property
    def type(self) -> str:
        """WORKER or QUEUE."""
        return "WORKER" if self.to.startswith("WK") else "QUEUE"


class Alert(Record):
    sid: str
    number: int
    code: int
    level: str
    text: str
    date_created: int
    date_updated: int
    """When it happened last."""
    count: int = 1
    """How often it happened within its minute."""
    task_sid: str = ""
    worker_sid: str = ""
    reservation_sid: str = ""
    task_queue_sid: str = ""
    workflow_sid: str = ""
    url: str = ""
