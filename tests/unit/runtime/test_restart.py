"""A restart folds the latest snapshot and what came after; a child's snapshot is what the live tables are."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import msgspec

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import tasks, workers
from pointsman.journal.sqlite import SqliteJournal
from pointsman.runtime.node import Node
from pointsman.runtime.snapshots import _from_child

from .stage import EAST, new_task, node_on, open_centre, tell


async def picture(node: Node) -> tuple[int, bytes]:
    return await node.ask(EAST, lambda ws: (ws.head, ws.snapshot()))


def without_resumption(body: bytes) -> dict[str, Any]:
    """Taking up a stream sets the grace; everything else must be as it was."""
    tables: dict[str, Any] = msgspec.json.decode(body)
    assert tables.pop("grace_until") is not None
    return tables


async def live_a_little(node: Node) -> None:
    for number in range(5):
        await new_task(node, EAST, attributes=f'{{"n":{number}}}', timeout=30 + number)
    await tell(node, EAST, workers.create, friendly_name=f"Worker of {node.clock.now()}", attributes='{"a":[1,2.5]}')
    await node.advance(12)


def test_snapshot_and_tail(tmp_path: Path) -> None:
    async def scene() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        await journal.start()
        node = node_on(journal)
        await node.start()
        await open_centre(node, EAST, agents=2)
        await live_a_little(node)
        snapshot = await _from_child(journal.path, EAST)
        assert snapshot is not None
        assert (snapshot.seq, snapshot.body) == await picture(node)

        await journal.save_snapshot(snapshot)
        assert await journal.prune(EAST, snapshot.seq, [], 10_000) == snapshot.seq
        await live_a_little(node)
        head, body = await picture(node)
        assert head > snapshot.seq
        await node.stop()

        again = node_on(journal, now=node.clock.now(), seed=2)
        await again.start()
        await again.advance(0)
        head_again, body_again = await picture(again)
        assert head_again == head + 1
        assert without_resumption(body_again) == without_resumption(body)
        await new_task(again, EAST)
        await again.stop()
        await journal.close()

    asyncio.run(scene())


def test_a_child_that_finds_no_journal_gives_no_snapshot(tmp_path: Path) -> None:
    assert asyncio.run(_from_child(str(tmp_path / "nothing.db"), EAST)) is None


def test_a_task_of_the_past_is_known_after_the_restart(tmp_path: Path) -> None:
    async def scene() -> None:
        journal = SqliteJournal(tmp_path / "journal.db")
        await journal.start()
        first = node_on(journal)
        await first.start()
        await open_centre(first, EAST)
        sid = await new_task(first, EAST)
        await first.stop()
        second = node_on(journal, seed=2)
        await second.start()
        await second.tell(EAST, SYSTEM, lambda ws: tasks.update(ws, sid, priority=7).sid)
        assert await second.ask(EAST, lambda ws: ws.task(sid).priority) == 7
        await second.stop()
        await journal.close()

    asyncio.run(scene())
