"""One journal of every kind, empty and not yet started."""

from pathlib import Path

import pytest

from pointsman.journal import Journal
from pointsman.journal.faulty import FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.sqlite import SqliteJournal


@pytest.fixture(params=["memory", "sqlite", "faulty"])
def journal(request: pytest.FixtureRequest, tmp_path: Path) -> Journal:
    if request.param == "sqlite":
        return SqliteJournal(tmp_path / "journal.db")
    return MemoryJournal() if request.param == "memory" else FaultyJournal(MemoryJournal())
