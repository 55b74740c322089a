"""The parent of the courier's child, with a child that is none."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest
from tests.sink import until

from pointsman.courier.parent import CourierChild
from pointsman.settings import Settings


def lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_child_that_talks_nonsense_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    starts, script = tmp_path / "starts", tmp_path / "child"
    script.write_text(f"#!/bin/sh\necho $$ >> {starts}\nhead -c 200000 /dev/zero | tr '\\0' x\nexec sleep 600\n")
    script.chmod(0o700)
    starts.touch()
    monkeypatch.setattr(sys, "executable", str(script))

    async def run() -> None:
        child = CourierChild(str(tmp_path / "data"), str(tmp_path / "book"), Settings(), lambda problem: None)
        await child.start()
        await until(lambda: len(starts.read_text().split()) >= 2)
        first = int(starts.read_text().split()[0])
        await until(lambda: not lives(first))
        await child.stop()

    asyncio.run(run())
