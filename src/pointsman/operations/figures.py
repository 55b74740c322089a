"""What /metrics shows of routing, over all workspaces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from pointsman.domain.entry import Entry
from pointsman.domain.limits import SECOND
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.metrics import (
    OLDEST_WAIT,
    RESERVATIONS,
    TASKS,
    TO_ACCEPTANCE,
    TO_RESERVATION,
    WAITS,
    WORKERS,
    Histogram,
    Metric,
    Value,
)
from pointsman.runtime.feed import Release
from pointsman.runtime.node import Node

OUTCOMES = {
    f"reservation.{outcome}": outcome
    for outcome in ("created", "accepted", "rejected", "timeout", "canceled", "rescinded")
}


class Routing:
    """A listener of the node that counts reservations since the start; how things stand it asks the engines."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._outcomes = dict.fromkeys(OUTCOMES.values(), 0)
        self._to_reservation = Histogram(WAITS)
        self._to_acceptance = Histogram(WAITS)
        node.listeners.append(self)

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Release | None:
        for entry in entries:
            for event in entry.events:
                outcome = OUTCOMES.get(event.type)
                if outcome is not None:
                    self._outcomes[outcome] += 1
                    if outcome in ("created", "accepted"):
                        self._wait_of(outcome).observe(float(event.data.get("task_age") or 0))
        return None

    def _wait_of(self, outcome: str) -> Histogram:
        return self._to_reservation if outcome == "created" else self._to_acceptance

    def figures(self) -> dict[Metric, Value]:
        statuses: Counter[str] = Counter()
        workers = {"true": 0, "false": 0}
        oldest = 0
        for engine in self._node.engines():
            if isinstance(engine, WorkspaceEngine):
                board = engine.board.figures()
                statuses.update(board.statuses)
                if board.oldest is not None:
                    oldest = max(oldest, (self._node.clock.now() - board.oldest[0]) // SECOND)
                available = {activity.sid: activity.available for activity in engine.tables.activities}
                for activity, count in engine.everyone().items():
                    workers["true" if available.get(activity) else "false"] += count
        return {
            TASKS: {status: statuses[status] for status in ("pending", "reserved", "assigned", "wrapping")},
            OLDEST_WAIT: oldest,
            WORKERS: workers,
            RESERVATIONS: dict(self._outcomes),
            TO_RESERVATION: self._to_reservation,
            TO_ACCEPTANCE: self._to_acceptance,
        }
