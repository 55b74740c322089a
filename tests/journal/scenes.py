"""What the journal's tests share: running one on a started journal, and making batches."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count

from pointsman.journal import Batch, Done, Journal, Listing, StreamHead

_numbers = count(1)


def started(test: Callable[[Journal], Awaitable[None]]) -> Callable[[Journal], None]:
    """Makes a test of an async one: it gets the `journal` fixture, started, and closed afterwards."""

    def run(journal: Journal) -> None:
        async def go() -> None:
            await journal.start()
            try:
                await test(journal)
            finally:
                await journal.close()

        asyncio.run(go())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def batch(
    head: StreamHead, *rows: bytes, at: list[int] | None = None, batch_id: str = "", listing: Listing | None = None
) -> Batch:
    """Rows for the stream as it stands in `head`; a time given by nobody is 10 times the seq."""
    times = at or [10 * (head.head + n) for n in range(1, len(rows) + 1)]
    return Batch(head.stream, head.head, head.epoch, batch_id or f"b{next(_numbers)}", list(rows), times, listing)


async def filled(journal: Journal, stream: str, rows: int, at: list[int] | None = None) -> StreamHead:
    """Claims a stream and appends rows b"1", b"2" and on; answers its directory row."""
    head = await journal.claim(stream)
    if rows:
        assert await journal.append([batch(head, *(b"%d" % n for n in range(1, rows + 1)), at=at)]) == [Done()]
    found = await journal.find(stream)
    assert found is not None
    return found


async def seqs(journal: Journal, stream: str) -> list[int]:
    """Every seq that read() gives."""
    return [row.seq for row in await journal.read(stream, 0, 1_000_000)]
