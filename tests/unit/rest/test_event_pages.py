"""The Events resource reads the journal backwards, in slices, and never loses its place."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.domain.entry import Entry, Event
from pointsman.domain.facts import TaskDeleted, TaskUpdated
from pointsman.events.event_data import actor_of, event_data, source_of
from pointsman.history import events
from pointsman.history.events import EventFilter, Place, newest
from pointsman.journal import Batch
from pointsman.journal.envelope import encode
from pointsman.journal.memory import MemoryJournal

WS = "WS" + "0" * 32
ALWAYS = EventFilter(since=0, until=10**18)


def event(kind: str, **data: str | int | bool | None) -> Event:
    return Event(kind, "task", "WT1", "", data)


async def journal_with(entries: list[Entry]) -> MemoryJournal:
    journal = MemoryJournal()
    await journal.start()
    epoch = (await journal.claim(WS)).epoch
    batch = Batch(WS, 0, epoch, "b", [encode(entry) for entry in entries], [entry.at for entry in entries])
    await journal.append([batch])
    return journal


def pages(entries: list[Entry], filter: EventFilter, size: int) -> list[list[Place]]:
    """The places of every page, from the first to the last."""

    async def collect() -> list[list[Place]]:
        journal, found, before = await journal_with(entries), [], None
        while True:
            page, before = await newest(journal, WS, filter, before, size)
            found.append([each.place for each in page])
            if before is None:
                return found
            assert len(found) < 1000

    return asyncio.run(collect())


@settings(max_examples=60)
@given(
    st.lists(st.lists(st.sampled_from("ab"), max_size=4), min_size=1, max_size=40),
    st.integers(1, 7),
    st.sampled_from([None, "a"]),
    st.integers(1, 60),
)
def test_all_pages_together_are_all_events_newest_first(
    kinds: list[list[str]], size: int, kind: str | None, scan: int
) -> None:
    entries = [
        Entry(at, TaskDeleted("WT1"), events=tuple(event(each) for each in row)) for at, row in enumerate(kinds, 1)
    ]
    expected = [
        Place(seq, n)
        for seq in range(len(kinds), 0, -1)
        for n in range(len(kinds[seq - 1]) - 1, -1, -1)
        if kind in (None, kinds[seq - 1][n])
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events, "SLICE", 3)
        patch.setattr(events, "SCAN_MOST", scan)
        found = pages(entries, EventFilter(since=0, until=10**9, event_type=kind), size)
    assert [place for page in found for place in page] == expected
    assert all(len(page) <= size for page in found)


def test_a_long_search_answers_with_what_it_has_and_a_place_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "SCAN_MOST", 400)
    entries = [Entry(1, TaskDeleted("WT1"), events=(event("rare"),))]
    entries += [Entry(2, TaskDeleted("WT1"), events=(event("common"),)) for _ in range(1000)]
    found = pages(entries, EventFilter(since=0, until=9, event_type="rare"), 5)
    assert found == [[], [], [Place(1, 0)]]


def test_the_window_holds_both_its_ends() -> None:
    entries = [Entry(at, TaskDeleted("WT1"), events=(event("x"),)) for at in (1, 5, 5, 9, 12)]
    assert pages(entries, EventFilter(since=5, until=9), 10) == [[Place(4, 0), Place(3, 0), Place(2, 0)]]
    assert pages(entries, EventFilter(since=13, until=20), 10) == [[]]


def test_attributes_are_those_of_the_event_not_of_today() -> None:
    async def scenario() -> None:
        entries = [
            Entry(1, TaskUpdated("WT1", attributes='{"v": 1}')),
            Entry(2, TaskDeleted("WT1"), events=(event("x", task_attributes_seq=1),)),
            Entry(3, TaskUpdated("WT1", attributes='{"v": 2}'), events=(event("y", task_attributes_seq=3),)),
            Entry(4, TaskDeleted("WT1"), events=(event("z", task_attributes_seq=99),)),
        ]
        page, _ = await newest(await journal_with(entries), WS, ALWAYS, None, 10)
        assert [each.texts for each in page] == [{}, {"task_attributes": '{"v": 2}'}, {"task_attributes": '{"v": 1}'}]

    asyncio.run(scenario())


def test_event_data_is_made_of_texts() -> None:
    data = event_data(
        event("x", a=1, b=True, c=None, d="t", task_date_created=7_900_000, task_attributes_seq=3),
        {"task_attributes": "{}"},
    )
    assert data == {"a": "1", "b": "true", "d": "t", "task_date_created": "7", "task_attributes": "{}"}


def test_who_did_it() -> None:
    assert actor_of("", WS) == ("workspace", WS)
    assert actor_of("WK1", WS) == ("worker", "WK1")
    assert actor_of("AC1", WS) == ("account", "AC1")
    assert (source_of("system"), source_of("api")) == ("twilio", "api")
