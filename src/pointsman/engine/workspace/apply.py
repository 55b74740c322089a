"""Facts to tables: the fold. Live and in replay the same; decides nothing."""

from __future__ import annotations

from pointsman.domain.facts import AnyFact
from pointsman.engine.workspace import apply_alerts, apply_settings, apply_tasks, apply_transfers
from pointsman.engine.workspace.folding import FOLDS
from pointsman.engine.workspace.tables import Tables

# these modules register their folds by being imported
__all__ = ["apply", "apply_alerts", "apply_settings", "apply_tasks", "apply_transfers"]


def apply(tables: Tables, seq: int, at: int, fact: AnyFact) -> None:
    """Fold one fact into the tables; `at` is its time in microseconds."""
    FOLDS[type(fact)](tables, seq, at, fact)
