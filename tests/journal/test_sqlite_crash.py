"""kill -9 of a process that appends: what was acknowledged is there, and the seqs have no gap."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

import pointsman
from pointsman.journal import Row
from pointsman.journal.sqlite import SqliteJournal

_APPENDER = Path(__file__).with_name("appender.py")
_SOURCE = Path(pointsman.__file__).parents[1]


def _killed_after(batches: int, path: Path) -> int:
    """Lets the appender acknowledge some batches, kills it, and answers the last seq that it acknowledged."""
    command = [sys.executable, str(_APPENDER), str(path)]
    environment = {**os.environ, "PYTHONPATH": str(_SOURCE)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        heads = [child.stdout.readline() for _ in range(batches)]
        child.kill()
        heads += child.stdout.readlines()
    complete = [head for head in heads if head.endswith("\n")]
    assert len(complete) >= batches
    return int(complete[-1])


async def _rows(path: Path) -> list[Row]:
    journal = SqliteJournal(path)
    await journal.start()
    rows = await journal.read("WS1", 0, 1_000_000)
    await journal.close()
    return rows


@pytest.mark.process
def test_nothing_acknowledged_is_lost_by_kill_9(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for cycle in range(10):
        acknowledged = _killed_after(3 + 9 * cycle, path)
        rows = asyncio.run(_rows(path))
        assert len(rows) >= acknowledged
        assert rows == [Row(seq, seq, b"%d" % seq) for seq in range(1, len(rows) + 1)]
    assert apsw.Connection(str(path)).execute("PRAGMA integrity_check").get == "ok"
