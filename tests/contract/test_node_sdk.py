"""Both generations of the official SDK, pointed here by their addresses: `node/sdk.js` and `node/legacy.js`."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from signal import SIGKILL, SIGTERM
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.process.server import LOGIN, Server

from .npm import RUN_SECONDS, environment, ran
from .rest_live import ACCOUNT, SETTINGS, TOKEN, Live, live_server

pytestmark = [pytest.mark.node, pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")]

KEY = ("SK" + "b2" * 16, "s3cret-of-the-tests-with-32-bytes-and-more")


def variables(url: str, account: str, token: str) -> dict[str, str]:
    return {
        "POINTSMAN_URL": url,
        "TWILIO_ACCOUNT_SID": account,
        "TWILIO_AUTH_TOKEN": token,
        "POINTSMAN_API_KEY_SID": KEY[0],
        "POINTSMAN_API_KEY_SECRET": KEY[1],
    }


@pytest.fixture(scope="module")
def bridge() -> Iterator[Live]:
    """A server with an API key to sign tokens with."""
    with live_server(replace(SETTINGS, api_key_sid=KEY[0], api_key_secret=KEY[1])) as live:
        yield live


@pytest.fixture(scope="module")
def told(bridge: Live, application: Path) -> Any:
    """What the app on version 2 saw, by scenario."""
    return json.loads(ran(["node", "sdk.js"], application, **variables(bridge.url, ACCOUNT, TOKEN)))


def test_a_worker_gets_ready_and_takes_a_task_to_its_end(told: Any) -> None:
    assert told["life"] == {
        "channels": 5,
        "activities": 3,
        "offered": ["pending", "reserved", {"customer": "Bo"}],
        "accepted": ["accepted", "assigned"],
        "completed": ["completed", 0],
        "kept": ["completed", "solved"],
    }


def test_of_two_workers_who_accept_at_once_one_wins_and_the_other_is_told(told: Any) -> None:
    race = told["race"]
    assert (race["winners"], race["winner"], race["told"]) == (1, "accepted", [True, "rescinded"])
    assert "status code 410" in race["loser"]


def test_an_expired_token_is_refused_and_a_new_one_goes_on(told: Any) -> None:
    expiry = told["expiry"]
    assert "status code 401" in expiry["refused"]
    assert expiry["attributes"] == {"again": "valid"}


def test_version_1_takes_a_task_to_its_end(bridge: Live, application: Path) -> None:
    saw = json.loads(ran(["node", "legacy.js"], application, **variables(bridge.url, ACCOUNT, TOKEN)))
    assert saw == {
        "ready": "Alice",
        "activities": ["Offline", "Unavailable", "Available"],
        "moved": "Available",
        "offered": ["pending", "reserved", {"customer": "Bo"}],
        "answered": "accepted",
        "accepted": "accepted",
        "completed": "completed",
        "kept": ["completed", "solved"],
    }


@contextmanager
def app(folder: Path, server: Server) -> Iterator[Iterator[Any]]:
    """`node/reconnect.js` at work: what it tells, one thing after another."""
    command = ["node", "reconnect.js"]
    own = environment(**variables(server.url, *LOGIN))
    with subprocess.Popen(
        command, cwd=folder, env=own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=sys.stderr, text=True
    ) as process:
        watchdog = threading.Timer(RUN_SECONDS, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            yield (json.loads(line) for line in process.stdout)
        finally:
            watchdog.cancel()
            process.kill()


@pytest.mark.process
def test_a_restart_costs_no_reservation(tmp_path: Path, application: Path) -> None:
    """The server is killed with a reservation open, and comes back at the same address with the same file."""
    data, key = tmp_path / "centre.db", {"api_key_sid": KEY[0], "api_key_secret": KEY[1]}
    server = Server(data, **key)
    with app(application, server) as told:
        offered = next(told)
        assert offered["status"] == "pending"
        server.end(SIGKILL)
        assert next(told) == {"disconnected": True}
        port = urlsplit(server.url).port
        server = Server(data, port=str(port), **key)
        assert next(told) == {"open": [[offered["offered"], "pending"]]}
        assert next(told) == {"done": "completed", "next": {"number": 2}}
    assert server.end(SIGTERM) == 0
