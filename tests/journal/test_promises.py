"""The promises of the port, kept by every adapter."""

import asyncio

import msgspec
import pytest
from tests.journal.scenes import batch, filled, seqs, started

from pointsman.journal import (
    Batch,
    Done,
    Fenced,
    Journal,
    JournalClosed,
    Listing,
    Row,
    Snapshot,
    StreamHead,
)

# -- claiming and the directory


@started
async def test_a_first_claim_creates_an_empty_stream(journal: Journal) -> None:
    head = await journal.claim("WS1")
    assert head == StreamHead("WS1", "", "", 0, 0, False, head=0, epoch=1, floor=0)
    assert await journal.find("WS1") == head


@started
async def test_each_claim_raises_the_epoch_and_keeps_the_rest(journal: Journal) -> None:
    before = await filled(journal, "WS1", 3)
    assert await journal.claim("WS1") == msgspec.structs.replace(before, epoch=before.epoch + 1)


@started
async def test_finding_creates_nothing(journal: Journal) -> None:
    assert await journal.find("WS1") is None
    assert await journal.streams() == []


@started
async def test_a_listing_is_written_with_its_batch(journal: Journal) -> None:
    head = await journal.claim("WS1")
    listing = Listing("AC1", "Support", 5, 7, False)
    await journal.append([batch(head, b"created", listing=listing)])
    assert await journal.find("WS1") == StreamHead("WS1", "AC1", "Support", 5, 7, False, 1, 1, 0)


@started
async def test_a_batch_without_a_listing_leaves_it(journal: Journal) -> None:
    head = await journal.claim("WS1")
    await journal.append([batch(head, b"x", listing=Listing("AC1", "Support", 5, 7, True))])
    await journal.append([batch(msgspec.structs.replace(head, head=1), b"y")])
    assert await journal.find("WS1") == StreamHead("WS1", "AC1", "Support", 5, 7, True, 2, 1, 0)


@started
async def test_a_fenced_batch_changes_no_listing(journal: Journal) -> None:
    old = await journal.claim("WS1")
    new = await journal.claim("WS1")
    assert await journal.append([batch(old, b"x", listing=Listing("AC1", "Mine", 5, 7, False))]) == [Fenced()]
    assert await journal.find("WS1") == new


@started
async def test_the_directory_is_in_the_order_of_code_points(journal: Journal) -> None:
    names = ["b", "B", "a", "AC1/calls", "AC1", "é", "z", "WS10", "WS2", "\U0001f600", "￥"]
    for name in names:
        await journal.claim(name)
    assert [head.stream for head in await journal.streams()] == sorted(names)


@started
async def test_the_directory_is_read_in_pages(journal: Journal) -> None:
    for number in range(5):
        await journal.claim(f"WS{number}")
    pages, after = [], ""
    while page := await journal.streams(after, limit=2):
        pages.append([head.stream for head in page])
        after = page[-1].stream
    assert pages == [["WS0", "WS1"], ["WS2", "WS3"], ["WS4"]]


# -- appending


@started
async def test_rows_get_the_seqs_after_the_head_without_a_gap(journal: Journal) -> None:
    head = await journal.claim("WS1")
    written: list[Row] = []
    for size in (1, 2, 249, 250, 251, 1000):
        rows = [b"%d of %d" % (n, size) for n in range(size)]
        assert await journal.append([batch(head, *rows)]) == [Done()]
        written += [Row(head.head + n, 10 * (head.head + n), body) for n, body in enumerate(rows, 1)]
        head = msgspec.structs.replace(head, head=head.head + size)
    assert await journal.read("WS1", 0, 10_000) == written
    assert [row.seq for row in written] == list(range(1, len(written) + 1))
    assert await journal.find("WS1") == head


@started
async def test_rows_are_opaque(journal: Journal) -> None:
    rows = [b"", b"\x00\xff", bytes(range(256)) * 4000]
    await journal.append([batch(await journal.claim("WS1"), *rows)])
    assert [row.body for row in await journal.read("WS1", 0, 10)] == rows


@started
async def test_a_second_claim_fences_the_first_writer(journal: Journal) -> None:
    old = await filled(journal, "WS1", 2)
    new = await journal.claim("WS1")
    assert await journal.append([batch(old, b"late")]) == [Fenced()]
    assert await journal.append([batch(new, b"3")]) == [Done()]
    assert [row.body for row in await journal.read("WS1", 0, 10)] == [b"1", b"2", b"3"]


