"""Hypothesis: seeking against a naive scan, and the SQLite journal against the one in memory."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.journal.scenes import filled

from pointsman.journal import Batch, Journal, Snapshot
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.sqlite import SqliteJournal

Adapter = Callable[[], Journal]


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def adapter(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Adapter:
    folder = tmp_path_factory.mktemp("model")
    made = iter(range(1_000_000))
    return MemoryJournal if request.param == "memory" else lambda: SqliteJournal(folder / f"{next(made)}.db")


@settings(max_examples=40)
@given(
    times=st.lists(st.integers(0, 20), min_size=1, max_size=40).map(sorted),
    pruned=st.integers(0, 40),
    keep=st.sets(st.integers(1, 40), max_size=5),
)
def test_seek_agrees_with_a_naive_scan(adapter: Adapter, times: list[int], pruned: int, keep: set[int]) -> None:
    async def go() -> None:
        journal = adapter()
        await journal.start()
        await filled(journal, "WS1", len(times), at=times)
        await journal.prune("WS1", min(pruned, len(times)), keep, 100)
        kept = await journal.read("WS1", 0, 100)
        for at in range(-1, 22):
            naive = next((row.seq for row in kept if row.at >= at), len(times) + 1)
            assert await journal.seek("WS1", at) == naive
        await journal.close()

    asyncio.run(go())


_stream = st.sampled_from(["WS1", "WS2"])
_seq = st.integers(0, 30)
_few = st.integers(0, 6)
_step = st.one_of(
    st.tuples(st.just("claim"), _stream),
    st.tuples(st.just("write"), _stream, st.integers(1, 40), st.sampled_from(["right", "stale", "repeat"])),
    st.tuples(st.just("prune"), _stream, _seq, st.lists(_seq, max_size=5), _few),
    st.tuples(st.just("read"), _stream, _seq, _few),
    st.tuples(st.just("read_back"), _stream, _seq, _few),
    st.tuples(st.just("seek"), _stream, _seq),
    st.tuples(st.just("pick"), _stream, st.lists(_seq, max_size=5)),
    st.tuples(st.just("save_snapshot"), st.builds(Snapshot, _stream, _seq, _seq, st.binary(max_size=3))),
    st.tuples(st.just("drop_snapshot"), _stream, _seq),
    st.tuples(st.just("snapshots"), _stream),
    st.tuples(st.just("latest_snapshot"), _stream),
    st.tuples(st.just("streams"), st.sampled_from(["", "WS1", "WS2"]), _few),
)


async def _answers(journal: Journal, steps: list[tuple[Any, ...]]) -> list[Any]:
    await journal.start()
    answers: list[Any] = []
    last: dict[str, Batch] = {}
    for number, (name, *arguments) in enumerate(steps):
        if name == "write":
            stream, size, kind = arguments
            head = await journal.find(stream)
            if head is None:
                continue
            fresh = Batch(stream, head.head, head.epoch - (kind == "stale"), f"b{number}", [b"x"] * size, [1] * size)
            last[stream] = fresh = last.get(stream, fresh) if kind == "repeat" else fresh
            answers.append(await journal.append([fresh]))
            continue
        try:
            answers.append(await getattr(journal, name)(*arguments))
        except ValueError as error:
            answers.append(str(error))
    answers.append([await journal.read(stream, 0, 10_000) for stream in ("WS1", "WS2")])
    await journal.close()
    return answers


@settings(max_examples=60)
@given(steps=st.lists(_step, max_size=25))
def test_sqlite_answers_as_memory_does(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Any, ...]]) -> None:
    path = tmp_path_factory.mktemp("pair") / "journal.db"
    assert asyncio.run(_answers(SqliteJournal(path), steps)) == asyncio.run(_answers(MemoryJournal(), steps))
