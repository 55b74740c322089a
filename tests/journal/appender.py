"""Run as a process: appends to the journal at argv[1] for ever and prints the head after each acknowledged batch."""

import asyncio
import sys

import msgspec

from pointsman.journal import Batch, Done
from pointsman.journal.sqlite import SqliteJournal


async def main(path: str) -> None:
    journal = SqliteJournal(path)
    await journal.start()
    head = await journal.claim("WS1")
    while True:
        seqs = range(head.head + 1, head.head + 2 + head.head % 40)
        batch = Batch("WS1", head.head, head.epoch, f"b{head.head}", [b"%d" % seq for seq in seqs], list(seqs))
        assert await journal.append([batch]) == [Done()]
        head = msgspec.structs.replace(head, head=seqs[-1])
        print(head.head, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
