"""Transfers. Each moves the task by itself; the facts about its reservations follow in the same turn."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact


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


TransferFact = TransferInitiated | TransferAttemptFailed | TransferCompleted | TransferFailed | TransferCanceled
