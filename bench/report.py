"""What a benchmark has found: a table for people, and a line of JSON per figure for programs."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

from pointsman import __version__

FILE_WIDTH = 120


class Wrong(Exception):
    """What the server did was wrong; the text says what."""


class Figure(NamedTuple):
    name: str
    value: float
    unit: str
    note: str = ""


def report(bench: str, figures: list[Figure], *, quick: bool) -> None:
    """Print the table and the lines."""
    origin = machine()
    table = Table(
        "figure",
        "value",
        "unit",
        "note",
        title=f"{bench}{' (quick)' if quick else ''}, reference {origin['reference_ms']} ms",
        title_justify="left",
    )
    for figure in figures:
        table.add_row(
            figure.name, f"{figure.value:,.3g}" if figure.value < 100 else f"{figure.value:,.0f}", *figure[2:]
        )
    Console(width=None if sys.stdout.isatty() else FILE_WIDTH).print(table)
    common = {"bench": bench, "quick": quick, "at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())} | origin
    for figure in figures:
        print(json.dumps(common | figure._asdict()), flush=True)


def machine() -> dict[str, Any]:
    """Where the figures come from."""
    return {
        "pointsman": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
        "processor": _processor(),
        "reference_ms": _reference(),
        "load": round(os.getloadavg()[0], 1),  # others at work on the machine spoil every figure
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
    }


def _reference() -> float:
    """CPU milliseconds of a fixed piece of Python: tells how fast this machine is, as busy as others keep it now."""
    took = []
    for _ in range(5):
        kept: dict[int, Any] = {}
        begun = time.process_time()
        for number in range(300_000):
            kept[number & 1023] = (number, kept.get(number >> 1 & 1023))
        took.append(time.process_time() - begun)
    return round(sorted(took)[2] * 1000, 1)


def percentile(values: Sequence[float], percent: float) -> float:
    """The value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())
