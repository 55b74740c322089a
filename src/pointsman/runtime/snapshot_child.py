"""The child process that makes a snapshot: `python -m pointsman.runtime.snapshot_child FILE STREAM`.

Prints "seq at" on the first line and the tables behind it.
"""

from __future__ import annotations

import asyncio
import os
import sys

from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.engines import engine_for
from pointsman.runtime.ids import random_sid
from pointsman.runtime.loading import replay
from pointsman.settings import Settings


async def main(path: str, stream: str) -> None:
    journal = SqliteJournal(path, read_only=True)
    await journal.start()
    engine = engine_for(stream, Settings(), random_sid)
    await replay(journal, engine)
    await journal.close()
    sys.stdout.buffer.write(f"{engine.head} {engine.now}\n".encode() + engine.snapshot())


if __name__ == "__main__":
    os.nice(10)
    asyncio.run(main(*sys.argv[1:3]))
