"""The event index: what is looked up is what looking through everything would have found, at every stage."""

from __future__ import annotations

import asyncio
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.domain.entry import Entry, Event
from pointsman.domain.facts import TaskDeleted
from pointsman.history import chronicle, file_statements, history, index
from pointsman.history.events import EventFilter, Place, newest
from pointsman.history.history import History
from pointsman.journal import Batch
from pointsman.journal.envelope import encode
from pointsman.journal.memory import MemoryJournal

WS = "WS" + "0" * 32
TYPES, TASKS, QUEUES, CHANNELS = ("a", "b", "rare"), ("WT1", "WT2", "WT3"), ("WQ1", "WQ2"), ("voice", "chat")


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (chronicle, index, history, file_statements):
        for name, value in (
            ("RUN", 16),
            ("ERA", 3),
            ("BLOCK", 4),
            ("SLICE", 5),
            ("RUNS_AT_ONCE", 2),
            ("SEQS_AT_ONCE", 6),
        ):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, value)


def event(kind: str, task: str, queue: str, channel: str) -> Event:
    data = {"task_sid": task, "task_queue_sid": queue, "task_channel_unique_name": channel}
    return Event(kind, "task", task, "", data)  # type: ignore[arg-type]


events = st.builds(event, *map(st.sampled_from, (TYPES, TASKS, QUEUES, CHANNELS)))
histories = st.lists(st.lists(events, max_size=3), min_size=1, max_size=90)
FILTERS = [
    EventFilter(since=since, until=until, event_type=type, data=data, task_channel=channel)
    for since, until in ((0, 10**9), (13, 55))
    for type, data, channel in product(
        (None, "rare", "none"), ({}, {"task_sid": "WT1"}, {"task_sid": "WT2", "task_queue_sid": "WQ2"}), (None, "chat")
    )
]


async def append(journal: MemoryJournal, rows: list[list[Event]], first: int) -> None:
    """Entry n is of second n."""
    head = await journal.claim(WS)
    entries = [Entry(at, TaskDeleted("WT1"), events=tuple(row)) for at, row in enumerate(rows, first)]
    bodies = [encode(entry) for entry in entries]
    await journal.append([Batch(WS, head.head, head.epoch, f"b{first}", bodies, [entry.at for entry in entries])])


async def every_page(
    journal: MemoryJournal, filter: EventFilter, size: int, indexed: History | None = None
) -> list[Place]:
    found, before = [], None
    while True:
        page, before = await newest(journal, WS, filter, before, size, indexed)
        found += [each.place for each in page]
        if before is None:
            return found


@settings(max_examples=40, deadline=None)
@given(histories, st.integers(0, 90), st.integers(1, 5))
def test_the_index_finds_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[Event]], known: int, size: int
) -> None:
    """The first part is indexed, stored and taken up again; then the rest comes, at first unindexed."""
    path = str(tmp_path_factory.mktemp("history") / "history")

    async def scenario() -> None:
        journal = MemoryJournal()
        await journal.start()
        first, rest = rows[:known], rows[known:]
        if first:
            await append(journal, first, 1)
        earlier = History(journal, path)
        await earlier.start()
        if first:
            await earlier.caught_up(WS, len(first))
        await earlier.stop()
        present = History(journal, path)
        await present.start()
        if rest:
            await append(journal, rest, len(first) + 1)
        for stage in ("behind", "caught up"):
            if stage == "caught up":
                await present.caught_up(WS, len(rows))
            for filter in FILTERS:
                plain = await every_page(journal, filter, size)
                assert await every_page(journal, filter, size, present) == plain
        await present.stop()

    asyncio.run(scenario())


def test_a_lookup_reads_few_rows() -> None:
    """One task among many: no more rows are read than there are in its blocks."""

    async def scenario() -> None:
        journal = MemoryJournal()
        await journal.start()
        rows = [[event("a", f"WT{n % 500}", "WQ1", "chat")] for n in range(2000)]
        await append(journal, rows, 1)
        indexed = History(journal)
        await indexed.start()
        await indexed.caught_up(WS, 2000)
        read = []

        async def counted(stream: str, seqs: list[int]) -> dict[int, bytes]:
            read.extend(seqs)
            return await MemoryJournal.pick(journal, stream, seqs)

        journal.pick = counted  # type: ignore[method-assign]
        found = await every_page(journal, EventFilter(since=0, until=10**9, data={"task_sid": "WT77"}), 50, indexed)
        assert [place.seq for place in found] == [1578, 1078, 578, 78]
        assert len(read) <= 16
        await indexed.stop()

    asyncio.run(scenario())


@pytest.mark.parametrize("spoil", [b"no database", b""])
def test_a_spoilt_file_is_begun_anew(tmp_path: Path, spoil: bytes) -> None:
    path = tmp_path / "history"

    async def found() -> list[Place]:
        journal = MemoryJournal()
        await journal.start()
        await append(journal, [[event("a", "WT1", "WQ1", "chat")] for _ in range(40)], 1)
        indexed = History(journal, str(path))
        await indexed.start()
        await indexed.caught_up(WS, 40)
        page = await every_page(journal, EventFilter(since=0, until=99, event_type="a"), 50, indexed)
        await indexed.stop()
        return page

    first = asyncio.run(found())
    path.write_bytes(spoil)
    assert asyncio.run(found()) == first and len(first) == 40


def test_a_file_that_knows_more_than_the_journal_is_of_another_one(tmp_path: Path) -> None:
    path = str(tmp_path / "history")

    async def indexed_with(count: int) -> list[Place]:
        journal = MemoryJournal()
        await journal.start()
        await append(journal, [[event("a", f"WT{count}", "WQ1", "chat")] for _ in range(count)], 1)
        indexed = History(journal, path)
        await indexed.start()
        await indexed.caught_up(WS, count)
        page = await every_page(journal, EventFilter(since=0, until=99, data={"task_sid": f"WT{count}"}), 50, indexed)
        await indexed.stop()
        return page

    assert len(asyncio.run(indexed_with(40))) == 40
    assert len(asyncio.run(indexed_with(20))) == 20
