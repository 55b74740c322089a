"""Processes under measurement: a server of its own for each benchmark, and what it uses."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACCOUNT = "AC" + "be" * 16
TOKEN = "token-of-the-benchmarks"
KEY = "SK" + "be" * 16
SECRET = "secret-of-the-benchmarks-of-32-bytes"

PAGE = os.sysconf("SC_PAGE_SIZE")


class Process:
    """A process and the processes that it has started. Linux only: it reads /proc."""

    def __init__(self, pid: int) -> None:
        self.pid = pid

    def children(self) -> list[Process]:
        """Those that it has started, without theirs."""
        told = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [Process(int(pid)) for pid in told.split()]

    def cpu_seconds(self) -> float:
        """What its threads have used, those that have ended left out; to the nanosecond, unlike /proc/PID/stat."""
        threads = Path(f"/proc/{self.pid}/task").iterdir()
        return sum(int((thread / "schedstat").read_text().split()[0]) for thread in threads) / 1e9

    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * PAGE


class Server(Process):
    def __init__(self, pid: int, url: str) -> None:
        super().__init__(pid)
        self.url = url


@contextmanager
def served(**settings: str) -> Iterator[Server]:
    """`pointsman serve` with a new data file, default settings but for `settings`, and credentials that are known."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("POINTSMAN_")}
    own |= {
        "POINTSMAN_ACCOUNT_SID": ACCOUNT,
        "POINTSMAN_AUTH_TOKEN": TOKEN,
        "POINTSMAN_API_KEY_SID": KEY,
        "POINTSMAN_API_KEY_SECRET": SECRET,
        "POINTSMAN_LOG_LEVEL": "error",
    } | {f"POINTSMAN_{name.upper()}": value for name, value in settings.items()}
    with (
        tempfile.TemporaryDirectory() as folder,
        started(["-m", "pointsman", "serve", "--port", "0", "--data", f"{folder}/bench.db"], own) as (process, line),
    ):
        yield Server(process.pid, line.split()[-1])


@contextmanager
def started(command: list[str], environment: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A Python process that says in its first line that it is ready; it is ended with the context."""
    with subprocess.Popen(
        [sys.executable, *command], env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            if not line:
                raise RuntimeError(f"{' '.join(command[:3])} did not start")
            yield process, line
        finally:
            process.terminate()
