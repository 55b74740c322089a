"""The live feed: told in the turn that decides, released when it is durable, and after the answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence

from pointsman.domain.entry import Entry
from pointsman.domain.limits import SECOND
from pointsman.journal.memory import MemoryJournal
from pointsman.runtime.node import Node

from .stage import BIRTH, EAST, Remembering, new_task, node_on, open_centre


class Ear:
    """Notes what it is told, and when that is released."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, int, int]] = []
        self.released: list[int] = []
        self.notes: list[str] = []

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Callable[[], None]:
        last = first_seq + len(entries) - 1
        self.heard.append((stream, first_seq, last))
        self.notes.append("decided")

        def release() -> None:
            self.released.append(last)
            self.notes.append("released")

        return release


def run(scene: Callable[[Node, Remembering, Ear], object]) -> None:
    async def play() -> None:
        journal = Remembering(MemoryJournal())
        await journal.start()
        node, ear = node_on(journal), Ear()
        node.listeners.append(ear)
        await node.start()
        await open_centre(node, EAST)
        await scene(node, journal, ear)  # type: ignore[misc]
        await node.stop()

    asyncio.run(play())


async def released(ear: Ear, count: int) -> None:
    async with asyncio.timeout(10):
        while len(ear.released) < count:
            await asyncio.sleep(0)


def test_every_entry_is_told_once_in_order_and_released_after_the_answer() -> None:
    async def scene(node: Node, journal: Remembering, ear: Ear) -> None:
        await released(ear, 1)
        ear.notes.clear()
        await new_task(node, EAST)
        ear.notes.append("answered")
        await released(ear, 2)
        assert ear.notes == ["decided", "answered", "released"]
        firsts = [first for _, first, _ in ear.heard]
        lasts = [last for _, _, last in ear.heard]
        assert firsts == [1, *(last + 1 for last in lasts[:-1])]
        assert ear.released == lasts

    run(scene)


def test_nothing_is_released_before_it_is_on_disk() -> None:
    async def scene(node: Node, journal: Remembering, ear: Ear) -> None:
        await released(ear, 1)
        journal.hold()
        task = asyncio.create_task(new_task(node, EAST))
        await journal.until_held()
        assert len(ear.heard) == 2 and len(ear.released) == 1
        journal.release()
        await task
        await released(ear, 2)

    run(scene)


def test_a_listener_that_fails_spoils_nothing() -> None:
    class Broken:
        def decided(self, *args: object) -> None:
            raise RuntimeError("boom")

    async def scene(node: Node, journal: Remembering, ear: Ear) -> None:
        node.listeners.insert(0, Broken())
        heard = len(ear.heard)
        await new_task(node, EAST)
        assert len(ear.heard) == heard + 1

    run(scene)


def test_a_virtual_clock_stops_where_others_are_due() -> None:
    async def scene(node: Node, journal: Remembering, ear: Ear) -> None:
        due: list[int] = [node.clock.now() + 5 * SECOND]
        seen: list[int] = []

        async def idle() -> None:
            if due and node.clock.now() >= due[0]:
                seen.append(node.clock.now())
                due.clear()

        node.dues.append(lambda: due[0] if due else None)
        node.idlers.append(idle)
        start = node.clock.now()
        await node.advance(60)
        assert seen == [start + 5 * SECOND] and node.clock.now() == start + 60 * SECOND
        assert start >= BIRTH

    run(scene)
