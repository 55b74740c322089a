"""Journals that earlier versions wrote: this one reads them, comes to the same tables, and can go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from tests.journal.golden import make_golden
from tests.journal.golden.make_golden import Line

from pointsman.domain.facts import AnyFact
from pointsman.domain.limits import SECOND
from pointsman.engine.core.stream import StreamEngine
from pointsman.journal.envelope import decode, encode
from pointsman.runtime.engines import engine_for
from pointsman.runtime.ids import SeededIds
from pointsman.settings import Settings

NAMES = sorted(path.stem for path in make_golden.HERE.glob("*.jsonl"))
golden = pytest.mark.parametrize("name", NAMES)


def lines_of(name: str) -> list[Line]:
    text = (make_golden.HERE / f"{name}.jsonl").read_bytes()
    return [msgspec.json.decode(line, type=Line) for line in text.splitlines()]


def snapshot_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((make_golden.HERE / f"{name}.snapshot.json").read_bytes())
    return found


def replayed(name: str) -> dict[str, StreamEngine]:
    """An engine for each stream, after the last row."""
    engines: dict[str, StreamEngine] = {}
    for line in lines_of(name):
        engine = engines.setdefault(line.stream, engine_for(line.stream, Settings(), SeededIds(1)))
        engine.replay(line.seq, decode(bytes(line.row), line.stream, line.seq))
    return engines


def lacking(expected: Any, found: Any, path: str = "") -> list[str]:
    """Where `found` differs; what it has besides, in a later version's records, is no difference."""
    if isinstance(expected, dict) and isinstance(found, dict):
        return [
            text
            for key, value in expected.items()
            for text in lacking(value, found.get(key, "absent"), f"{path}/{key}")
        ]
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [text for n, (one, other) in pairs for text in lacking(one, other, f"{path}/{n}")]
    return [] if expected == found else [f"{path}: {expected!r} became {found!r}"]


@golden
def test_no_word_of_a_row_is_passed_over(name: str) -> None:
    for line in lines_of(name):
        body = bytes(line.row)
        again = encode(decode(body, line.stream, line.seq))
        assert lacking(msgspec.json.decode(body), msgspec.json.decode(again), f"{line.stream}/{line.seq}") == []


@golden
def test_replay_leads_to_the_tables_of_then(name: str) -> None:
    engines = replayed(name)
    expected = snapshot_of(name)
    assert set(engines) == set(expected)
    for stream, tables in expected.items():
        assert lacking(tables, make_golden.tables_of(engines[stream]), stream) == []


@golden
def test_the_snapshot_of_then_is_as_good_as_replay(name: str) -> None:
    for stream, engine in replayed(name).items():
        again = engine_for(stream, Settings(), SeededIds(1))
        again.restore(engine.head, engine.now, msgspec.json.encode(snapshot_of(name)[stream]))
        assert again.snapshot() == engine.snapshot()


@golden
def test_life_goes_on_from_there(name: str) -> None:
    """Every timer that was set then fires, and what it decides can be replayed in turn."""
    for stream, engine in replayed(name).items():
        again = engine_for(stream, Settings(), SeededIds(1))
        again.restore(engine.head, engine.now, engine.snapshot())
        engine.ready()
        engine.begin(engine.now + 3600 * SECOND, engine.origin)
        engine.resume(engine.now - 3600 * SECOND)
        settle(engine)
        for _ in range(200):
            if (due := engine.next_due()) is None:
                break
            engine.run_due(due, 1)
            settle(engine)
        entries = engine.take()
        for seq, entry in enumerate(entries, again.head + 1):
            again.replay(seq, entry)
        assert again.snapshot() == engine.snapshot()
        assert entries or not engine.timers


def settle(engine: StreamEngine) -> None:
    while not engine.settle(64):
        pass


def test_the_golden_journals_hold_every_kind_of_fact() -> None:
    """If this fails, a new kind of fact was added: let make_golden tell of it and write the next version's files."""
    kinds = {type(decode(bytes(line.row)).fact) for name in NAMES for line in lines_of(name)}
    assert set(get_args(AnyFact)) - kinds == set()


def test_a_golden_file_is_never_written_again(tmp_path: Path) -> None:
    make_golden.main("v0", tmp_path)
    before = (tmp_path / "v0.jsonl").read_bytes()
    with pytest.raises(FileExistsError):
        make_golden.main("v0", tmp_path)
    make_golden.main("again", tmp_path)
    assert (tmp_path / "again.jsonl").read_bytes() == before
