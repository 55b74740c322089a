"""A server per test module, and a workspace per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from .npm import installed
from .rest_live import Live, live_server
from .served import Floor


@pytest.fixture(scope="module")
def served() -> Iterator[Live]:
    """An application on a socket of its own, with a virtual clock and a journal in memory."""
    with live_server() as live:
        yield live


@pytest.fixture
def floor(served: Live) -> Floor:
    return Floor(served)


@pytest.fixture(scope="session")
def application(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the Node scripts, with their packages."""
    return installed(Path(__file__).with_name("node"), tmp_path_factory.mktemp("npm"))
