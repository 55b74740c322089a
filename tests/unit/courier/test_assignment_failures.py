"""Assignment callbacks that fail: the fallback URL, alerts, and no task that suffers from it (rulings 1 and 14)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from aiohttp import web

from pointsman.courier import assignments as courier
from pointsman.engine.workspace import task_queues, tasks, workflows

from .bureau import OTHER, Bureau, Received, Sink, instructs, play, says, until

MINUTE = 60


async def drop(sink: Sink, received: Received) -> web.StreamResponse:
    return received.drop()


async def hang(sink: Sink, received: Received) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


def first_then(first: Any, second: Any) -> Any:
    """One behaviour for each of the two URLs."""

    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return await (first if received.path.startswith("/first") else second)(sink, received)  # type: ignore[no-any-return]

    return behave


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time-outs pass in real time: the test must not wait for five seconds."""
    monkeypatch.setattr(courier, "TIMEOUT_SECONDS", 1.0)


FAILURES = [
    (says("no", status=500), 11200),
    (says("", status=404), 11200),
    (says('{"instruction":"accept"}', status=201), 11200),
    (says("", status=302), 11200),
    (drop, 11200),
    (hang, 11200),
    (says('{"instruction":"accept"}', kind="text/html"), 40000),
    (says('{"instruction":"accept"}', kind=None), 40000),
    (says("accept"), 40001),
    (says('["accept"]'), 40001),
    (says('"{\\"instruction\\":\\"accept\\"}"'), 40001),
    (says("[" * 5000), 40001),
    (says('{"instruction":"accept","x":"' + "x" * 70_000 + '"}'), 40001),
]


@pytest.mark.parametrize(("behaviour", "code"), FAILURES)
def test_the_fallback_url_is_asked_the_same(behaviour: Any, code: int, impatient: None) -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        assert await bureau.status(task) == "assigned"
        assert bureau.posts == ["/first", "/second"]
        first, second = bureau.sink.received
        assert first.form == second.form
        assert first.headers["I-Twilio-Idempotency-Token"] == second.headers["I-Twilio-Idempotency-Token"]
        (alert,) = await bureau.alerts()
        assert (alert.code, alert.url) == (code, bureau.sink.url + "/first?shop=5")

    play(scene, first_then(behaviour, instructs("accept")))


def test_a_refused_connection_leads_to_the_fallback_url() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        async with Sink(says("")) as gone:
            closed = gone.url
        await bureau.tell(workflows.update, bureau.workflow, assignment_callback_url=closed + "/first")
        await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        assert (await bureau.status(task), bureau.posts) == ("assigned", ["/second"])
        (alert,) = await bureau.alerts()
        assert (alert.code, alert.url) == (11200, closed + "/first")
        assert "refused" in alert.text

    play(scene, instructs("accept"))


def test_without_a_fallback_url_the_reservation_stays_pending() -> None:
    """The worker may still take it; if not, its time-out does not count towards the Max Assignment Count."""

    async def scene(bureau: Bureau) -> None:
        await bureau.found(fallback=False)
        await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        (reservation,) = await bureau.reservations()
        assert (reservation.status, reservation.callback) == ("pending", "failed")
        await bureau.node.advance(120)
        assert (reservation.status, bureau.posts) == ("timeout", ["/first"])
        row = await bureau.row(task)
        assert (row.status, row.assignment_count) == ("pending", 0)
        assert [alert.code for alert in await bureau.alerts()] == [11200]

    play(scene, says("", status=503))


def test_both_failing_cancels_the_reservation_and_frees_the_worker() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        rows = await bureau.reservations()
        assert [(row.status, row.callback) for row in rows] == [("canceled", "cancel")] * 2  # then a pause of a second
        row = await bureau.row(task)
        assert (row.status, row.assignment_count, len(row.failures)) == ("pending", 0, 1)
        assert [(alert.url[-6:], alert.count) for alert in await bureau.alerts()] == [("shop=5", 2), ("second", 2)]

    play(scene, says("", status=500))


def test_in_single_tasking_the_worker_goes_back_to_the_activity_before() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found(multi_task_enabled=False)
        held = await bureau.ask(lambda ws: next(r.sid for r in ws.tables.activities if r.friendly_name == "Reserved"))
        await bureau.tell(task_queues.update, bureau.queue, reservation_activity_sid=held)
        worker = await bureau.worker("Ann")
        await bureau.task()
        await bureau.settled()
        assert await bureau.activity(worker) == "Idle"
        assert {row.status for row in await bureau.reservations()} == {"canceled"}

    play(scene, drop)


