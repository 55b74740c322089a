"""How facts are folded into tables: one small function per kind of fact, kept in one register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from pointsman.domain.facts import Fact
from pointsman.domain.nouns import Reservation, Task, Worker
from pointsman.engine.workspace.tables import Tables

F = TypeVar("F", bound=Fact)
Fold = Callable[[Tables, int, int, Any], None]
FOLDS: dict[type[Fact], Fold] = {}


def folds(kind: type[F]) -> Callable[[Callable[[Tables, int, int, F], None]], Fold]:
    """Register the function that folds facts of this kind; it takes tables, seq, time and fact."""

    def keep(fold: Callable[[Tables, int, int, F], None]) -> Fold:
        FOLDS[kind] = fold
        return fold

    return keep


def take_over(record: msgspec.Struct, fact: Fact, *names: str) -> None:
    """Copy the fields that the fact sets; None means unchanged."""
    for name in names:
        value = getattr(fact, name)
        if value is not None:
            setattr(record, name, value)


def touch(record: Worker | Task | Reservation, at: int) -> None:
    """Every change counts: the version is what If-Match is compared with."""
    record.date_updated = at
    record.version += 1
