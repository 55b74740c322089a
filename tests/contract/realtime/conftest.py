"""A centre per test, on a server of the module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ..rest_live import Live, live_server
from .centre import SETTINGS, Centre

HOLD = replace(SETTINGS, caller_hold_ms=1000)
"""Held for so long that the order is never a matter of luck."""


@pytest.fixture(scope="module")
def served() -> Iterator[Live]:
    with live_server(SETTINGS) as live:
        yield live


@pytest.fixture
def centre(served: Live) -> Iterator[Centre]:
    made = Centre(served)
    yield made
    made.leave()


@pytest.fixture(scope="module")
def slow_hold() -> Iterator[Live]:
    with live_server(HOLD) as live:
        yield live


@pytest.fixture
def held(slow_hold: Live) -> Iterator[Centre]:
    made = Centre(slow_hold)
    yield made
    made.leave()