def test_a_big_centre_does_not_fail_thousands_of_times_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the real clock: what has failed keeps its place for a while, and other workspaces do not wait for that."""
    monkeypatch.setattr(courier, "PAUSE_SECONDS", 3600)

    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        for number in range(100):
            await bureau.worker(f"Agent {number}")
        for _ in range(100):
            await bureau.task()
        await until(lambda: len(bureau.posts) == 2 * courier.CALLS_PER_WORKSPACE)
        bureau.sink.behaviour = instructs("accept")
        other = Bureau(bureau.node, bureau.sink, OTHER)
        await other.found()
        await other.worker("Ann")
        await other.task()
        (reservation,) = await other.reservations()
        await until(lambda: reservation.status == "accepted")
        assert len(bureau.posts) == 2 * courier.CALLS_PER_WORKSPACE + 1

    play(scene, says("", status=500), clock="real")


def test_the_fallback_url_is_not_asked_about_what_has_ended_meanwhile() -> None:
    gate: list[asyncio.Event] = []

    async def late(sink: Sink, received: Received) -> web.StreamResponse:
        await gate[0].wait()
        return web.Response(status=500)

    async def scene(bureau: Bureau) -> None:
        gate.append(asyncio.Event())
        await bureau.found()
        await bureau.worker("Ann")
        task = await bureau.task()
        await until(lambda: bureau.posts)
        await bureau.tell(tasks.update, task, assignment_status="canceled")
        gate[0].set()
        await bureau.settled()
        assert bureau.posts == ["/first"]
        assert [alert.code for alert in await bureau.alerts()] == [11200]  # the failure is told all the same

    play(scene, late)


STEPS: dict[str, Callable[[str], list[dict[str, Any]]]] = {
    "one step": lambda queue: [{"queue": queue}],
    "several steps": lambda queue: [{"queue": queue, "timeout": 30}, {"queue": queue, "timeout": 60}, {"queue": queue}],
    "with time-outs only": lambda queue: [{"queue": queue, "timeout": 300}, {"queue": queue, "timeout": 600}],
}


@pytest.mark.parametrize("steps", STEPS)
@pytest.mark.parametrize("several", [1, 2])
def test_both_urls_refusing_for_ten_minutes_cancels_no_task(steps: str, several: int) -> None:
    """On default settings. When the sink is there again, every task is served within a pause of 30 seconds."""

    async def scene(bureau: Bureau) -> None:
        await bureau.found(queue={"max_reserved_workers": several})
        configuration = bureau.routing(STEPS[steps](bureau.queue))
        await bureau.tell(workflows.update, bureau.workflow, configuration=configuration)
        await bureau.sink.close()
        staff = [await bureau.worker(name) for name in ("Ann", "Bob")]
        sids = [await bureau.task() for _ in range(2)]
        for _ in range(10):
            await bureau.node.advance(MINUTE)
            assert {await bureau.status(sid) for sid in sids} == {"pending"}
        tried = len(await bureau.reservations())
        assert tried > 20 and bureau.posts == []
        assert [(await bureau.row(sid)).assignment_count for sid in sids] == [0, 0]
        assert {await bureau.activity(worker) for worker in staff} == {"Available"}
        alerts = await bureau.alerts()
        assert {alert.code for alert in alerts} == {11200}
        assert len(alerts) <= 2 * 11 and sum(alert.count for alert in alerts) == 2 * tried
        await bureau.sink.open()
        bureau.sink.behaviour = instructs("accept")
        await bureau.node.advance(30)
        assert [await bureau.status(sid) for sid in sids] == ["assigned", "assigned"]

    play(scene)


def test_an_answer_from_the_fallback_url_may_be_one_that_cannot_be_carried_out() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        await bureau.worker("Ann")
        await bureau.task()
        await bureau.settled()
        (reservation,) = await bureau.reservations()
        assert (reservation.status, reservation.callback) == ("pending", "invalid")
        assert [(alert.code, alert.url[-6:]) for alert in await bureau.alerts()] == [
            (11200, "shop=5"),
            (40005, "second"),
        ]

    play(scene, first_then(says("", status=500), says('{"x":1}')))
