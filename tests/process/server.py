"""The server as a user starts it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

LOGIN = ("AC" + "c3" * 16, "t0ken-of-the-tests")
PATIENCE_SECONDS = 60


class Server:
    """A server as a process of its own, with `settings` in its environment; without a `port` the system chooses one.

    Without `wait` it may not listen yet, and its url is unknown.
    """

    def __init__(self, data: Path, wait: bool = True, **settings: str) -> None:
        environment = {name: text for name, text in os.environ.items() if not name.startswith("POINTSMAN_")}
        environment |= {"POINTSMAN_ACCOUNT_SID": LOGIN[0], "POINTSMAN_AUTH_TOKEN": LOGIN[1]}
        environment |= {f"POINTSMAN_{name.upper()}": value for name, value in ({"port": "0"} | settings).items()}
        self._errors = data.with_suffix(".log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pointsman", "serve", "--data", str(data)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.url = self._first_line().split()[-1] if wait else ""

    def _first_line(self) -> str:
        assert self.process.stdout is not None
        watchdog = threading.Timer(PATIENCE_SECONDS, self.process.kill)
        watchdog.start()
        line = self.process.stdout.readline()
        watchdog.cancel()
        assert "listens on" in line, f"the server did not start: {line!r}"
        return line

    def end(self, number: int) -> int:
        """Send the signal and wait; the exit code."""
        self.process.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        """Wait until it has ended by itself; the exit code."""
        code = self.process.wait(PATIENCE_SECONDS)
        assert self.process.stdout is not None
        self.process.stdout.close()
        self._errors.close()
        return code
