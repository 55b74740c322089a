"""The lifecycles of tasks, reservations and transfers, as data: {(state, trigger): next state}.

docs/STATE_MACHINES.md is generated from these tables. A pair that is not in a table is illegal.
"""

from __future__ import annotations

from collections.abc import Mapping

Lifecycle = Mapping[tuple[str, str], str]

TASK: Lifecycle = {
    ("pending", "reserve"): "reserved",
    ("reserved", "reserve"): "reserved",  # multi-reservation: one more of the same set
    ("reserved", "release"): "pending",
    ("reserved", "accept"): "assigned",
    ("assigned", "wrap"): "wrapping",
    ("assigned", "complete"): "completed",
    ("wrapping", "complete"): "completed",
    ("pending", "cancel"): "canceled",
    ("reserved", "cancel"): "canceled",
    ("assigned", "transfer to queue"): "pending",
    ("assigned", "transfer to worker"): "reserved",
    ("pending", "keep"): "assigned",  # the transfer failed or was canceled: the transferor keeps the task
    ("reserved", "keep"): "assigned",
}

RESERVATION: Lifecycle = {
    ("pending", "accept"): "accepted",
    ("pending", "reject"): "rejected",
    ("pending", "time out"): "timeout",
    ("pending", "cancel"): "canceled",
    ("pending", "rescind"): "rescinded",
    ("accepted", "wrap"): "wrapping",
    ("accepted", "complete"): "completed",
    ("wrapping", "complete"): "completed",
}

TRANSFER: Lifecycle = {
    ("initiated", "attempt fails"): "initiated",  # to a queue: the task is offered to others
    ("initiated", "complete"): "complete",
    ("initiated", "fail"): "failed",
    ("initiated", "cancel"): "canceled",
}

TASK_STATES = ("pending", "reserved", "assigned", "wrapping", "completed", "canceled")
RESERVATION_STATES = ("pending", "accepted", "rejected", "timeout", "canceled", "rescinded", "wrapping", "completed")
TRANSFER_STATES = ("initiated", "complete", "failed", "canceled")


def after(lifecycle: Lifecycle, state: str, trigger: str) -> str:
    """The next state; KeyError if the pair is illegal, which only a damaged journal can bring about."""
    return lifecycle[state, trigger]
