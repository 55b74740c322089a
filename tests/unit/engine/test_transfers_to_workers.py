"""Transfers to a worker: warm and cold, and every way they end."""

import pytest

from pointsman.domain.limits import TRANSFERS_MOST
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import reservations, tasks, transfers, worker_channels, workers, workflows

from .driver import BIRTH, SECOND
from .transferring import Desk


@pytest.fixture
def desk():
    return Desk()


@pytest.mark.parametrize(("mode", "kept"), [("WARM", "accepted"), ("COLD", "wrapping")])
def test_an_accepted_transfer(desk, mode, kept):
    version, adas = desk.task.version, desk.tables.reservations[desk.adas].version
    transfer = desk.transfer(desk.bob, mode)
    assert (transfer.mode, transfer.type, transfer.to, transfer.status) == (mode, "WORKER", desk.bob, "initiated")
    assert (transfer.initiating_worker_sid, transfer.initiating_reservation_sid) == (desk.ada, desk.adas)
    assert (transfer.initiating_queue_sid, transfer.initiating_workflow_sid) == (desk.first, desk.workflow)
    assert (desk.task.status, desk.task.version) == ("reserved", version + 1)
    assert desk.adas_status() == kept
    assert desk.tables.reservations[desk.adas].version == adas + (mode == "COLD")
    bobs = desk.latest()
    assert (bobs.worker_sid, bobs.status, bobs.version, bobs.transfer_sid) == (desk.bob, "pending", 0, transfer.sid)

    desk.say(bobs.sid, "accepted")
    assert (transfer.status, transfer.failed_reason) == ("complete", None)
    assert (desk.task.status, desk.task.version) == ("assigned", version + 2)
    assert (bobs.status, bobs.version) == ("accepted", 1)
    assert desk.adas_status() == kept


def test_warm_is_the_default(desk):
    assert desk.transfer(desk.bob).mode == "WARM"


def test_the_task_completes_with_its_last_open_reservation(desk):
    desk.transfer(desk.bob, "COLD")
    desk.say(desk.latest().sid, "accepted")
    desk.say(desk.adas, "completed")
    assert desk.task.status == "assigned"
    desk.say(desk.latest().sid, "wrapping")
    assert desk.task.status == "wrapping"
    desk.say(desk.latest().sid, "completed")
    assert desk.task.status == "completed"


def test_the_task_wraps_with_its_last_accepted_reservation(desk):
    desk.transfer(desk.bob)
    desk.say(desk.latest().sid, "accepted")
    desk.say(desk.adas, "wrapping")
    assert desk.task.status == "assigned"
    desk.say(desk.latest().sid, "wrapping")
    assert desk.task.status == "wrapping"


@pytest.mark.parametrize("mode", ["WARM", "COLD"])
def test_rejected(desk, mode):
    version = desk.task.version
    transfer = desk.transfer(desk.bob, mode)
    desk.say(desk.latest().sid, "rejected")
    assert transfer.status == "failed"
    assert transfer.failed_reason == "Transfer failed because the reservation was rejected"
    assert (desk.task.status, desk.task.version) == ("assigned", version + 2)
    assert desk.offered() == [(desk.bob, "rejected")]
    assert desk.adas_status() == ("accepted" if mode == "WARM" else "wrapping")


def test_rejected_by_going_offline_and_with_an_activity(desk):
    desk.transfer(desk.bob)
    desk.centre.do(workers.update, desk.bob, activity_sid=desk.centre.offline, reject_pending_reservations=True)
    second = desk.transfer(desk.cleo)
    desk.say(desk.latest().sid, "rejected", worker_activity_sid=desk.centre.offline)
    assert [one.status for one in desk.tables.transfers] == ["failed", "failed"]
    assert second.failed_reason == "Transfer failed because the reservation was rejected"
    assert desk.task.status == "assigned"


def test_timed_out(desk):
    transfer = desk.transfer(desk.bob)
    desk.centre.run_to(desk.centre.now + 29)
    assert transfer.status == "initiated"
    desk.centre.run_to(desk.centre.now + 1)
    assert (transfer.status, transfer.failed_reason) == ("failed", "Transfer failed because the reservation timed out")
    assert desk.offered() == [(desk.bob, "timeout")]
    assert desk.tables.workers[desk.bob].activity_sid == desk.centre.offline
    assert desk.task.status == "assigned"


