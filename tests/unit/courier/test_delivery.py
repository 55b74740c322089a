"""Event callbacks of a whole server to a real HTTP server; time is virtual where nothing else is said."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest
from aiohttp import web
from tests.sink import Received, Sink, accept, until

from pointsman.courier import event_courier
from pointsman.courier.event_courier import SMALL_WINDOW
from pointsman.courier.mailbox import SLICE
from pointsman.courier.problems import Problem, Problems
from pointsman.courier.rules import OLDEST
from pointsman.domain.limits import SECOND
from pointsman.engine.workspace import tasks, workspaces
from pointsman.history.deliveries import DeliveryBook
from pointsman.journal.port import Snapshot

from .scene import ACCOUNT, BIRTH, EAST, WEST, Stage, answers, assert_in_order, is_signed, opened, play, sids

HOUR = 3600


async def silent(sink: Sink, received: Received) -> web.StreamResponse:
    await asyncio.sleep(600)
    return web.Response()


def test_every_event_arrives_once_signed_and_in_order() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url + "/events?from=here")
        for _ in range(20):
            await stage.task(EAST, attributes='{"name":"Zoë"}')
        await stage.advance(1)
        events = await stage.events(EAST)
        assert sorted(sids(sink)) == sorted(events)
        assert_in_order(sink, events)
        assert all(is_signed(received) for received in sink.received)
        assert {received.path for received in sink.received} == {"/events?from=here"}
        for received in sink.received:
            form, headers = received.form, received.headers
            assert (form["EventType"], form["AccountSid"]) == (events[form["Sid"]][0], ACCOUNT)
            assert headers["I-Twilio-Idempotency-Token"] == form["Sid"]
            if form["EventType"] == "task.created":
                assert form["TaskAttributes"] == '{"name":"Zoë"}'
        standing = stage.standing(EAST)
        assert (standing.delivered, standing.pending, standing.failed) == (len(events), 0, 0)

    play(scene)


def test_only_what_the_filter_of_the_moment_names_goes_to_the_url_of_the_moment() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url + "/one", "task.created, task.canceled")
        await stage.task(EAST)
        await stage.tell(EAST, workspaces.update, events_filter="workspace.updated,task.created")
        await stage.tell(EAST, workspaces.update, event_callback_url=sink.url + "/two", events_filter="task.created")
        await stage.task(EAST)
        await stage.tell(EAST, workspaces.update, event_callback_url="")
        await stage.task(EAST)
        await stage.tell(EAST, workspaces.update, event_callback_url=sink.url + "/three", events_filter="")
        await stage.advance(1)
        shown = [(received.path, received.form["EventType"]) for received in sink.received]
        assert sorted(shown) == [
            ("/one", "task.created"),
            ("/one", "workspace.updated"),
            ("/three", "workspace.updated"),
            ("/two", "task.created"),
        ]

    play(scene)


def test_events_before_a_deletion_and_the_deletion_itself_are_still_delivered() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 500 if len(sink.received) < 30 else 200)
        await stage.workspace(EAST, sink.url)
        await stage.tell(EAST, workspaces.delete)
        await stage.advance(300)
        events = await stage.events(EAST)
        assert set(sids(sink)) == set(events) and stage.standing(EAST).delivered == len(events)

    play(scene)


def test_an_outage_of_ten_minutes_is_over_when_the_clock_says_so() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        up = False
        accepted: list[str] = []

        def status(received: Received) -> int:
            if up:
                accepted.append(received.form["Sid"])
            return 200 if up else 503

        sink.behaviour = answers(status)
        await stage.workspace(EAST, sink.url)
        for _ in range(10):
            task = await stage.task(EAST)
            await stage.advance(60)
            await stage.tell(EAST, tasks.update, task, priority=5)
        events = await stage.events(EAST)
        assert stage.standing(EAST).delivered == 0
        up = True
        await stage.advance(61)
        assert sorted(accepted) == sorted(events), "each once"
        assert_in_order(sink, events, accepted)
        tokens = {(received.form["Sid"], received.headers["I-Twilio-Idempotency-Token"]) for received in sink.received}
        assert len(tokens) == len(events)

    play(scene)


def test_after_four_hours_it_is_given_up_and_said_so() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 500)
        await stage.workspace(EAST, sink.url, "workspace.created,workflow.created")
        await stage.advance(5 * HOUR)
        events = {
            sid
            for sid, (kind, _) in (await stage.events(EAST)).items()
            if kind in ("workspace.created", "workflow.created")
        }
        standing = stage.standing(EAST)
        assert (standing.failed, standing.pending, standing.delivered) == (len(events), 0, 0)
        given_up = stage.book.given_up(EAST)
        assert {failure.event_sid for failure in given_up} == events
        assert {(failure.status, failure.code) for failure in given_up} == {(500, 11217)}
        assert all(failure.at < BIRTH + OLDEST for failure in given_up)

    play(scene)


def test_one_event_that_always_fails_holds_up_no_other_resource_and_its_own_for_a_while_only() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url, "task.created,task.updated")
        poison = await stage.task(EAST)
        sink.behaviour = answers(
            lambda received: (
                500 if received.form["TaskSid"] == poison and "created" in received.form["EventType"] else 200
            )
        )
        await stage.tell(EAST, tasks.update, poison, priority=1)
        for _ in range(50):
            await stage.task(EAST)
        await stage.advance(1)
        assert stage.standing(EAST).delivered == 50
        for _ in range(30):
            await stage.advance(4)
            await stage.task(EAST)
        await stage.advance(4)
        standing = stage.standing(EAST)
        assert (standing.delivered, standing.pending, standing.aside) == (81, 1, 1)
        sink.behaviour = accept
        await stage.advance(61)
        assert (stage.standing(EAST).delivered, stage.standing(EAST).aside) == (82, 0)

    play(scene)


def test_in_the_order_of_the_workspace_one_waits_for_the_other() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url)
        for _ in range(5):
            await stage.task(EAST)
        await stage.advance(1)
        assert sids(sink) == list(await stage.events(EAST))

    play(scene, callback_order="workspace")


def test_a_dead_endpoint_delays_no_other_workspace() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        async with Sink(silent) as dead:
            await stage.workspace(EAST, dead.url)
            await until(lambda: dead.received)
            await stage.workspace(WEST, sink.url)
            for _ in range(20):
                await stage.task(EAST)
                await stage.task(WEST)
            events = await stage.events(WEST)
            await until(lambda: len(sink.received) == len(events))
            standing = stage.book.standing(EAST)
            assert standing is None or standing.delivered == 0

    play(scene, clock="real")


def test_a_server_that_hangs_cuts_and_restarts_has_everything_in_the_end() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        accepted: list[str] = []

        async def moody(sink: Sink, received: Received) -> web.StreamResponse:
            number = len(sink.received) % 7
            if number in (0, 1):
                return received.drop()
            if number == 2:
                await asyncio.sleep(60)
            if number == 3:
                return web.Response(status=500)
            accepted.append(received.form["Sid"])
            return web.Response()

        async def also_noting(sink: Sink, received: Received) -> web.StreamResponse:
            accepted.append(received.form["Sid"])
            return web.Response()

        sink.behaviour = moody
        await stage.workspace(EAST, sink.url + "#tt=150")
        for _ in range(20):
            await stage.task(EAST)
        await stage.advance(5)
        await sink.close()
        for _ in range(5):
            await stage.task(EAST)
        await stage.advance(20)
        await sink.open()
        await stage.advance(5)
        sink.behaviour = also_noting
        await stage.advance(61)
        events = await stage.events(EAST)
        assert set(accepted) == set(events) and stage.standing(EAST).failed == 0
        assert_in_order(sink, events, accepted)

    play(scene)


def test_hours_of_a_virtual_clock_do_not_take_hours_because_somebody_does_not_answer() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = silent
        await stage.workspace(EAST, sink.url + "#tt=150")
        await stage.advance(5 * HOUR)
        events = await stage.events(EAST)
        assert stage.standing(EAST).failed == len(events)
        assert len(events) <= len(sink.received) <= 2 * len(events)
        sink.behaviour = accept
        await stage.task(EAST)
        await stage.advance(15)
        assert stage.standing(EAST).delivered > 2, "each Advance asks anew"

    play(scene)


def test_memory_is_bounded_and_everything_arrives_when_the_endpoint_is_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_courier, "WINDOW", 100)

    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 503)
        await stage.workspace(EAST, sink.url)
        for _ in range(300):
            await stage.task(EAST)
        await stage.advance(20)
        events = await stage.events(EAST)
        assert len(events) > 100 + 4 * SLICE
        assert 100 <= stage.standing(EAST).pending <= 100 + 4 * SLICE
        sink.behaviour = accept
        sink.received.clear()
        await stage.advance(120)
        assert sorted(sids(sink)) == sorted(events)
        assert_in_order(sink, events)

    play(scene)


def test_many_workspaces_together_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_courier, "WINDOWS_MOST", 100)

    async def scene(stage: Stage, sink: Sink) -> None:
        sink.behaviour = answers(lambda received: 503)
        for stream in (EAST, WEST):
            await stage.workspace(stream, sink.url)
            for _ in range(250):
                await stage.task(stream)
        await stage.advance(20)
        pending = [stage.standing(stream).pending for stream in (EAST, WEST)]
        assert all(SMALL_WINDOW <= each <= 5 * SLICE for each in pending)
        sink.behaviour = accept
        await stage.advance(120)
        assert [stage.standing(stream).pending for stream in (EAST, WEST)] == [0, 0]

    play(scene)


def test_problems_are_told_once_a_minute() -> None:
    told: list[Problem] = []
    problems = Problems(told.append)
    for second in range(0, 200, 10):
        problems.note(Problem(EAST, 11217, "no", "http://h/", BIRTH + second * SECOND))
        problems.note(Problem(EAST, 11205, "no", "http://h/", BIRTH + second * SECOND))
    assert [(each.code, each.count) for each in told] == [
        (11217, 1), (11205, 1), (11217, 6), (11205, 6), (11217, 6), (11205, 6), (11217, 6), (11205, 6)
    ]  # fmt: skip


def test_a_target_that_policy_forbids_is_given_up_after_three_tries() -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url, "workspace.created")
        await stage.advance(60)
        assert sink.received == []
        [failure] = stage.book.given_up(EAST)
        assert failure.tries == 3 and "no public address" in failure.text

    play(scene, callback_targets="public")


# -- restarts


def test_a_restart_goes_on_where_the_last_process_stood(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink(answers(lambda received: 200 if received.path == "/up" else 500)) as sink:
            async with opened(tmp_path / "j.db") as stage:
                await stage.workspace(EAST, sink.url + "/up")
                await stage.workspace(WEST, sink.url + "/down")
                for stream in (EAST, WEST):
                    for _ in range(10):
                        await stage.task(stream)
                await stage.advance(1)
                east, west = await stage.events(EAST), await stage.events(WEST)
                assert stage.standing(WEST).pending == len(west)
            sink.received.clear()
            sink.behaviour = accept
            async with opened(tmp_path / "j.db", BIRTH + 60 * SECOND) as stage:
                await stage.advance(60)
                assert_in_order(sink, east | west | await stage.events(EAST) | await stage.events(WEST))
                assert set(sids(sink)) & set(east) == set(), "nothing comes twice"
                assert set(west) <= set(sids(sink)) and len(set(sids(sink))) == len(sids(sink))

    asyncio.run(run())


def test_a_lost_book_means_the_last_four_hours_once_more(tmp_path: Path) -> None:
    async def run() -> None:
        async with Sink() as sink:
            async with opened(tmp_path / "j.db") as stage:
                await stage.workspace(EAST, sink.url, "task.created")
                await stage.task(EAST)
                await stage.advance(5 * HOUR)
                late = await stage.task(EAST)
            for file in tmp_path.glob("j.db-courier*"):
                file.unlink()
            sink.received.clear()
            async with opened(tmp_path / "j.db", 0) as stage:
                await stage.advance(1)
                assert [received.form["TaskSid"] for received in sink.received] == [late]
                assert stage.standing(EAST).failed == 0

    asyncio.run(run())


def test_a_journal_pruned_beyond_the_cursor_is_read_on_from_its_floor(tmp_path: Path) -> None:
    """And where events go from there is known from the snapshot that the retention keeps."""

    async def run() -> None:
        async with Sink() as sink:
            async with opened(tmp_path / "j.db") as stage:
                await stage.workspace(EAST, sink.url + "/first", "task.created")
                await stage.advance(1)
                book_then = stage.standing(EAST)
                await stage.tell(EAST, workspaces.update, event_callback_url=sink.url + "/second")
                await stage.task(EAST)
                await stage.advance(1)
                engine = stage.node._lanes[EAST].engine
                assert engine is not None
                await stage.node.journal.save_snapshot(Snapshot(EAST, engine.head, engine.now, engine.snapshot()))
                await stage.node.journal.prune(EAST, engine.head, (), 10_000)
                kept = await stage.task(EAST)
            book = DeliveryBook(f"{tmp_path / 'j.db'}-courier")
            book.save([book_then])
            book.close()
            sink.received.clear()
            async with opened(tmp_path / "j.db", 0) as stage:
                await stage.advance(1)
                assert [(each.path, each.form["TaskSid"]) for each in sink.received] == [("/second", kept)]

    asyncio.run(run())


def test_an_older_copy_of_the_journal_is_delivered_from_its_end(tmp_path: Path) -> None:
    async def run() -> None:
        data, copy = tmp_path / "j.db", tmp_path / "copy.db"
        async with Sink() as sink:
            async with opened(data) as stage:
                await stage.workspace(EAST, sink.url, "task.created")
                await stage.advance(1)
            shutil.copy(data, copy)
            async with opened(data, 0) as stage:
                await stage.tell(EAST, workspaces.update, event_callback_url=sink.url + "/lost")
                for _ in range(10):
                    await stage.task(EAST)
                await stage.advance(1)
            shutil.copy(copy, data)
            sink.received.clear()
            async with opened(data, 0) as stage:
                task = await stage.task(EAST)
                await stage.advance(1)
                assert [(each.path, each.form["TaskSid"]) for each in sink.received] == [("/", task)]

    asyncio.run(run())


def test_a_mistake_in_a_connection_override_is_told_as_a_problem(capsys: pytest.CaptureFixture[str]) -> None:
    async def scene(stage: Stage, sink: Sink) -> None:
        await stage.workspace(EAST, sink.url + "#rc=1&rp=6xx")
        await stage.advance(1)
        assert stage.standing(EAST).delivered == len(await stage.events(EAST))

    play(scene)
    assert capsys.readouterr().out.count("rp=6xx") == 1
