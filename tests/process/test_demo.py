"""The demo as a user starts it: a process of its own, with and without a terminal."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO

import pytest

pytestmark = pytest.mark.process

START = "from pointsman.cli.main import main; main()"
PATIENCE_SECONDS = 60
TERMINAL = {"TERM": "xterm", "COLUMNS": "100", "LINES": "40"}
LINE = re.compile(
    r"\d\d:\d\d:\d\d waiting \d+ reserved \d+ assigned \d+ longest wait \d+ s \| done (\d+) canceled (\d+)\n"
)


@contextmanager
def demo(*flags: str, stdout: int = subprocess.PIPE) -> Iterator[subprocess.Popen[str]]:
    """The demo on a free port; killed if the test has not ended it in time."""
    command = [sys.executable, "-c", START, "demo", "--port", "0", "--seed", "7", *flags]
    own = {name: text for name, text in os.environ.items() if not name.startswith("POINTSMAN_")}
    with subprocess.Popen(
        command, env=own | TERMINAL, stdin=subprocess.DEVNULL, stdout=stdout, stderr=subprocess.PIPE, text=True
    ) as process:
        watchdog = threading.Timer(PATIENCE_SECONDS, process.kill)
        watchdog.start()
        try:
            yield process
        finally:
            watchdog.cancel()
            process.kill()


def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    """Exit code and standard error."""
    _, errors = process.communicate()
    return process.returncode, errors


def done_counts(output: IO[str]) -> Iterator[int]:
    for text in output:
        if match := LINE.fullmatch(text):
            yield int(match[1])


def test_tasks_get_done_until_a_signal_ends_it_in_good_order() -> None:
    with demo("--headless") as process:
        assert process.stdout is not None
        assert any(done >= 2 for done in done_counts(process.stdout)), "the output ended before two tasks were done"
        process.send_signal(signal.SIGTERM)
        assert ended(process) == (0, "")


def test_it_ends_by_itself_and_tells_how_to_reach_the_server_first() -> None:
    with demo("--headless", "--seconds", "2.5", "--agents", "100") as process:
        output, errors = process.communicate()
    assert (process.returncode, errors) == (0, "")
    first, curl, *lines, last = output.splitlines()
    assert "seed 7" in first
    assert re.fullmatch(r"curl -u AC\w{32}:\w+ http://127\.0\.0\.1:\d+/v1/Workspaces/WS\w{32}/Tasks", curl)
    assert any(LINE.fullmatch(text + "\n") for text in lines)
    assert "The demo has ended" in last


def test_on_a_terminal_it_draws_a_picture_and_leaves_the_screen_as_it_was() -> None:
    master, slave = pty.openpty()
    with demo(stdout=slave) as process:
        os.close(slave)
        seen = b""
        while not all(word in seen for word in (b"Escalations", b"longest wait", b"Lucia", b"Just now")):
            seen += os.read(master, 65536)
        process.send_signal(signal.SIGINT)
        seen += rest_of(master)
        assert ended(process) == (0, "")
    enter, leave = b"\x1b[?1049h", b"\x1b[?1049l"
    assert seen.count(enter) == seen.count(leave) == 1


def rest_of(descriptor: int) -> bytes:
    """What is still to come; the end of a terminal is an error on Linux."""
    rest = b""
    try:
        while piece := os.read(descriptor, 65536):
            rest += piece
    except OSError:
        pass
    os.close(descriptor)
    return rest


def test_a_clock_that_stands_still_is_refused() -> None:
    with demo("--headless", "--clock", "virtual") as process:
        code, errors = ended(process)
    assert code == 1
    assert "--clock" in errors