@started
async def test_another_head_than_the_expected_is_fenced(journal: Journal) -> None:
    head = await filled(journal, "WS1", 3)
    for wrong in (0, 2, 4):
        assert await journal.append([batch(msgspec.structs.replace(head, head=wrong), b"x")]) == [Fenced()]
    assert await seqs(journal, "WS1") == [1, 2, 3]


@started
async def test_a_stream_that_nobody_claimed_is_fenced(journal: Journal) -> None:
    for epoch in (0, 1):
        assert await journal.append([Batch("WS1", 0, epoch, "b", [b"x"], [1])]) == [Fenced()]
    assert await journal.find("WS1") is None


@started
async def test_a_repeated_batch_is_done_and_written_once(journal: Journal) -> None:
    head = await journal.claim("WS1")
    again = batch(head, b"1", b"2")
    assert await journal.append([again]) == [Done()]
    assert await journal.append([again]) == [Done()]
    assert await seqs(journal, "WS1") == [1, 2]


@started
async def test_a_batch_is_known_again_after_later_batches_and_claims(journal: Journal) -> None:
    head = await journal.claim("WS1")
    first = batch(head, b"1", b"2")
    second = batch(msgspec.structs.replace(head, head=2), b"3")
    await journal.append([first, second])
    await journal.claim("WS1")
    assert await journal.append([first, second]) == [Done(), Done()]
    assert await seqs(journal, "WS1") == [1, 2, 3]


@started
async def test_another_batch_at_the_same_head_is_fenced(journal: Journal) -> None:
    head = await journal.claim("WS1")
    await journal.append([batch(head, b"1", batch_id="mine")])
    assert await journal.append([batch(head, b"1", batch_id="other")]) == [Fenced()]


@started
async def test_one_fenced_stream_does_not_hold_the_others_up(journal: Journal) -> None:
    first, lost, last = [await journal.claim(name) for name in ("WS1", "WS2", "WS3")]
    await journal.claim("WS2")
    outcomes = await journal.append([batch(first, b"x"), batch(lost, b"y"), batch(last, b"z", b"z")])
    assert outcomes == [Done(), Fenced(), Done()]
    assert [head.head for head in await journal.streams()] == [1, 0, 2]


@started
async def test_an_append_of_nothing_answers_nothing(journal: Journal) -> None:
    assert await journal.append([]) == []


@started
async def test_concurrent_appends_keep_the_order_of_their_calls(journal: Journal) -> None:
    head = await journal.claim("WS1")
    heads = [msgspec.structs.replace(head, head=n) for n in range(50)]
    outcomes = await asyncio.gather(*(journal.append([batch(head, b"%d" % head.head)]) for head in heads))
    assert outcomes == [[Done()]] * 50
    assert [row.body for row in await journal.read("WS1", 0, 100)] == [b"%d" % n for n in range(50)]


