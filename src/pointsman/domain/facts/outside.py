"""What stands outside of the router: sockets, callbacks, and what went wrong with them."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact

# -- sockets


class WorkerPresent(Fact, frozen=True):
    """A socket is open that wants the worker moved when the last one has been closed for a while (ruling 18)."""

    worker_sid: str
    after: int
    """Seconds without a socket until the worker is moved."""
    activity_sid: str = ""
    """Where to; empty: to the workspace's activity for who is offline."""


class WorkerAbsent(Fact, frozen=True):
    """The last socket of a worker who is watched was closed."""

    worker_sid: str
    deadline: int
    """When the worker is moved, unless a socket comes back."""


class WorkerWatchEnded(Fact, frozen=True):
    """The worker was away for too long; the move, if one was needed, stands before this."""

    worker_sid: str


# -- callbacks


class AssignmentAnswered(Fact, frozen=True):
    """The assignment callback of a reservation is over: it is not asked for again."""

    sid: str
    outcome: str
    """accept, reject; manual: no instruction; invalid: one that cannot be carried out; failed: the only URL gave no
    valid answer; cancel: neither did the fallback URL."""


# -- what went wrong


class AlertRaised(Fact, frozen=True):
    """Something that Twilio would write into its debugger. Its sid is derived from the place of this fact."""

    code: int
    level: str
    """error or warning."""
    text: str
    task_sid: str = ""
    worker_sid: str = ""
    reservation_sid: str = ""
    task_queue_sid: str = ""
    workflow_sid: str = ""
    url: str = ""
    count: int = 1
    """How often it had happened by then."""


class AlertRepeated(Fact, frozen=True):
    """The same happened again within the minute: it is counted, and not raised anew."""

    sid: str
    count: int = 1
    """How often."""


OutsideFact = WorkerPresent | WorkerAbsent | WorkerWatchEnded | AssignmentAnswered | AlertRaised | AlertRepeated
