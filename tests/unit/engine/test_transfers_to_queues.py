"""Transfers to a queue: the task waits in its line like any other, although it was accepted before."""

import pytest

from pointsman.domain.limits import TRANSFER_ATTEMPTS_MOST
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import task_queues, tasks, worker_channels, workers
from pointsman.settings import Settings

from .driver import Centre
from .transferring import Desk

NO_MORE = "Transfer attempt failed on reservation {} because there are no more pending reservations"


@pytest.fixture
def desk():
    return Desk()


def away(desk, *sids):
    for sid in sids:
        desk.centre.do(workers.update, sid, activity_sid=desk.centre.offline)


def back(desk, sid):
    desk.centre.do(workers.update, sid, activity_sid=desk.centre.available)


@pytest.mark.parametrize(("mode", "kept"), [("WARM", "accepted"), ("COLD", "wrapping")])
def test_an_accepted_transfer(desk, mode, kept):
    away(desk, desk.bob, desk.cleo)
    version = desk.task.version
    transfer = desk.transfer(desk.other, mode)
    assert (transfer.type, transfer.to, transfer.status) == ("QUEUE", desk.other, "initiated")
    assert (desk.task.status, desk.task.version, desk.task.task_queue_sid) == ("pending", version + 1, desk.other)
    assert desk.adas_status() == kept
    back(desk, desk.cleo)
    assert (desk.task.status, desk.task.version) == ("reserved", version + 2)
    assert desk.latest().task_queue_sid == desk.other
    desk.say(desk.latest().sid, "accepted")
    assert (desk.task.status, desk.task.version) == ("assigned", version + 3)
    assert (transfer.status, desk.task.task_queue_sid) == ("complete", desk.other)
    assert desk.offered() == [(desk.cleo, "accepted")]
    assert desk.adas_status() == kept


def test_a_rejected_attempt_goes_to_somebody_else_first_and_then_round(desk):
    version = desk.task.version
    transfer = desk.transfer(desk.other)
    desk.say(desk.latest().sid, "rejected")
    assert (transfer.status, transfer.failed_reason) == ("initiated", NO_MORE.format("reject"))
    assert (desk.task.status, desk.task.version) == ("reserved", version + 4)  # transferred, offered, let go, offered
    desk.say(desk.latest().sid, "rejected")
    assert desk.offered() == [(desk.bob, "rejected"), (desk.cleo, "rejected"), (desk.bob, "pending")]
    desk.say(desk.latest().sid, "rejected")  # bob's second time: not he for a while
    assert desk.offered()[3:] == [(desk.cleo, "pending")]
    desk.say(desk.latest().sid, "rejected")
    assert desk.task.status == "pending"
    desk.centre.run_to(desk.centre.now + 1)
    assert (desk.task.status, desk.latest().worker_sid) == ("reserved", desk.bob)
    desk.say(desk.latest().sid, "accepted")
    assert (transfer.status, transfer.failed_reason, desk.task.failures) == ("complete", None, {})


def test_a_timed_out_attempt(desk):
    away(desk, desk.cleo)
    transfer = desk.transfer(desk.other)
    desk.centre.run_to(desk.centre.now + 30)
    assert (transfer.status, transfer.failed_reason) == ("initiated", NO_MORE.format("timeout"))
    assert (desk.task.status, desk.offered()) == ("pending", [(desk.bob, "timeout")])


@pytest.mark.parametrize("mode", ["WARM", "COLD"])
def test_canceled_while_it_waits_and_while_it_is_offered(desk, mode):
    away(desk, desk.bob, desk.cleo)
    version, entered = desk.task.version, desk.task.task_queue_entered_date
    waiting = desk.transfer(desk.other)
    desk.cancel(waiting)
    assert (desk.task.status, desk.task.version, desk.task.task_queue_sid) == ("assigned", version + 2, desk.first)
    assert desk.task.task_queue_entered_date >= entered
    assert desk.task.sid not in desk.centre.ws.floor.waiting
    back(desk, desk.bob)
    assert desk.offered() == []
    offered = desk.transfer(desk.other, mode)
    desk.cancel(offered)
    assert (desk.task.status, desk.offered()) == ("assigned", [(desk.bob, "canceled")])
    assert (waiting.status, offered.status) == ("canceled", "canceled")


