"""Assignment callbacks: what is sent, and what each answer does to the reservation."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web
from twilio.request_validator import RequestValidator

from pointsman.engine.workspace import activities, reservations, task_queues, tasks, workflows, workspaces

from .bureau import ACCOUNT, CENTRE, OTHER, TOKEN, Bureau, Received, Sink, instructs, play, says, until

PARAMETERS = {
    "Timestamp",
    "AccountSid",
    "WorkspaceSid",
    "WorkflowSid",
    "TaskQueueSid",
    "WorkerSid",
    "WorkerAttributes",
    "TaskSid",
    "TaskAttributes",
    "TaskAge",
    "TaskPriority",
    "ReservationSid",
}


def test_what_is_sent() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        task = await bureau.task(priority=7)
        await bureau.node.advance(12.5)
        worker = await bureau.worker("Zoë")
        await bureau.settled()
        (received,) = bureau.sink.received
        (reservation,) = await bureau.reservations()
        assert received.path == "/first?shop=5"
        assert set(received.form) == PARAMETERS
        assert received.form == {
            "Timestamp": str(reservation.date_created // 1_000_000),
            "AccountSid": ACCOUNT,
            "WorkspaceSid": CENTRE,
            "WorkflowSid": bureau.workflow,
            "TaskQueueSid": bureau.queue,
            "WorkerSid": worker,
            "WorkerAttributes": '{"name": "Zo\\u00eb"}',
            "TaskSid": task,
            "TaskAttributes": '{"kind":"é&=+"}',
            "TaskAge": "12",
            "TaskPriority": "7",
            "ReservationSid": reservation.sid,
        }
        signature = received.headers["X-Twilio-Signature"]
        assert RequestValidator(TOKEN).validate(received.url, received.form, signature)
        assert received.headers["I-Twilio-Idempotency-Token"]

    play(scene)


@pytest.mark.parametrize(
    ("behaviour", "outcome", "status"),
    [
        (instructs("accept"), "accept", "assigned"),
        (instructs("ACCEPT", unheard_of={"a": [1]}), "accept", "assigned"),
        (says(' { "instruction" : " Accept " } ', kind="application/json; charset=utf-8"), "accept", "assigned"),
        (says(""), "manual", "reserved"),
        (says("", kind=None), "manual", "reserved"),
        (says("", kind="text/html"), "manual", "reserved"),
        (says("", status=204), "manual", "reserved"),
        (says(" \n"), "manual", "reserved"),
        (says("{}"), "manual", "reserved"),
    ],
)
def test_a_valid_answer(behaviour: object, outcome: str, status: str) -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        (reservation,) = await bureau.reservations()
        assert (reservation.callback, await bureau.status(task)) == (outcome, status)
        await bureau.node.advance(60)
        assert bureau.posts == ["/first"]
        assert await bureau.alerts() == []

    play(scene, behaviour)


@pytest.mark.parametrize(
    ("behaviour", "code", "level"),
    [
        (says('{"activity_sid":"WA1"}'), 40005, "warning"),
        (says('{"instruction":null}'), 40005, "warning"),
        (instructs("dance"), 55555, "error"),
        (says('{"instruction":7}'), 55555, "error"),
        (says('{"instruction":{"accept":true}}'), 55555, "error"),
        (instructs("dequeue", **{"from": "+1555"}), 40133, "error"),
        (instructs("Call", url="http://x"), 40113, "error"),
        (instructs("redirect", call_sid="CA1"), 40122, "error"),
        (instructs("conference"), 40145, "error"),
        (instructs("supervise"), 55555, "error"),
        (instructs("reject", activity_sid="WA" + "9" * 32), 40100, "error"),
        (instructs("reject", activity_sid=["WA1"]), 40100, "error"),
    ],
)
def test_what_cannot_be_carried_out_is_an_alert_and_the_reservation_stays(
    behaviour: object, code: int, level: str
) -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        worker = await bureau.worker("Ann")
        task = await bureau.task()
        await bureau.settled()
        (reservation,) = await bureau.reservations()
        assert (reservation.status, reservation.callback) == ("pending", "invalid")
        (alert,) = await bureau.alerts()
        assert (alert.code, alert.level, alert.count) == (code, level, 1)
        assert (alert.task_sid, alert.worker_sid, alert.reservation_sid) == (task, worker, reservation.sid)
        assert (alert.task_queue_sid, alert.workflow_sid) == (bureau.queue, bureau.workflow)
        assert alert.url == bureau.sink.url + "/first?shop=5"
        assert bureau.posts == ["/first"]
        await bureau.tell(reservations.update, reservation.sid, reservation_status="accepted")

    play(scene, behaviour)


@pytest.mark.parametrize("multitasking", [True, False])
@pytest.mark.parametrize("named", [True, False])
def test_reject_is_what_it_is_by_rest(multitasking: bool, named: bool) -> None:
    """Single-tasking without an activity goes back to the one before; multitasking keeps its own."""

    async def scene(bureau: Bureau) -> None:
        await bureau.found(multi_task_enabled=multitasking)
        pause = (await bureau.tell(activities.create, friendly_name="Pause")).sid
        if not multitasking:
            held = (await bureau.tell(activities.create, friendly_name="Held")).sid
            await bureau.tell(task_queues.update, bureau.queue, reservation_activity_sid=held)
        rejection = instructs("reject", activity_sid=pause) if named else instructs("reject")
        asked: list[str] = []

        async def once(sink: Sink, received: Received) -> web.StreamResponse:
            asked.append(received.form["ReservationSid"])
            return await (rejection if len(asked) == 1 else says("{}"))(sink, received)  # type: ignore[no-any-return]

        bureau.sink.behaviour = once
        worker = await bureau.worker("Ann")
        before = await bureau.activity(worker)
        await bureau.task()
        await bureau.settled()
        first = (await bureau.reservations())[0]
        assert (first.status, first.callback) == ("rejected", "reject")
        offered_again = ["/first", "/first"]
        if named:
            assert (await bureau.activity(worker), bureau.posts) == ("Pause", ["/first"])
        elif multitasking:
            assert (await bureau.activity(worker), bureau.posts) == (before, offered_again)
        else:
            assert (await bureau.activity(worker), bureau.posts) == ("Held", offered_again)

    play(scene)


def test_every_reservation_of_a_set_is_asked_for_and_the_first_acceptance_wins() -> None:
    gate: list[asyncio.Event] = []

    async def together(sink: Sink, received: Received) -> web.StreamResponse:
        if len(sink.received) == 3:
            gate[0].set()
        await gate[0].wait()
        return await instructs("accept")(sink, received)  # type: ignore[no-any-return]

    async def scene(bureau: Bureau) -> None:
        gate.append(asyncio.Event())
        await bureau.found(queue={"max_reserved_workers": 3})
        for name in ("Ann", "Bob", "Cay"):
            await bureau.worker(name)
        task = await bureau.task()
        await bureau.settled()
        rows = await bureau.reservations()
        assert sorted(row.status for row in rows) == ["accepted", "rescinded", "rescinded"]
        assert {received.form["ReservationSid"] for received in bureau.sink.received} == {row.sid for row in rows}
        assert len(bureau.posts) == 3 and await bureau.status(task) == "assigned"
        assert [row.callback for row in rows if row.status == "rescinded"] == ["", ""]

    play(scene, together)


@pytest.mark.parametrize("how", ["canceled", "deleted", "accepted", "workspace"])
def test_an_answer_that_comes_too_late_is_dropped(how: str) -> None:
    gate: list[asyncio.Event] = []

    async def late(sink: Sink, received: Received) -> web.StreamResponse:
        await gate[0].wait()
        return await instructs("reject")(sink, received)  # type: ignore[no-any-return]

    async def scene(bureau: Bureau) -> None:
        gate.append(asyncio.Event())
        await bureau.found()
        await bureau.worker("Ann")
        task = await bureau.task()
        await until(lambda: bureau.posts)
        (reservation,) = await bureau.reservations()
        if how == "canceled":
            await bureau.tell(tasks.update, task, assignment_status="canceled")
        elif how == "deleted":
            await bureau.tell(tasks.delete, task)
        elif how == "accepted":
            await bureau.tell(reservations.update, reservation.sid, reservation_status="accepted")
        else:
            await bureau.tell(workspaces.delete)
        gate[0].set()
        await bureau.settled()
        assert bureau.posts == ["/first"]
        if how in ("canceled", "accepted"):
            assert (await bureau.status(task)) == ("canceled" if how == "canceled" else "assigned")
            assert reservation.callback == ""
            assert await bureau.alerts() == []

    play(scene, late)


def test_a_reservation_that_times_out_under_way_is_dealt_with_once() -> None:
    """With the real clock: a time-out of one second passes while the application thinks."""
    gate: list[asyncio.Event] = []

    async def slow(sink: Sink, received: Received) -> web.StreamResponse:
        await gate[0].wait()
        return await instructs("accept")(sink, received)  # type: ignore[no-any-return]

    async def scene(bureau: Bureau) -> None:
        gate.append(asyncio.Event())
        await bureau.found()
        await bureau.tell(workflows.update, bureau.workflow, task_reservation_timeout=1)
        await bureau.worker("Ann")
        task = await bureau.task()
        (reservation,) = await bureau.reservations()
        await until(lambda: reservation.status == "timeout")
        gate[0].set()
        sid = await bureau.worker("Bob")  # the task goes to the next one
        rows = await bureau.reservations()
        await until(lambda: rows[-1].status == "accepted")
        assert [(row.status, row.callback) for row in rows] == [("timeout", ""), ("accepted", "accept")]
        assert rows[-1].worker_sid == sid and await bureau.status(task) == "assigned"

    play(scene, slow, clock="real", startup_grace_seconds=0)


def test_calls_are_bounded_per_workspace_and_what_has_ended_is_never_asked() -> None:
    gate: list[asyncio.Event] = []

    async def hold(sink: Sink, received: Received) -> web.StreamResponse:
        if received.form["WorkspaceSid"] == CENTRE:
            await gate[0].wait()
        return await instructs("accept")(sink, received)  # type: ignore[no-any-return]

    async def scene(bureau: Bureau) -> None:
        gate.append(asyncio.Event())
        await bureau.found()
        for number in range(70):
            await bureau.worker(f"Agent {number}")
        sids = [await bureau.task() for _ in range(70)]
        await until(lambda: len(bureau.posts) == 64)
        other = Bureau(bureau.application, bureau.sink, OTHER)
        await other.found()
        await other.worker("Ann")
        elsewhere = await other.task()
        rows = await other.reservations()
        await until(lambda: rows[0].status == "accepted")  # another workspace does not wait
        assert len(bureau.posts) == 65
        asked = {received.form["TaskSid"] for received in bureau.sink.received}
        waiting = [sid for sid in sids if sid not in asked]
        for sid in waiting[:5]:
            await bureau.tell(tasks.update, sid, assignment_status="canceled")
        gate[0].set()
        await bureau.settled()
        asked = {received.form["TaskSid"] for received in bureau.sink.received}
        assert asked == {*sids, elsewhere} - set(waiting[:5])
        assert len(bureau.posts) == 66 and len(waiting) == 6

    play(scene, hold)


def test_workflows_without_a_url_call_nobody() -> None:
    async def scene(bureau: Bureau) -> None:
        await bureau.found()
        await bureau.tell(workflows.update, bureau.workflow, assignment_callback_url="")
        await bureau.worker("Ann")
        await bureau.task()
        await bureau.settled()
        assert bureau.posts == []

    play(scene)
