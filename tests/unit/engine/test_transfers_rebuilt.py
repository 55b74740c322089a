"""A restart in the middle of a transfer: the rebuilt engine is the one that was, and goes on as it would have."""

import pytest

from pointsman.engine.workspace import reservations, tasks, transfers, workers, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine

from .driver import BIRTH, SECOND
from .test_rebuild import alike, rebuilt, timers_left
from .transferring import Desk


def answer(centre, desk, status, **kw):
    """What the latest reservation of the task is told."""
    sid = centre.ws.tables.tasks[desk.task.sid].reservations[-1]
    centre.do(reservations.update, sid, reservation_status=status, **kw)


def transfer(centre, desk, to, mode="WARM", **kw):
    tables = centre.ws.tables
    held = next(
        tables.reservations[sid]
        for sid in reversed(tables.tasks[desk.task.sid].open_reservations)
        if tables.reservations[sid].status == "accepted"
    )
    own = {"reservation_sid": held.sid, "task_sid": desk.task.sid, "mode": mode}
    centre.do(transfers.initiate, held.worker_sid, to=to, **own, **kw)


def cancel(centre, desk):
    latest = list(centre.ws.tables.transfers)[-1]
    centre.do(transfers.cancel, latest.initiating_worker_sid, latest.sid)


def finish(centre, desk):
    """Whoever still wraps up is done."""
    (sid,) = centre.ws.tables.tasks[desk.task.sid].open_reservations
    centre.do(reservations.update, sid, reservation_status="completed")


def set_activity(centre, sid, activity, **kw):
    centre.do(workers.update, sid, activity_sid=activity, **kw)


STORY = [
    lambda c, d: transfer(c, d, d.bob),
    lambda c, d: answer(c, d, "rejected"),
    lambda c, d: transfer(c, d, d.cleo, attributes='{"topic":"hail"}'),
    lambda c, d: c.run_to(c.now + 30),  # cleo times out
    lambda c, d: transfer(c, d, d.other, priority=3),
    lambda c, d: answer(c, d, "rejected"),
    lambda c, d: answer(c, d, "rejected"),  # bob is barred for a second
    lambda c, d: c.run_to(c.now + 0.5),
    lambda c, d: c.run_to(c.now + 0.5),
    lambda c, d: cancel(c, d),
    lambda c, d: set_activity(c, d.bob, c.offline),
    lambda c, d: transfer(c, d, d.other),
    lambda c, d: cancel(c, d),
    lambda c, d: transfer(c, d, d.other, "COLD"),
    lambda c, d: set_activity(c, d.bob, c.available),
    lambda c, d: answer(c, d, "accepted"),
    lambda c, d: c.do(reservations.update, d.adas, reservation_status="completed"),
    lambda c, d: transfer(c, d, d.ada, "COLD"),
    lambda c, d: answer(c, d, "accepted"),
    lambda c, d: answer(c, d, "wrapping"),
    lambda c, d: answer(c, d, "completed"),
    lambda c, d: finish(c, d),
    lambda c, d: c.run_to(c.now + 300),
]


def test_after_each_step_of_a_long_story():
    desk = Desk()
    centre = desk.centre
    twins = []
    snapshot = (centre.ws.head, centre.ws.now, centre.ws.snapshot())
    for step in STORY:
        step(centre, desk)
        for twin in twins:
            step(twin, desk)
            alike(centre, twin)
        twins = [rebuilt(centre), rebuilt(centre, snapshot)]
        for twin in twins:
            alike(centre, twin)
        snapshot = (centre.ws.head, centre.ws.now, centre.ws.snapshot())
    assert len(centre.ws.tables.transfers) == len(centre.ws.tables.tasks) == 0
    kinds = {type(entry.fact).__name__ for entry in centre.entries}
    ends = {f"Transfer{end}" for end in ("Initiated", "AttemptFailed", "Completed", "Failed", "Canceled")}
    assert ends <= kinds


@pytest.mark.parametrize("steps", range(1, len(STORY)))
def test_timers_after_each_step(steps):
    desk = Desk()
    for step in STORY[:steps]:
        step(desk.centre, desk)
    assert timers_left(rebuilt(desk.centre).ws) == timers_left(desk.centre.ws)


def test_every_prefix_of_the_journal_can_be_taken_up_and_lived_on():
    desk = Desk()
    for step in STORY[:-1]:
        step(desk.centre, desk)
    for length in range(1, len(desk.centre.entries) + 1):
        ws = WorkspaceEngine(desk.centre.ws.stream, desk.centre.settings, desk.centre.ids)
        for entry in desk.centre.entries[:length]:
            ws.replay(ws.head + 1, entry)
        ws.ready()
        while (due := ws.next_due()) is not None and due < BIRTH + 3 * 86_400 * SECOND:
            ws.run_due(due, 1)
            while not ws.settle(64):
                pass
        assert len(ws.tables.tasks) == 0


@pytest.mark.parametrize("target", ["bob", "other"])
def test_downtime_moves_the_transferee_s_deadline(target):
    desk = Desk()
    transfer = desk.transfer(getattr(desk, target))
    desk.centre.run_to(20)
    twin = rebuilt(desk.centre)
    down = twin.ws.now
    twin.now = 1000
    twin.ws.begin(BIRTH + 1000 * SECOND, twin.ws.origin)
    twin.ws.resume(down)
    twin.settle()
    at_start = twin.ws.tables.transfers[transfer.sid]
    assert (at_start.status, twin.ws.tables.tasks[desk.task.sid].status) == ("initiated", "reserved")
    twin.run_to(1029)
    assert at_start.failed_reason is None
    twin.run_to(1030)
    assert at_start.failed_reason.endswith("timed out") or "reservation timeout" in at_start.failed_reason


def test_the_workspace_goes_with_all_its_transfers():
    desk = Desk()
    desk.transfer(desk.bob)
    desk.centre.do(workspaces.delete)
    assert len(desk.tables.transfers) == 0


def test_deleting_the_task_leaves_nothing_behind():
    desk = Desk()
    desk.transfer(desk.other)
    desk.centre.do(tasks.delete, desk.task.sid)
    twin = rebuilt(desk.centre)
    alike(desk.centre, twin)
    assert timers_left(twin.ws) == timers_left(desk.centre.ws) == []