def test_warm_never_comes_to_the_transferor_and_cold_may():
    desk = Desk(capacity=2)
    away(desk, desk.bob, desk.cleo)
    transfer = desk.transfer(desk.other, "WARM")
    assert desk.task.status == "pending"
    desk.centre.do(workers.update, desk.ada, attributes='{"name":"ada","level":1}')
    desk.say(desk.adas, "wrapping")  # still not for her
    assert desk.task.status == "pending"
    back(desk, desk.bob)
    assert desk.offered() == [(desk.bob, "pending")]
    desk.say(desk.latest().sid, "accepted")
    assert transfer.status == "complete"
    again = desk.transfer(desk.other, "COLD", by=desk.bob, reservation=desk.latest().sid)
    assert (again.status, desk.latest().worker_sid) == ("initiated", desk.ada)  # idle longer than bob
    desk.say(desk.latest().sid, "rejected")
    assert desk.latest().worker_sid == desk.bob


def test_cold_comes_back_to_the_only_member_with_capacity():
    desk = Desk(capacity=2)
    transfer = desk.transfer(desk.first, "COLD")
    assert desk.offered() == [(desk.ada, "pending")]
    assert (desk.task.status, desk.adas_status()) == ("reserved", "wrapping")
    desk.say(desk.latest().sid, "accepted")
    desk.say(desk.adas, "completed")
    assert (transfer.status, desk.task.status) == ("complete", "assigned")


def test_who_holds_the_task_is_no_candidate_until_it_is_let_go():
    desk = Desk(capacity=2)
    desk.transfer(desk.bob)
    bobs = desk.latest().sid
    desk.say(bobs, "accepted")
    away(desk, desk.cleo)
    desk.transfer(desk.other, "COLD", by=desk.bob, reservation=bobs)
    assert desk.latest().worker_sid == desk.bob  # capacity 2, and has left it
    desk.centre.do(workers.update, desk.bob, activity_sid=desk.centre.offline, reject_pending_reservations=True)
    assert desk.task.status == "pending"
    desk.say(desk.adas, "wrapping")
    assert (desk.task.status, desk.latest().worker_sid) == ("reserved", desk.ada)


def test_several_workers_at_once():
    desk = Desk(max_reserved_workers=2)
    version = desk.task.version
    transfer = desk.transfer(desk.other)
    assert desk.offered() == [(desk.bob, "pending"), (desk.cleo, "pending")]
    first, second = desk.task.reservations[1:]
    assert desk.task.version == version + 2
    desk.say(first, "rejected")
    assert (desk.task.status, transfer.attempts) == ("reserved", 0)
    desk.say(second, "accepted")
    assert desk.offered() == [(desk.bob, "rejected"), (desk.cleo, "accepted")]
    assert desk.task.version == version + 3


def test_several_at_once_are_rescinded_or_canceled_together():
    desk = Desk(max_reserved_workers=2)
    desk.cancel(desk.transfer(desk.other))
    assert desk.offered() == [(desk.bob, "canceled"), (desk.cleo, "canceled")]
    desk.transfer(desk.other)
    desk.say(desk.latest().sid, "accepted")
    assert {status for _, status in desk.offered()[2:]} == {"rescinded", "accepted"}


def test_all_of_several_let_go_is_one_failed_attempt():
    desk = Desk(max_reserved_workers=2)
    transfer = desk.transfer(desk.other)
    for sid in desk.task.reservations[1:]:
        desk.say(sid, "rejected")
    assert transfer.attempts == 1
    assert desk.offered()[2:] == [(desk.bob, "pending"), (desk.cleo, "pending")]


def test_it_waits_in_the_order_of_the_line(desk):
    """Priority first, then age: a transferred task keeps the age it has."""
    away(desk, desk.bob, desk.cleo, desk.ada)
    younger = desk.centre.task(routing_target=desk.other)
    urgent = desk.centre.task(routing_target=desk.other, priority=5)
    desk.transfer(desk.other)
    back(desk, desk.bob)
    assert (urgent.status, desk.task.status) == ("reserved", "pending")
    back(desk, desk.cleo)
    assert (desk.task.status, younger.status) == ("reserved", "pending")


def test_a_new_priority_counts_while_it_waits(desk):
    away(desk, desk.bob, desk.cleo, desk.ada)
    urgent = desk.centre.task(routing_target=desk.other, priority=5)
    desk.transfer(desk.other, priority=4)
    desk.update_task(priority=6)
    back(desk, desk.bob)
    assert (desk.task.status, urgent.status) == ("reserved", "pending")


