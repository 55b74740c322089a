"""A centre per test, on a server of the module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..rest_live import Live, live_server
from .centre import SETTINGS, Centre


@pytest.fixture(scope="module")
def served() -> Iterator[Live]:
    with live_server(SETTINGS) as live:
        yield live


@pytest.fixture
def centre(served: Live) -> Iterator[Centre]:
    made = Centre(served)
    yield made
    made.leave()
