"""Deliveries: how the event callbacks of a workspace fare."""

from __future__ import annotations

import msgspec

from pointsman.history.deliveries import Callbacks, DeliveryBook, Failure, Standing
from pointsman.metrics import CALLBACKS_ASIDE, CALLBACKS_DELIVERED, CALLBACKS_FAILED, CALLBACKS_PENDING, Metric, Value
from pointsman.operations.scope import View, WorkspaceScope, heading


async def fetch(scope: WorkspaceScope, book: DeliveryBook) -> View:
    """Counts, the last failure and the latest events that were given up. Times in microseconds. Raises Refusal."""
    head = await scope.ask(heading)
    standing = book.standing(scope.sid) or Standing(scope.sid, 0, Callbacks())
    oldest = standing.oldest_at
    return head | {
        "pending": standing.pending,
        "delivered": standing.delivered,
        "failed": standing.failed,
        "set_aside": standing.aside,
        "oldest_pending_age": max(0, scope.now() - oldest) if oldest else None,
        "last_error": None if standing.last_failure is None else _failure(standing.last_failure),
        "given_up": [_failure(failure) for failure in book.given_up(scope.sid)],
    }


def _failure(failure: Failure) -> View:
    return msgspec.structs.asdict(failure)


def figures(book: DeliveryBook) -> dict[Metric, Value]:
    """What /metrics shows of all workspaces."""
    totals = book.totals()
    return {
        CALLBACKS_DELIVERED: totals.delivered,
        CALLBACKS_FAILED: totals.failed,
        CALLBACKS_PENDING: totals.pending,
        CALLBACKS_ASIDE: totals.aside,
    }
