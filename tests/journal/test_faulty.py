"""The journal that fails on demand."""

import asyncio

import pytest
from tests.journal.scenes import batch, seqs

from pointsman.journal import Done, Fenced, InDoubt, JournalUnavailable, Unavailable
from pointsman.journal.faulty import Fault, FaultyJournal
from pointsman.journal.memory import MemoryJournal


@pytest.mark.parametrize(
    ("kind", "outcome", "written"),
    [
        ("unavailable", Unavailable, []),
        ("in_doubt_lost", InDoubt, []),
        ("in_doubt_written", InDoubt, [1]),
        ("full", Unavailable, []),
    ],
)
def test_a_batch_that_failed_is_done_when_it_is_tried_again(kind: Fault, outcome: type, written: list[int]) -> None:
    async def go() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        again = batch(await journal.claim("WS1"), b"1")
        journal.fail_next(kind, 2)
        for _ in range(2):
            [answer] = await journal.append([again])
            assert isinstance(answer, outcome)
            assert await seqs(journal, "WS1") == written
        journal.heal()
        assert await journal.append([again]) == [Done()]
        assert await seqs(journal, "WS1") == [1]

    asyncio.run(go())


def test_a_fence_is_real_and_ends_with_a_claim() -> None:
    async def go() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        old = await journal.claim("WS1")
        journal.fail_next("fenced")
        assert await journal.append([batch(old, b"1")]) == [Fenced()]
        assert await journal.append([batch(old, b"1")]) == [Fenced()]
        assert await journal.append([batch(await journal.claim("WS1"), b"1")]) == [Done()]

    asyncio.run(go())


def test_a_full_disk_refuses_all_that_writes_until_it_is_healed() -> None:
    async def go() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        journal.fail_next("full")
        for refused in (journal.claim("WS1"), journal.save_cursor("c", 1), journal.beat(1)):
            with pytest.raises(JournalUnavailable):
                await refused
        journal.heal()
        assert (await journal.claim("WS1")).epoch == 1

    asyncio.run(go())


def test_held_appends_wait_and_go_on_in_order() -> None:
    async def go() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        head = await journal.claim("WS1")
        journal.hold()
        waiting = asyncio.ensure_future(journal.append([batch(head, b"1")]))
        await journal.until_held()
        assert not waiting.done()
        assert await seqs(journal, "WS1") == []
        journal.release()
        assert await waiting == [Done()]

    asyncio.run(go())


def test_a_held_append_that_is_cancelled_writes_nothing() -> None:
    async def go() -> None:
        journal = FaultyJournal(MemoryJournal())
        await journal.start()
        head = await journal.claim("WS1")
        journal.hold()
        waiting = asyncio.ensure_future(journal.append([batch(head, b"1")]))
        await journal.until_held()
        waiting.cancel()
        journal.release()
        await asyncio.gather(waiting, return_exceptions=True)
        assert await seqs(journal, "WS1") == []

    asyncio.run(go())
