"""History: follows every workspace's stream, folds what is durable, and answers from what it has folded."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from time import perf_counter

import msgspec
import structlog

from pointsman.domain.entry import Entry
from pointsman.domain.nouns import Worker
from pointsman.history import file_statements as statements
from pointsman.history.chronicle import RUN, Chronicle
from pointsman.history.file import HistoryFile
from pointsman.history.file_schema import MEMORY
from pointsman.journal import Journal
from pointsman.journal.envelope import decode
from pointsman.journal.port import JournalError, JournalUnavailable
from pointsman.journal.sqlite import SqliteJournal
from pointsman.metrics import HISTORY_BEHIND, Metric, Value
from pointsman.runtime.feed import Release
from pointsman.runtime.node import Node

log = structlog.get_logger(__name__)

SLICE = 500
"""Entries that are folded in one turn of the loop."""
TURN_SECONDS = 0.002
"""For so long streams may be folded in a turn, if each of them has little."""
BACKLOG_MOST = 20_000
"""Entries of a stream that are held on to; beyond that they are read back from the journal."""
PAUSE = 1.0
"""Seconds after a failure of a file."""
PATIENCE = 5.0
"""Seconds for which a query waits for what it must know."""

Waiter = tuple[int, "asyncio.Future[None]"]


class _Picture(msgspec.Struct):
    """What of a snapshot says where workers are."""

    workers: list[Worker] = []


class Followed:
    """A stream that is followed: its chronicle, and what is known to be durable beyond it."""

    def __init__(self, number: int, chronicle: Chronicle) -> None:
        self._number: int | None = number
        self.chronicle = chronicle
        self.durable = chronicle.seq
        self.backlog: deque[tuple[int, Sequence[Entry]]] = deque()
        """Durable entries that are at hand, by the seq of the first."""
        self.held = 0
        self.waiters: list[Waiter] = []
        self.lock = asyncio.Lock()
        """Held while a page is stored, and while a query looks at file and chronicle: it must see a page in one."""

    @property
    def number(self) -> int:
        """In the history file. Raises JournalUnavailable if that was deleted since."""
        if self._number is None:
            raise JournalUnavailable(f"the history of {self.chronicle.stream} is made anew")
        return self._number

    def lose(self) -> None:
        """The history file was deleted."""
        self._number = None

    def offer(self, first_seq: int, entries: Sequence[Entry]) -> None:
        """These are durable."""
        self.durable = max(self.durable, first_seq + len(entries) - 1)
        if self.held > BACKLOG_MOST:
            self.backlog.clear()
            self.held = 0
        self.backlog.append((first_seq, entries))
        self.held += len(entries)

    def at_hand(self, limit: int) -> Sequence[Entry]:
        """At most `limit` entries after the last one that was folded; none if the next one is not at hand."""
        wanted = self.chronicle.seq + 1
        while self.backlog:
            first_seq, entries = self.backlog[0]
            skip = wanted - first_seq
            if skip < 0:
                return ()
            if skip < len(entries):
                return entries[skip : skip + limit]
            self.backlog.popleft()
            self.held -= len(entries)
        return ()

    def wake(self) -> None:
        """Tell those who waited for what is folded now."""
        waiting, self.waiters = self.waiters, []
        for seq, future in waiting:
            if seq > self.chronicle.seq:
                self.waiters.append((seq, future))
            elif not future.done():
                future.set_result(None)


class History:
    """A listener of the node. Start it before the node; `run` folds in the background, in small slices."""

    def __init__(self, journal: Journal, path: str | None = None) -> None:
        if path is None:
            path = f"{journal.path}-history" if isinstance(journal, SqliteJournal) else MEMORY
        self.journal = journal
        self._wake = asyncio.Event()
        self.file = HistoryFile(path, on_damage=self._wake.set)
        self._followed: dict[str, Followed] = {}
        self._opening: dict[str, asyncio.Task[Followed]] = {}
        self._early: dict[str, int] = {}
        """Streams that were heard of before they were opened, and how far they are durable."""
        self._behind: dict[str, None] = {}
        self._dropped: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    async def start(self, node: Node | None = None) -> None:
        """Open the file, and take up all streams of the journal, which is open."""
        await self.file.start()
        if node is not None:
            node.listeners.append(self)
        after = ""
        while heads := await self.journal.streams(after, 1000):
            for head in heads:
                if head.stream.startswith("WS") and not head.deleted:
                    self._heard(head.stream, head.head)
            after = heads[-1].stream
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, *self._opening.values(), return_exceptions=True)
            self._task = None
        await self.file.close()

    # -- hearing

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Release | None:
        return partial(self._durable, stream, first_seq, entries) if stream.startswith("WS") else None

    def _durable(self, stream: str, first_seq: int, entries: Sequence[Entry]) -> None:
        followed = self._followed.get(stream)
        if followed is not None:
            followed.offer(first_seq, entries)
        self._heard(stream, first_seq + len(entries) - 1)

    def _heard(self, stream: str, seq: int) -> None:
        followed = self._followed.get(stream)
        if followed is None:
            self._early[stream] = max(seq, self._early.get(stream, 0))
        else:
            followed.durable = max(seq, followed.durable)
        self._behind[stream] = None
        self._wake.set()

    def figures(self) -> dict[Metric, Value]:
        behind = [followed.durable - followed.chronicle.seq for followed in self._followed.values()]
        return {HISTORY_BEHIND: sum(behind) + sum(self._early.values())}

    # -- following

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            if self.file.damaged:
                await self._begin_anew()
            rested = perf_counter()
            while self._behind:
                for stream in list(self._behind):
                    try:
                        if await self._follow(stream):
                            self._behind.pop(stream, None)
                    except JournalError as error:
                        log.warning("history.waits", stream=stream, error=str(error))
                        await asyncio.sleep(PAUSE)
                        if self.file.damaged:
                            await self._begin_anew()
                    except Exception:  # nothing that the file or the journal holds may end the others' history
                        log.exception("history.failed", stream=stream)
                        await asyncio.sleep(PAUSE)
                    if stream in self._behind or perf_counter() - rested > TURN_SECONDS:
                        await asyncio.sleep(0)
                        rested = perf_counter()

    async def _begin_anew(self) -> None:
        """The file is damaged, but holds nothing that the journal does not."""
        log.error("history.damaged", path=self.file.path)
        await self.file.begin_anew()
        await asyncio.gather(*self._opening.values(), return_exceptions=True)
        lost, self._followed = self._followed, {}
        for stream, followed in lost.items():
            followed.lose()
            self._heard(stream, followed.durable)

    async def _follow(self, stream: str) -> bool:
        """Fold a slice of what is durable; True if there is no more."""
        if stream in self._dropped:
            return True
        followed = await self.follow(stream)
        chronicle = followed.chronicle
        if chronicle.full:
            await self._store(followed)
        if chronicle.seq < followed.durable:
            entries = followed.at_hand(min(SLICE, chronicle.room))
            if entries:
                chronicle.fold(chronicle.seq + 1, entries)
            else:
                await self._read_on(followed)
        followed.wake()
        return chronicle.seq >= followed.durable and not chronicle.full

    async def _read_on(self, followed: Followed) -> None:
        """Fold what is not at hand from the journal."""
        chronicle = followed.chronicle
        rows = await self.journal.read(chronicle.stream, chronicle.seq, min(SLICE, chronicle.room))
        if not rows:
            raise JournalUnavailable(f"{chronicle.stream} ends before {followed.durable}")
        if rows[0].seq != chronicle.seq + 1:
            await self._leap(followed, rows[0].seq - 1)
            rows = rows[: chronicle.room]
        chronicle.fold(rows[0].seq, [decode(row.body, chronicle.stream, row.seq) for row in rows])

    async def _leap(self, followed: Followed, floor: int) -> None:
        """What led to the floor was forgotten: a snapshot says where the workers were."""
        stream = followed.chronicle.stream
        snapshot = await self.journal.latest_snapshot(stream, floor)
        workers = msgspec.json.decode(snapshot.body, type=_Picture).workers if snapshot is not None else []
        seeds = [(worker.sid, worker.activity_sid, worker.date_status_changed) for worker in workers]
        async with followed.lock:
            followed.chronicle.begin_at(floor, seeds)

    async def _store(self, followed: Followed) -> None:
        async with followed.lock:
            page = followed.chronicle.page()
            if followed.chronicle.stream not in self._dropped:
                await self.file.write(partial(statements.store, stream=followed.number, page=page))
            followed.chronicle.stored_through(page.seq)

    async def follow(self, stream: str) -> Followed:
        """The stream's chronicle, loaded from the file when it is first asked for."""
        followed = self._followed.get(stream)
        if followed is not None:
            return followed
        if stream not in self._opening:
            self._opening[stream] = asyncio.create_task(self._open(stream))
        return await asyncio.shield(self._opening[stream])

    async def _open(self, stream: str) -> Followed:
        try:
            number, chronicle = await self.file.write(partial(statements.load, stream=stream))
            if not await self._is_of(chronicle):
                await self.file.write(partial(statements.drop, stream=stream))
                number, chronicle = await self.file.write(partial(statements.load, stream=stream))
            followed = self._followed[stream] = Followed(number, chronicle)
            followed.durable = max(followed.durable, self._early.pop(stream, 0))
            return followed
        finally:
            del self._opening[stream]

    async def _is_of(self, chronicle: Chronicle) -> bool:
        """The chronicle is of this journal, as far as that can be told, and not of one that went on otherwise."""
        head = await self.journal.find(chronicle.stream)
        if head is None or chronicle.seq > head.head:
            return False
        if chronicle.seq <= head.floor:
            return not chronicle.seq  # far behind: what is left is read from its beginning
        rows = await self.journal.read(chronicle.stream, chronicle.seq - 1, 1)
        return bool(rows) and rows[0].at == chronicle.at

    async def caught_up(self, stream: str, seq: int, patience: float = PATIENCE) -> Followed:
        """The stream with everything folded up to `seq`, which is durable. Raises JournalUnavailable after a while."""
        followed = await self.follow(stream)
        if followed.chronicle.seq < seq:
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            followed.waiters.append((seq, waiter))
            self._heard(stream, seq)
            try:
                async with asyncio.timeout(patience):
                    await waiter
            except TimeoutError:
                raise JournalUnavailable(f"the history of {stream} is being read") from None
        return followed

    # -- forgetting

    async def forget(self, stream: str, floor: int, edge: int) -> None:
        """Drop what is about facts up to `floor`, and figures of seconds before `edge`."""
        followed = await self.follow(stream)
        run = min((floor + 1) // RUN, followed.chronicle.run)
        while await self.file.write(partial(statements.forget, stream=followed.number, run=run, edge=edge)):
            await asyncio.sleep(0)

    async def drop(self, stream: str) -> None:
        """Drop all of a stream that was deleted, for good."""
        self._dropped.add(stream)
        self._behind.pop(stream, None)
        followed = self._followed.pop(stream, None)
        async with followed.lock if followed is not None else nullcontext():
            await self.file.write(partial(statements.drop, stream=stream))