def test_canceled_and_transferred_again(desk):
    version = desk.task.version
    transfer = desk.transfer(desk.bob)
    assert desk.cancel(transfer, task_sid=desk.task.sid).status == "canceled"
    assert (desk.task.status, desk.task.version) == ("assigned", version + 2)
    assert desk.offered() == [(desk.bob, "canceled")]
    assert desk.latest().version == 1
    told = desk.refused(desk.cancel, transfer)
    assert told == f"Transfer {transfer.sid} is already canceled . Cannot cancel transfer."
    desk.transfer(desk.bob)
    desk.say(desk.latest().sid, "accepted")
    assert desk.offered() == [(desk.bob, "canceled"), (desk.bob, "accepted")]


def test_what_is_over_cannot_be_canceled(desk):
    transfer = desk.transfer(desk.bob)
    desk.say(desk.latest().sid, "accepted")
    assert "is already complete . Cannot cancel transfer." in desk.refused(desk.cancel, transfer)


def test_a_transfer_is_its_transferor_s_alone(desk):
    transfer = desk.transfer(desk.bob)
    for worker, sid in ((desk.bob, transfer.sid), (desk.ada, "TT" + "f" * 32), ("WK" + "f" * 32, transfer.sid)):
        with pytest.raises(Refusal) as caught:
            desk.centre.do(transfers.cancel, worker, sid)
        assert caught.value.status == 404
    assert "is not of Task" in desk.refused(desk.cancel, transfer, task_sid="WT" + "f" * 32)
    assert transfer.status == "initiated"


def test_who_cannot_be_given_the_task(desk):
    assert desk.refused(desk.transfer, desk.dan) == f"Worker {desk.dan} is not available."
    assert "is no Worker and no TaskQueue" in desk.refused(desk.transfer, "WK" + "f" * 32)
    assert "is no Worker and no TaskQueue" in desk.refused(desk.transfer, desk.workflow)
    assert "to itself" in desk.refused(desk.transfer, desk.ada)
    desk.centre.do(worker_channels.update, desk.bob, "default", available=False)
    assert "is not available: no capacity on default." in desk.refused(desk.transfer, desk.bob)
    desk.centre.do(worker_channels.update, desk.cleo, "default", capacity=0)
    assert "is not available: no capacity on default." in desk.refused(desk.transfer, desk.cleo)


def test_what_cannot_be_transferred(desk):
    wait_for_another(desk)
    assert "is pending, not accepted" in desk.refused(desk.transfer, desk.bob)
    desk.say(desk.adas, "accepted")
    assert "is no Reservation of Worker" in desk.refused(desk.transfer, desk.bob, by=desk.cleo)
    assert "Mode must be one of WARM, COLD" in desk.refused(desk.transfer, desk.bob, "HOT")
    assert "Attributes" in desk.refused(desk.transfer, desk.bob, attributes="[]")
    assert "Priority" in desk.refused(desk.transfer, desk.bob, priority=-1)
    desk.transfer(desk.bob)
    assert "is under way" in desk.refused(desk.transfer, desk.cleo)
    desk.say(desk.latest().sid, "accepted")
    desk.say(desk.adas, "wrapping")
    assert "is wrapping, not accepted" in desk.refused(desk.transfer, desk.cleo)


def wait_for_another(desk):
    """Ada has done with her task and is offered one that stands for it from now on."""
    desk.update_task(assignment_status="completed")
    desk.task = desk.centre.task({"topic": "snow"})
    desk.adas = desk.task.reservations[0]


@pytest.mark.parametrize("mode", ["WARM", "COLD"])
@pytest.mark.parametrize("status", ["wrapping", "completed", "canceled"])
def test_the_task_s_end_waits_for_the_transfer_s(desk, mode, status):
    desk.transfer(desk.bob, mode)
    assert desk.refused(desk.update_task, assignment_status=status).startswith("Cannot ")
    desk.say(desk.latest().sid, "rejected")
    assert desk.task.status == "assigned"


def test_a_transferor_who_has_gone_leaves_the_task_to_the_transferee(desk):
    transfer = desk.transfer(desk.bob, "COLD")
    desk.say(desk.adas, "completed")
    assert desk.task.status == "reserved"
    assert "cannot be canceled because" in desk.refused(desk.cancel, transfer)
    desk.say(desk.latest().sid, "accepted")
    desk.say(desk.latest().sid, "completed")
    assert desk.task.status == "completed"


def test_nobody_is_left(desk):
    """A cold transfer fails after the transferor has finished: its reservation was the last open one."""
    desk.transfer(desk.bob, "COLD")
    desk.say(desk.adas, "completed")
    desk.say(desk.latest().sid, "rejected")
    assert (desk.task.status, desk.task.reason) == ("completed", "All reservations were completed")


