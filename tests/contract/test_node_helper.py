"""The official Node client, pointed here by its base URL: `node/example.js` is the application."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from .npm import ran
from .rest_live import ACCOUNT, TOKEN, Live

pytestmark = [pytest.mark.node, pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")]


@pytest.fixture(scope="module")
def told(served: Live, application: Path) -> Any:
    """What the application saw, by example."""
    login = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": TOKEN}
    return json.loads(ran(["node", "example.js"], application, POINTSMAN_URL=served.url, **login))


def test_the_example_application_flow(told: Any) -> None:
    assert told["flow"] == {
        "waiting": "pending",
        "offered": ["Alice", "pending"],
        "capacityWhileOffered": 0,
        "accepted": "accepted",
        "assigned": "assigned",
        "completed": ["completed", "helped"],
        "capacityAfterwards": 100,
        "next": ["Alice", "pending"],
        "offline": "Offline",
        "afterHours": ["pending", 0],
    }


def test_the_first_of_two_workers_wins(told: Any) -> None:
    assert told["race"] == {
        "asked": ["Alice", "Bob"],
        "winner": ["Alice", "accepted"],
        "loserStatus": 410,
        "loserReservation": "rescinded",
    }


def test_stuck_tasks_are_found_one_after_another_and_closed(told: Any) -> None:
    assert told["cleaning"] == {"processed": 7, "canceled": 3, "left": 4, "reason": "the call has ended"}


def test_events_and_conditional_changes(told: Any) -> None:
    assert told["events"][:1] == ["task.created"]
    assert [t for t in told["events"] if t.startswith(("task.", "reservation."))] == [
        "task.created",
        "reservation.created",
        "reservation.accepted",
        "task.completed",
        "reservation.completed",
    ]
    assert told["outdated"] == [412, 412, True]
