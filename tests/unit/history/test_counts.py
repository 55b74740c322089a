"""What history counts, in any window and at any stage of its file, is what a plain count of the events comes to."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.domain.entry import Entry, Event
from pointsman.domain.facts import TaskDeleted
from pointsman.domain.limits import SECOND
from pointsman.history import chronicle, file_statements, history, index, marks
from pointsman.history.figures import NOBODY, Window, counts
from pointsman.history.history import History
from pointsman.history.marks import NO_WAIT, Subject
from pointsman.journal import Batch
from pointsman.journal.envelope import encode
from pointsman.journal.memory import MemoryJournal

WS = "WS" + "0" * 32
QUEUES, FLOWS, WORKERS, CHANNELS = ("WQ1", "WQ2"), ("WW1", "WW2"), ("WK1", "WK2"), ("TC1", "TC2")
SUBJECTS = {
    "": (marks.WORKSPACE, (NOBODY,)),
    "task_queue_sid": (marks.QUEUE, QUEUES),
    "workflow_sid": (marks.WORKFLOW, FLOWS),
    "worker_sid": (marks.WORKER, WORKERS),
}


@pytest.fixture(autouse=True)
def small_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (chronicle, index, history):
        monkeypatch.setattr(module, "RUN", 8)
    monkeypatch.setattr(chronicle, "BLOCK", 4)
    monkeypatch.setattr(file_statements, "ERA", 3)


@st.composite
def events(draw: st.DrawFn) -> Event:
    type = draw(st.sampled_from([*marks.KINDS, "task.wrapup"]))
    data: dict[str, Any] = {"task_sid": "WT1", "task_channel_sid": draw(st.sampled_from(CHANNELS))}
    for name, sids in (("task_queue_sid", QUEUES), ("workflow_sid", FLOWS), ("worker_sid", WORKERS)):
        if (sid := draw(st.sampled_from((None, *sids)))) is not None:
            data[name] = sid
    if type in ("reservation.accepted", "task.canceled"):
        data["task_age"] = draw(st.integers(0, 3))
    if type == "reservation.accepted":
        data |= draw(st.sampled_from([{}, {"task_age_in_queue": 2}, {"task_transfer_sid": "TT1"}]))
    return Event(type, "task", "WT1", "", data)


def recount(entries: list[Entry], name: str, sid: str, subject: Subject, channel: str | None, window: Window) -> Any:
    found: Counter[tuple[int, int]] = Counter()
    for entry in entries:
        for event in entry.events:
            data, kind = event.data, marks.KINDS.get(event.type, 0)
            if not window.since <= entry.at // SECOND <= window.until or (name and data.get(name) != sid):
                continue
            if channel not in (None, data["task_channel_sid"]):
                continue
            if "task_transfer_sid" in data:
                kind = marks.ACCEPTED_TRANSFER
            if kind in subject.kinds:
                found[kind, data.get("task_age", NO_WAIT) if subject.waits else NO_WAIT] += 1  # type: ignore[index]
                if "task_age_in_queue" in data and marks.WAITED_IN_QUEUE in subject.kinds:
                    found[marks.WAITED_IN_QUEUE, data["task_age_in_queue"]] += 1  # type: ignore[index]
    return found


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 3), st.lists(events(), max_size=3)), min_size=1, max_size=90),
    st.integers(0, 90),
    st.lists(st.tuples(st.integers(0, 150), st.integers(0, 150)), min_size=1, max_size=4),
)
def test_counts_are_what_the_events_say(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, list[Event]]],
    known: int,
    edges: list[tuple[int, int]],
) -> None:
    """Several events may be of one second; a second history takes up what the first one stored."""
    path, at, entries = str(tmp_path_factory.mktemp("history") / "history"), 0, []
    for later, some in rows:
        at += later
        entries.append(Entry(at * SECOND + 7, TaskDeleted("WT1"), events=tuple(some)))

    async def append(journal: MemoryJournal, some: list[Entry]) -> None:
        if some:
            head = await journal.claim(WS)
            bodies, times = [encode(entry) for entry in some], [entry.at for entry in some]
            await journal.append([Batch(WS, head.head, head.epoch, f"b{head.head}", bodies, times)])

    async def check(journal: MemoryJournal, some: list[Entry]) -> None:
        kept = History(journal, path)
        await kept.start()
        followed = await kept.caught_up(WS, len(some))
        for window in (Window(0, at), *(Window(*sorted(pair)) for pair in edges)):
            for name, (subject, sids) in SUBJECTS.items():
                for channel in (None, "TC1"):
                    counted = await counts(kept, followed, subject, sids, channel, window)
                    assert counted == {sid: recount(some, name, sid, subject, channel, window) for sid in sids}, (
                        name,
                        channel,
                        window,
                    )
        await kept.stop()

    async def scenario() -> None:
        journal = MemoryJournal()
        await journal.start()
        await append(journal, entries[:known])
        if known:
            await check(journal, entries[:known])
        await append(journal, entries[known:])
        await check(journal, entries)

    asyncio.run(scenario())


def test_an_era_is_counted_once_it_is_over(tmp_path: Path) -> None:
    """Of 60 facts in runs of 8, the first two eras of three runs are tallied."""

    async def scenario() -> None:
        journal = MemoryJournal()
        await journal.start()
        head = await journal.claim(WS)
        created = Event("task.created", "task", "WT1", "", {"task_sid": "WT1"})
        entries = [Entry(n * SECOND, TaskDeleted("WT1"), events=(created,)) for n in range(1, 61)]
        bodies, times = [encode(entry) for entry in entries], [entry.at for entry in entries]
        await journal.append([Batch(WS, head.head, head.epoch, "b", bodies, times)])
        kept = History(journal, str(tmp_path / "history"))
        await kept.start()
        await kept.caught_up(WS, 60)
        tallied = await kept.file.read(lambda db: db.execute("SELECT era, sum(n) FROM tally GROUP BY era").fetchall())
        assert tallied == [(0, 23), (1, 24)]
        await kept.stop()

    asyncio.run(scenario())