def test_on_from_the_transferee_and_back(desk):
    desk.transfer(desk.bob, "COLD")
    bobs = desk.latest().sid
    desk.say(bobs, "accepted")
    assert "no capacity" in desk.refused(desk.transfer, desk.ada, by=desk.bob, reservation=bobs)
    desk.say(desk.adas, "completed")
    back = desk.transfer(desk.ada, "COLD", by=desk.bob, reservation=bobs)
    desk.say(desk.latest().sid, "accepted")
    assert back.status == "complete"
    assert desk.offered() == [(desk.bob, "wrapping"), (desk.ada, "accepted")]


def test_not_to_somebody_who_holds_it():
    desk = Desk(capacity=2)
    desk.transfer(desk.bob)
    bobs = desk.latest().sid
    desk.say(bobs, "accepted")
    assert "has Task" in desk.refused(desk.transfer, desk.ada, by=desk.bob, reservation=bobs)


def test_attributes_and_priority_of_the_transfer_become_the_task_s(desk):
    version = desk.task.version
    desk.transfer(desk.bob, attributes='{"topic":"hail"}', priority=7)
    assert (desk.task.attributes, desk.task.priority, desk.task.version) == ('{"topic":"hail"}', 7, version + 1)
    assert desk.centre.ws.task_document(desk.task) == {"topic": "hail"}
    seq = desk.task.attributes_seq
    assert desk.centre.entries[seq - 1].fact.attributes == '{"topic":"hail"}'


def test_first_acceptance_ended_routing(desk):
    """The time to live passes, the workflow changes, the attributes do: a task that is transferred does not care."""
    desk.centre.run_to(590)
    transfer = desk.transfer(desk.bob)
    desk.update_task(attributes='{"topic":"wind"}')
    config = '{"task_routing":{"default_filter":{"queue":"%s"}}}' % desk.other
    desk.centre.do(workflows.update, desk.workflow, configuration=config, re_evaluate_tasks=True)
    desk.centre.run_to(610)
    assert (desk.task.status, transfer.status) == ("reserved", "initiated")
    count = desk.task.assignment_count
    desk.say(desk.latest().sid, "rejected")
    assert desk.task.assignment_count == count == 1
    assert (desk.task.status, desk.task.filter, desk.task.workflow_version) == ("assigned", 0, 1)


def test_a_day_after_its_last_acceptance_the_task_is_deleted_even_while_it_is_transferred(desk):
    desk.centre.run_to(3600)
    desk.transfer(desk.bob)
    desk.say(desk.latest().sid, "accepted")
    bobs = desk.latest().sid
    desk.centre.run_to(3600 + 86_390)
    desk.transfer(desk.cleo, by=desk.bob, reservation=bobs)
    desk.centre.events()
    desk.centre.run_to(3600 + 86_399)
    assert desk.task.sid in desk.tables.tasks
    desk.centre.run_to(3600 + 86_400)
    assert desk.task.sid not in desk.tables.tasks
    assert len(desk.tables.reservations) == len(desk.tables.transfers) == 0
    assert [each for each in desk.heard() if not each.startswith("worker")] == [
        "task.transfer-failed",
        "task.updated",
        "reservation.canceled",
        "reservation.completed",
        "reservation.completed",
        "task.system-deleted",
    ]


def test_deleting_in_the_middle(desk):
    desk.transfer(desk.bob)
    with pytest.raises(Refusal, match="open reservation"):
        desk.centre.do(workers.delete, desk.bob)
    with pytest.raises(Refusal, match="is reserved in it"):
        desk.centre.do(workflows.delete, desk.workflow)
    desk.centre.do(tasks.delete, desk.task.sid)
    assert len(desk.tables.reservations) == len(desk.tables.transfers) == 0
    assert not desk.centre.ws.seat(desk.bob).reservations


def test_a_task_whose_workflow_is_gone_can_be_transferred(desk):
    desk.centre.do(workflows.delete, desk.workflow)
    for to in (desk.bob, desk.other):
        desk.transfer(to)
        assert desk.latest().deadline == BIRTH + (desk.centre.now + 120) * SECOND
        desk.cancel(list(desk.tables.transfers)[-1])


def test_transfers_of_one_task_are_bounded(desk):
    for _ in range(TRANSFERS_MOST):
        desk.cancel(desk.transfer(desk.bob))
    assert f"more than {TRANSFERS_MOST} times" in desk.refused(desk.transfer, desk.bob)


def test_a_late_accept_of_a_transferee_is_gone(desk):
    desk.cancel(desk.transfer(desk.bob))
    with pytest.raises(Refusal) as caught:
        desk.centre.do(reservations.update, desk.latest().sid, reservation_status="accepted")
    assert caught.value.status == 410