def test_time_does_nothing_to_a_task_that_waits_to_be_transferred(desk):
    away(desk, desk.bob, desk.cleo)
    transfer = desk.transfer(desk.other)
    desk.centre.run_to(4000)  # over its time to live and its step's timeout
    assert (desk.task.status, transfer.status) == ("pending", "initiated")
    assert desk.refused(desk.update_task, assignment_status="canceled").startswith("Cannot cancel task")
    desk.centre.run_to(86_399)
    assert desk.task.sid in desk.tables.tasks
    desk.centre.run_to(86_400)
    assert desk.task.sid not in desk.tables.tasks


def test_a_task_for_one_worker_forgets_that_in_a_queue(desk):
    """RoutingTarget and IgnoreCapacity were about its first way."""
    away(desk, desk.bob, desk.cleo)
    desk.update_task(assignment_status="completed")
    desk.task = desk.centre.task(routing_target=desk.ada)
    desk.adas = desk.task.reservations[0]
    desk.say(desk.adas, "accepted")
    desk.transfer(desk.other)
    assert desk.task.status == "pending"
    back(desk, desk.cleo)
    assert desk.offered() == [(desk.cleo, "pending")]


def test_neither_queue_of_an_open_transfer_can_be_deleted(desk):
    away(desk, desk.bob, desk.cleo)
    lonely = desk.centre.queue("Lonely", "name == 'bob'").sid
    desk.transfer(lonely)
    with pytest.raises(Refusal, match="is in it"):
        desk.centre.do(task_queues.delete, lonely)
    desk.centre.do(tasks.delete, desk.task.sid)
    desk.centre.do(task_queues.delete, lonely)


def test_the_queue_from_which_a_task_is_transferred_stays(desk):
    away(desk, desk.bob, desk.cleo)
    held = desk.centre.task(routing_target=desk.other)
    back(desk, desk.cleo)
    desk.say(held.reservations[0], "accepted")
    desk.task, sid = held, held.reservations[0]
    desk.transfer(desk.first, by=desk.cleo, reservation=sid)
    with pytest.raises(Refusal, match="started from it"):
        desk.centre.do(task_queues.delete, desk.other)


def test_a_queue_that_changes_meanwhile(desk):
    desk.centre.do(task_queues.update, desk.other, target_workers="name == 'eve'")
    desk.transfer(desk.other)
    desk.centre.do(task_queues.update, desk.other, task_order="LIFO")
    assert desk.task.status == "pending"
    desk.centre.do(task_queues.update, desk.other, target_workers="name == 'cleo'")
    assert desk.offered() == [(desk.cleo, "pending")]


def test_channels_and_capacity_hold(desk):
    desk.centre.do(worker_channels.update, desk.bob, "default", capacity=0)
    desk.centre.do(worker_channels.update, desk.cleo, "default", available=False)
    desk.transfer(desk.other)
    assert desk.task.status == "pending"
    desk.centre.do(worker_channels.update, desk.bob, "default", capacity=1)
    assert desk.offered() == [(desk.bob, "pending")]


def test_attempts_are_bounded():
    desk = Desk(centre=Centre(Settings(reoffer_backoff_seconds=0)))
    away(desk, desk.cleo)
    transfer = desk.transfer(desk.other)
    for _ in range(TRANSFER_ATTEMPTS_MOST):
        desk.say(desk.latest().sid, "rejected")
    assert (transfer.status, transfer.failed_reason) == ("failed", "Transfer failed because too many attempts failed")
    assert (desk.task.status, desk.task.task_queue_sid) == ("assigned", desk.first)


def test_single_tasking():
    desk = Desk(centre=Centre(multi_task_enabled=False))
    activity = {row.friendly_name: row.sid for row in desk.tables.activities}
    desk.transfer(desk.bob)
    assert desk.tables.workers[desk.bob].activity_sid == activity["Reserved"]
    desk.cancel(list(desk.tables.transfers)[-1])
    assert desk.tables.workers[desk.bob].activity_sid == desk.centre.available
    desk.transfer(desk.other)
    desk.say(desk.latest().sid, "accepted")
    assert desk.tables.workers[desk.latest().worker_sid].activity_sid == activity["Busy"]