@pytest.mark.parametrize(
    ("rows", "at", "batch_id", "complaint"),
    [
        ([], [], "b", "a row at least"),
        ([b"x"], [1, 2], "b", "one time per row"),
        ([b"x", b"y"], [2, 1], "b", "run backwards"),
        ([b"x"], [1], "", "no id"),
    ],
)
def test_a_malformed_batch_cannot_be_made(rows: list[bytes], at: list[int], batch_id: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Batch("WS1", 0, 1, batch_id, rows, at)


# -- reading


@started
async def test_reading_forwards_begins_beyond_a_seq(journal: Journal) -> None:
    await filled(journal, "WS1", 5)
    assert [row.seq for row in await journal.read("WS1", 2, 2)] == [3, 4]
    assert [row.seq for row in await journal.read("WS1", 4, 9)] == [5]
    assert await journal.read("WS1", 5, 9) == []
    assert await journal.read("WS1", 0, 0) == []


@started
async def test_reading_back_begins_below_a_seq(journal: Journal) -> None:
    await filled(journal, "WS1", 5)
    assert await journal.read_back("WS1", 4, 2) == [Row(3, 30, b"3"), Row(2, 20, b"2")]
    assert [row.seq for row in await journal.read_back("WS1", 99, 9)] == [5, 4, 3, 2, 1]
    assert await journal.read_back("WS1", 1, 9) == []
    assert await journal.read_back("WS1", 5, 0) == []


@started
async def test_streams_do_not_see_each_other(journal: Journal) -> None:
    await filled(journal, "WS1", 2)
    await filled(journal, "WS2", 3)
    assert await seqs(journal, "WS1") == [1, 2]
    assert await journal.pick("WS1", [3]) == {}
    await journal.prune("WS2", 3, [], 10)
    assert await seqs(journal, "WS1") == [1, 2]


@started
async def test_an_unknown_stream_reads_as_empty(journal: Journal) -> None:
    assert await journal.read("WS9", 0, 10) == []
    assert await journal.read_back("WS9", 10, 10) == []
    assert await journal.seek("WS9", 5) == 1
    assert await journal.pick("WS9", [1]) == {}
    assert await journal.latest_snapshot("WS9") is None
    assert await journal.snapshots("WS9") == []
    assert await journal.prune("WS9", 0, [], 10) == 0


@started
async def test_seeking_finds_the_first_of_equal_times(journal: Journal) -> None:
    await filled(journal, "WS1", 6, at=[10, 20, 20, 20, 30, 30])
    assert [await journal.seek("WS1", at) for at in (0, 10, 11, 20, 21, 30, 31)] == [1, 1, 2, 2, 5, 5, 7]


@started
async def test_picking_leaves_out_what_is_not_there(journal: Journal) -> None:
    await filled(journal, "WS1", 5)
    assert await journal.pick("WS1", [5, 2, 2, 0, 77]) == {2: b"2", 5: b"5"}
    assert await journal.pick("WS1", []) == {}


# -- snapshots


@started
async def test_snapshots_are_listed_and_the_latest_is_given(journal: Journal) -> None:
    await filled(journal, "WS1", 9)
    for seq in (4, 9, 2):
        await journal.save_snapshot(Snapshot("WS1", seq, 10 * seq, b"state %d" % seq))
    assert await journal.snapshots("WS1") == [(2, 20), (4, 40), (9, 90)]
    assert await journal.latest_snapshot("WS1") == Snapshot("WS1", 9, 90, b"state 9")


@started
async def test_a_dropped_snapshot_is_gone(journal: Journal) -> None:
    await filled(journal, "WS1", 9)
    for seq in (4, 9):
        await journal.save_snapshot(Snapshot("WS1", seq, 0, b"%d" % seq))
    await journal.drop_snapshot("WS1", 9)
    await journal.drop_snapshot("WS1", 9)
    assert await journal.latest_snapshot("WS1") == Snapshot("WS1", 4, 0, b"4")


@started
async def test_a_snapshot_of_the_same_seq_replaces(journal: Journal) -> None:
    await filled(journal, "WS1", 1)
    await journal.save_snapshot(Snapshot("WS1", 1, 10, b"old"))
    await journal.save_snapshot(Snapshot("WS1", 1, 11, b"new"))
    assert await journal.snapshots("WS1") == [(1, 11)]
    assert await journal.latest_snapshot("WS1") == Snapshot("WS1", 1, 11, b"new")


@started
async def test_a_snapshot_beyond_the_head_is_refused(journal: Journal) -> None:
    await filled(journal, "WS1", 1)
    for stream, seq in (("WS1", 2), ("WS9", 1)):
        with pytest.raises(ValueError, match="beyond its head"):
            await journal.save_snapshot(Snapshot(stream, seq, 0, b""))
    assert await journal.snapshots("WS1") == []


# -- pruning


@started
async def test_pruning_deletes_a_prefix_and_raises_the_floor(journal: Journal) -> None:
    await filled(journal, "WS1", 10)
    assert await journal.prune("WS1", 4, [], 100) == 4
    head = await journal.find("WS1")
    assert head is not None and (head.floor, head.head) == (4, 10)
    assert await seqs(journal, "WS1") == [5, 6, 7, 8, 9, 10]
    assert [row.seq for row in await journal.read_back("WS1", 7, 100)] == [6, 5]
    assert await journal.seek("WS1", 0) == 5


@started
async def test_kept_rows_stay_for_pick_only(journal: Journal) -> None:
    await filled(journal, "WS1", 10)
    assert await journal.prune("WS1", 6, {2, 6, 9}, 100) == 4
    assert await seqs(journal, "WS1") == [7, 8, 9, 10]
    assert [row.seq for row in await journal.read_back("WS1", 8, 100)] == [7]
    assert await journal.pick("WS1", range(1, 11)) == {n: b"%d" % n for n in (2, 6, 7, 8, 9, 10)}


@started
async def test_stragglers_go_when_they_are_no_longer_kept(journal: Journal) -> None:
    await filled(journal, "WS1", 10)
    await journal.prune("WS1", 6, {2, 5}, 100)
    assert await journal.prune("WS1", 6, {5}, 100) == 1
    assert await journal.pick("WS1", range(1, 8)) == {5: b"5", 7: b"7"}


@started
async def test_pruning_goes_in_slices(journal: Journal) -> None:
    await filled(journal, "WS1", 10)
    gone: list[int] = []
    floors: list[int] = []
    while not gone or gone[-1] == 3:
        gone.append(await journal.prune("WS1", 8, [2, 5], 3))
        head = await journal.find("WS1")
        assert head is not None
        floors.append(head.floor)
    assert (gone, floors) == ([3, 3, 0], [4, 8, 8])
    assert await seqs(journal, "WS1") == [9, 10]


@started
async def test_a_whole_stream_can_be_pruned_and_goes_on(journal: Journal) -> None:
    head = await filled(journal, "WS1", 3)
    assert await journal.prune("WS1", 3, [], 3) == 3
    assert await journal.seek("WS1", 0) == 4
    assert await journal.append([batch(head, b"4")]) == [Done()]
    assert await journal.read("WS1", 0, 10) == [Row(4, 40, b"4")]


@started
async def test_pruning_beyond_the_head_is_refused(journal: Journal) -> None:
    await filled(journal, "WS1", 3)
    for stream, through in (("WS1", 4), ("WS9", 1)):
        with pytest.raises(ValueError, match="cannot prune"):
            await journal.prune(stream, through, [], 10)
    assert await seqs(journal, "WS1") == [1, 2, 3]


@started
async def test_pruning_never_lowers_the_floor(journal: Journal) -> None:
    await filled(journal, "WS1", 5)
    await journal.prune("WS1", 4, [1], 10)
    assert await journal.prune("WS1", 1, [], 1) == 1
    head = await journal.find("WS1")
    assert head is not None and head.floor == 4


# -- heartbeat, cursors, life cycle


@started
async def test_the_last_beat_is_kept(journal: Journal) -> None:
    assert await journal.last_beat() is None
    await journal.beat(5)
    await journal.beat(9)
    assert await journal.last_beat() == 9


@started
async def test_cursors_begin_at_0_and_go_where_they_are_set(journal: Journal) -> None:
    assert await journal.cursor("callbacks/WS1") == 0
    await journal.save_cursor("callbacks/WS1", 7)
    await journal.save_cursor("index/WS1", 3)
    await journal.save_cursor("callbacks/WS1", 5)
    assert [await journal.cursor(name) for name in ("callbacks/WS1", "index/WS1")] == [5, 3]


@started
async def test_a_closed_journal_says_so(journal: Journal) -> None:
    await journal.close()
    await journal.close()
    with pytest.raises(JournalClosed):
        await journal.append([])
    with pytest.raises(JournalClosed):
        await journal.read("WS1", 0, 1)


@started
async def test_closing_finishes_what_is_pending(journal: Journal) -> None:
    head = await journal.claim("WS1")
    heads = [msgspec.structs.replace(head, head=n) for n in range(20)]
    appends = [asyncio.ensure_future(journal.append([batch(head, b"x")])) for head in heads]
    await asyncio.sleep(0)
    await journal.close()
    assert await asyncio.gather(*appends) == [[Done()]] * 20
    await journal.start()
    assert await seqs(journal, "WS1") == list(range(1, 21))


@started
async def test_everything_is_there_after_a_restart(journal: Journal) -> None:
    head = await filled(journal, "WS1", 4)
    await journal.save_snapshot(Snapshot("WS1", 2, 20, b"state"))
    await journal.prune("WS1", 2, [1], 10)
    await journal.save_cursor("callbacks", 3)
    await journal.beat(40)
    await journal.close()
    await journal.start()
    assert await journal.find("WS1") == msgspec.structs.replace(head, floor=2)
    assert await seqs(journal, "WS1") == [3, 4]
    assert await journal.pick("WS1", [1, 2]) == {1: b"1"}
    assert await journal.latest_snapshot("WS1") == Snapshot("WS1", 2, 20, b"state")
    assert (await journal.cursor("callbacks"), await journal.last_beat()) == (3, 40)
