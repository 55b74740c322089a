"""Every example as its page tells to run it, so that none can rot."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest

from .npm import environment, installed, ran
from .rest_live import SETTINGS, Live, live_server

EXAMPLES = Path(__file__).parents[2] / "examples"
PATIENCE_SECONDS = 60
SERVER_SETTINGS = ("account_sid", "auth_token", "api_key_sid", "api_key_secret")


def sourced(script: str, **variables: str) -> dict[str, str]:
    """The environment after a shell script that ends well, run in the project's folder."""
    told = subprocess.run(
        ["sh", "-euc", f"{{ {script}\n}} >&2; exec env -0"],
        cwd=EXAMPLES.parent,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=PATIENCE_SECONDS,
        check=True,
    )
    pairs = (each.partition("=") for each in told.stdout.decode().split("\0") if each)
    return {name: text for name, _, text in pairs}


@pytest.fixture(scope="module")
def served() -> Iterator[Live]:
    """A server that the credentials of the examples are for."""
    given = sourced(". examples/credentials.sh")
    own = {name: given[f"POINTSMAN_{name.upper()}"] for name in SERVER_SETTINGS}
    with live_server(replace(SETTINGS, clock="real", **own)) as live:
        yield live


@pytest.fixture
def centre(served: Live) -> dict[str, str]:
    """The environment of a terminal in which the centre has been set up."""
    script = ". examples/credentials.sh; . examples/centre.sh"
    return sourced(script, POINTSMAN_URL=served.url, POINTSMAN=f"{sys.executable} -m pointsman")


@contextmanager
def started(centre: dict[str, str], script: str, *arguments: str) -> Iterator[Iterator[str]]:
    """A Python example at work: the lines that it prints."""
    command = [sys.executable, str(EXAMPLES / script), *arguments]
    with subprocess.Popen(command, env=centre, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        try:
            assert process.stdout is not None
            yield (line.rstrip("\n") for line in process.stdout)
        finally:
            watchdog.cancel()
            process.kill()


def login(centre: dict[str, str]) -> tuple[str, str]:
    return centre["POINTSMAN_ACCOUNT_SID"], centre["POINTSMAN_AUTH_TOKEN"]


def answered(served: Live, centre: dict[str, str], method: str, path: str, **fields: Any) -> Any:
    """The body of the answer; `path` is below the workspace."""
    whole = f"/v1/Workspaces/{centre['WORKSPACE_SID']}{path}"
    answer = served.call(method, whole, fields or None, login=login(centre))
    assert answer.status in (200, 201), answer
    return answer.body


def test_a_process_takes_the_tasks_that_wait_and_those_that_come(served: Live, centre: dict[str, str]) -> None:
    waiting = answered(served, centre, "POST", "/Tasks", Attributes='{"number": 1}')["sid"]
    with started(centre, "worker_process.py", served.url, centre["TOKEN"]) as told:
        assert [next(told) for _ in range(3)] == ["ready", 'working on {"number": 1}', f"completed {waiting}"]
        coming = answered(served, centre, "POST", "/Tasks", Attributes='{"number": 2}')["sid"]
        assert [next(told) for _ in range(2)] == ['working on {"number": 2}', f"completed {coming}"]
    for sid in (waiting, coming):
        task = answered(served, centre, "GET", f"/Tasks/{sid}")
        assert (task["assignment_status"], task["reason"]) == ("completed", "done")


def test_thirty_lines_are_enough_for_a_worker(served: Live, centre: dict[str, str]) -> None:
    task = answered(served, centre, "POST", "/Tasks", Attributes='{"number": 3}')["sid"]
    with started(centre, "worker_in_30_lines.py", served.url, centre["TOKEN"]) as told:
        assert [next(told) for _ in range(2)] == ['working on {"number": 3}', f"completed {task}"]
    assert answered(served, centre, "GET", f"/Tasks/{task}")["reason"] == "done"


def test_the_sink_prints_genuine_events_and_refuses_others(served: Live, centre: dict[str, str]) -> None:
    with started(centre, "event_sink.py", "0") as told:
        url = next(told).removeprefix("listening on ") + "events"
        with pytest.raises(HTTPError, match="403"):
            urlopen(url, urlencode({"EventType": "task.created"}).encode(), timeout=PATIENCE_SECONDS)
        answered(served, centre, "POST", "", EventCallbackUrl=url)
        task = answered(served, centre, "POST", "/Tasks", Attributes="{}")["sid"]
        assert any(line.startswith(f"task.created {task}") for line in told)


@pytest.mark.node
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_the_agent_page_takes_a_task_to_its_end(
    served: Live, centre: dict[str, str], application: Path, tmp_path: Path
) -> None:
    page = installed(EXAMPLES / "agent-page", tmp_path)
    ran(["npm", "run", "build"], page)
    files = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietFiles, directory=str(page)))
    threading.Thread(target=files.serve_forever, daemon=True).start()
    own = {name: text for name, text in centre.items() if name.startswith("POINTSMAN_")}
    own |= dict(zip(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"), login(centre), strict=True))
    with files:
        address = f"http://127.0.0.1:{files.server_port}/"
        saw = json.loads(ran(["node", "page.js"], application, PAGE_URL=address, **own))
        files.shutdown()
    assert saw == {
        "name": "Alice",
        "formHidden": True,
        "activity": "Available",
        "offered": 'pending {"customer":"Bo"}',
        "taken": 'accepted {"customer":"Bo"}',
        "left": 0,
        "kept": ["completed", "handled"],
    }


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass
