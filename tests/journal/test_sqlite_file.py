"""What only a file can do: be locked, be newer, be read from outside, be on a full disk."""

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import apsw
import msgspec
import pytest
from tests.journal.scenes import batch, filled, seqs

from pointsman.journal import (
    Batch,
    Done,
    InDoubt,
    JournalError,
    JournalLocked,
    JournalUnavailable,
    JournalUnreadable,
    StreamHead,
    Unavailable,
)
from pointsman.journal.sqlite import SqliteJournal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.db"


def _beyond(head: StreamHead, rows: int) -> StreamHead:
    return msgspec.structs.replace(head, head=head.head + rows)


# -- who may open what


def test_a_second_writer_is_refused_until_the_first_has_closed(path: Path) -> None:
    async def go() -> None:
        first, second = SqliteJournal(path), SqliteJournal(path)
        await first.start()
        with pytest.raises(JournalLocked, match=f"process id {os.getpid()}"):
            await second.start()
        await filled(first, "WS1", 2)
        await first.close()
        await second.start()
        assert await seqs(second, "WS1") == [1, 2]
        await second.close()

    asyncio.run(go())


def test_a_failed_start_lets_the_lock_go(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    for _ in range(2):
        with pytest.raises(JournalUnreadable, match="not a database"):
            asyncio.run(SqliteJournal(path).start())


def test_a_newer_schema_is_refused_and_left_alone(path: Path) -> None:
    async def create() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        await journal.close()

    asyncio.run(create())
    db = apsw.Connection(str(path))
    db.execute("UPDATE schema_version SET version = 2")
    db.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(JournalUnreadable, match="schema version 2; this Pointsman reads version 1"):
            asyncio.run(SqliteJournal(path, read_only=read_only).start())
    assert path.read_bytes() == before


def test_a_database_of_something_else_is_refused(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE invoice(total)")
    db.close()
    with pytest.raises(JournalUnreadable, match="not a journal"):
        asyncio.run(SqliteJournal(path).start())


def test_a_folder_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(JournalUnreadable, match="nowhere"):
        asyncio.run(SqliteJournal(path.parent / "nowhere" / "journal.db").start())


def test_reading_only_needs_a_journal_and_creates_none(path: Path) -> None:
    with pytest.raises(JournalUnreadable):
        asyncio.run(SqliteJournal(path, read_only=True).start())
    assert not path.exists()


def test_a_reader_from_outside_sees_rows_while_the_writer_writes(path: Path) -> None:
    async def go() -> None:
        writer, reader = SqliteJournal(path), SqliteJournal(path, read_only=True)
        await writer.start()
        head = await writer.claim("WS1")
        await reader.start()
        for n in range(20):
            await writer.append([batch(_beyond(head, n), b"x")])
            assert await seqs(reader, "WS1") == list(range(1, n + 2))
        for refused in (reader.claim("WS1"), reader.append([]), reader.beat(1)):
            with pytest.raises(JournalError, match="reading only"):
                await refused
        await reader.close()
        await writer.close()

    asyncio.run(go())


def test_the_file_is_its_owners_alone_and_whole_after_close(path: Path) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        await filled(journal, "WS1", 3)
        await journal.close()

    asyncio.run(go())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.with_name("journal.db-wal").exists()


def test_the_log_is_moved_into_the_file_while_the_journal_is_open(path: Path) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        head = await journal.claim("WS1")
        for n in range(30):
            assert await journal.append([batch(_beyond(head, n), b"x" * 2_000_000)]) == [Done()]
        assert path.with_name("journal.db-wal").stat().st_size < 40_000_000
        await journal.close()

    asyncio.run(go())


def test_an_append_whose_caller_has_gone_is_written_all_the_same(path: Path) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        again = batch(await journal.claim("WS1"), b"1")
        gone = asyncio.ensure_future(journal.append([again]))
        await asyncio.sleep(0)
        gone.cancel()
        assert await journal.append([again]) == [Done()]
        assert await seqs(journal, "WS1") == [1]
        await journal.close()

    asyncio.run(go())


def test_another_process_that_holds_the_file_makes_it_unavailable(path: Path) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        again = batch(await journal.claim("WS1"), b"1")
        intruder = apsw.Connection(str(path))
        intruder.execute("BEGIN IMMEDIATE")
        [outcome] = await journal.append([again])
        assert isinstance(outcome, Unavailable) and "BusyError" in outcome.reason
        intruder.execute("ROLLBACK")
        intruder.close()
        assert await journal.append([again]) == [Done()]
        await journal.close()

    asyncio.run(go())


# -- a disk that fills up, or fails


_REAL = apsw.vfs_names()[0]  # the default one, asked before ours takes its place


class _Disk(apsw.VFS):
    """The file system, but writing or syncing the log may fail; SQLite takes it for its default."""

    def __init__(self) -> None:
        self.full = False
        self.broken_sync = False
        super().__init__("failing", _REAL, makedefault=True)

    def xOpen(self, name: "str | apsw.URIFilename | None", flags: list[int]) -> apsw.VFSFile:
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, disk: _Disk, name: "str | apsw.URIFilename | None", flags: list[int]) -> None:
        self._disk = disk
        self._is_log = bool(flags[0] & apsw.SQLITE_OPEN_WAL)
        super().__init__(_REAL, name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._disk.full and self._is_log:
            raise apsw.FullError("no space left")
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:
        if self._disk.broken_sync and self._is_log:
            raise apsw.IOError("sync failed")
        super().xSync(flags)


@pytest.fixture
def disk() -> Iterator[_Disk]:
    disk = _Disk()
    yield disk
    disk.unregister()


def _big(head: StreamHead) -> Batch:
    """More than SQLite's cache holds, so that the log is written to before COMMIT."""
    return batch(head, *[b"x" * 100_000] * 80)


def test_a_disk_full_before_commit_writes_nothing_and_heals(path: Path, disk: _Disk) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        head = await filled(journal, "WS1", 2)
        again = _big(head)
        disk.full = True
        for _ in range(2):
            [outcome] = await journal.append([again])
            assert isinstance(outcome, Unavailable) and "FullError" in outcome.reason
            assert await seqs(journal, "WS1") == [1, 2]
        with pytest.raises(JournalUnavailable, match="FullError"):
            await journal.claim("WS2")
        disk.full = False
        assert await journal.append([again]) == [Done()]
        await journal.close()
        await journal.start()
        assert await seqs(journal, "WS1") == list(range(1, 83))
        await journal.close()

    asyncio.run(go())


@pytest.mark.parametrize("failure", ["full", "broken_sync"])
def test_a_commit_that_fails_is_in_doubt_and_can_be_repeated(path: Path, disk: _Disk, failure: str) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        head = await filled(journal, "WS1", 2)
        again = batch(head, b"3")
        setattr(disk, failure, True)
        for _ in range(2):
            [outcome] = await journal.append([again])
            assert isinstance(outcome, InDoubt)
        setattr(disk, failure, False)
        assert await journal.append([again, batch(_beyond(head, 1), b"4")]) == [Done(), Done()]
        await journal.close()
        await journal.start()
        assert [row.body for row in await journal.read("WS1", 0, 10)] == [b"1", b"2", b"3", b"4"]
        await journal.close()

    asyncio.run(go())


def test_closing_on_a_full_disk_loses_nothing(path: Path, disk: _Disk) -> None:
    async def go() -> None:
        journal = SqliteJournal(path)
        await journal.start()
        await filled(journal, "WS1", 2)
        disk.full = True
        await journal.close()
        disk.full = False
        await journal.start()
        assert await seqs(journal, "WS1") == [1, 2]
        await journal.close()

    asyncio.run(go())
