"""npm packages with the venv's own node: applications are copied, installed by their lock file, and run."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

INSTALL_SECONDS = 240
RUN_SECONDS = 60
CI = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"]
# Settings that would send the client, or npm, elsewhere than to the server of the test.
FOREIGN = ("TWILIO_", "HTTP_PROXY", "POINTSMAN_", "NODE_OPTIONS")


def environment(**variables: str) -> dict[str, str]:
    """This process's, without what is foreign to the test, and with `variables`."""
    return {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)} | variables


def ran(command: list[str], folder: Path, seconds: int = RUN_SECONDS, **variables: str) -> str:
    """What the command printed; it must end well."""
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=seconds,
        stdin=subprocess.DEVNULL,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def installed(application: Path, folder: Path) -> Path:
    """A copy of the application in `folder`, with its packages."""
    copy = folder / application.name
    shutil.copytree(application, copy, ignore=shutil.ignore_patterns("node_modules"))
    ran(CI, copy, INSTALL_SECONDS)
    return copy
