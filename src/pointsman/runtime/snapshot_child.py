"""The child process that makes a snapshot: `python -m pointsman.runtime.snapshot_child PATH STREAM`.

It replays what is on disk from the latest snapshot on, and so checks replay as well. On standard output: length, seq and
time, eight bytes each, then the snapshot.
"""

from __future__ import annotations

import asyncio
import os
import struct
import sys

from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.engines import engine_for, rebuild
from pointsman.runtime.ids import random_ids
from pointsman.settings import Settings

HEADER = struct.Struct(">QQQ")
LOW_PRIORITY = 10


async def snapshot_of(path: str, stream: str) -> bytes:
    """Header and snapshot of a stream as the file holds it."""
    journal = SqliteJournal(path, read_only=True)
    await journal.start()
    try:
        engine = engine_for(stream, Settings(), random_ids)  # folding depends on no setting
        await rebuild(journal, engine)
    finally:
        await journal.close()
    body = engine.snapshot()
    return HEADER.pack(len(body), engine.head, engine.now) + body


def main() -> None:
    os.nice(LOW_PRIORITY)
    path, stream = sys.argv[1:]
    sys.stdout.buffer.write(asyncio.run(snapshot_of(path, stream)))


if __name__ == "__main__":
    main()
