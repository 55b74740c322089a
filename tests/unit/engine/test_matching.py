"""Cases of matching that are easily got wrong, each by itself."""

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import activities, reservations, task_channels, task_queues, tasks, workers, workflows

from .driver import Centre, configuration


@pytest.fixture
def centre():
    return Centre()


def one_target(centre, queue, **target):
    return centre.workflow([{"expression": "1==1", "targets": [{"queue": queue.sid, **target}]}])


def chosen(centre, task):
    return [centre.ws.tables.workers[one.worker_sid].friendly_name for one in centre.reservations(task)]


def test_a_task_that_a_reservation_opens_the_way_for_goes_before_a_lesser_one(centre):
    queue = centre.queue("Queue")
    on_call = {"queue": queue.sid, "expression": "worker.channel.voice.available_capacity_percentage < 100"}
    centre.workflow(
        [
            {"expression": "on_call == true", "targets": [on_call]},
            {"expression": "1==1", "targets": [{"queue": queue.sid}]},
        ]
    )
    worker = centre.worker("Ada", available=False)
    lesser = centre.task({}, task_channel="chat", priority=1)
    better = centre.task({"on_call": True}, task_channel="chat", priority=5)
    call = centre.task({}, task_channel="voice", priority=9)
    centre.do(workers.update, worker.sid, activity_sid=centre.available)
    assert (call.status, better.status, lesser.status) == ("reserved", "reserved", "pending")


def test_idle_time_is_counted_per_channel_from_the_moment_that_is_asked_for(centre):
    queue = centre.queue("Queue")
    one_target(centre, queue, expression="worker.level >= task.level")
    for name in ("Ada", "Ben"):
        centre.worker(name, {"level": 1}, capacity={"chat": 9, "voice": 9})
    for second, channel, name in ((1, "chat", "Ada"), (2, "voice", "Ben"), (3, "chat", "Ada"), (4, "voice", "Ben")):
        centre.run_to(second)
        assert chosen(centre, centre.task({"level": 1}, task_channel=channel)) == [name]
    centre.task({"level": 9}, task_channel="chat")  # looks at everyone, so that all idle times are known
    centre.do(task_channels.update, "chat", channel_optimized_routing=True)
    assert chosen(centre, centre.task({"level": 1}, task_channel="chat")) == ["Ben"]


def test_who_let_a_task_go_is_last_in_line_only_at_once(centre):
    queue = centre.queue("Queue", "level == 1")
    one_target(centre, queue, order_by="worker.rank DESC")
    ada = centre.worker("Ada", {"level": 1, "rank": 2})
    task = centre.task()
    centre.do(workers.update, ada.sid, activity_sid=centre.offline, reject_pending_reservations=True)
    centre.do(task_queues.update, queue.sid, target_workers="level == 9")
    centre.do(workers.update, ada.sid, activity_sid=centre.available)
    centre.worker("Ben", {"level": 2, "rank": 1})
    centre.do(task_queues.update, queue.sid, target_workers="1==1")
    assert chosen(centre, task) == ["Ada", "Ada"]


def test_who_rejects_comes_after_a_worker_who_would_be_worse(centre):
    one_target(centre, centre.queue("Queue"), order_by="worker.rank DESC")
    centre.worker("Ada", {"rank": 2})
    centre.worker("Ben", {"rank": 1})
    task = centre.task()
    centre.do(reservations.update, task.reservations[0], reservation_status="rejected")
    assert chosen(centre, task) == ["Ada", "Ben"]


def test_a_new_channel_may_make_a_member(centre):
    one_target(centre, centre.queue("Queue", "channel.fax.configured_capacity >= 1"))
    centre.worker("Ada")
    task = centre.task()
    assert task.status == "pending"
    centre.do(task_channels.create, friendly_name="Fax", unique_name="fax")
    assert task.status == "reserved"


def test_a_new_name_of_an_activity_may_make_a_member(centre):
    one_target(centre, centre.queue("Queue", "activity_name == 'Ready'"))
    centre.worker("Ada")
    task = centre.task()
    centre.do(activities.update, centre.available, friendly_name="Ready")
    assert task.status == "reserved"


def test_the_minute_decides_membership_before_anybody_is_asked(centre):
    early, late = "taskrouter.currentMin < 48", "taskrouter.currentMin >= 48"
    queue = centre.queue("Early", early)
    one_target(centre, queue, expression=late)
    centre.worker("Ada")
    task = centre.task()
    centre.run_to(600)
    assert task.status == "pending"


def test_a_workflow_can_be_replaced_while_its_tasks_wait(centre):
    queue = centre.queue("Queue")
    workflow = one_target(centre, queue, expression="worker.team == task.team")
    centre.worker("Ada", {"team": "b"})
    task = centre.task({"team": "a"})
    text = configuration([{"expression": "1==1", "targets": [{"queue": queue.sid}]}])
    centre.do(workflows.update, workflow.sid, configuration=text)
    assert task.status == "pending"
    centre.do(workflows.update, workflow.sid, re_evaluate_tasks=True)
    assert task.status == "reserved"


def test_a_worker_who_is_taken_costs_the_same_however_many_tasks_wait_with_expressions_of_their_own(centre):
    alice, queue = centre.worker("Alice"), centre.queue("Queue")
    one_target(centre, queue, expression="worker.sid NOT IN task.tried")
    first, second, *_ = [centre.task({"tried": [f"WK{number:032}"]}) for number in range(300)]
    assert chosen(centre, first) == ["Alice"]
    centre.ws.begin(centre.ws.now, SYSTEM)
    reservations.update(centre.ws, first.reservations[0], reservation_status="accepted")
    tasks.update(centre.ws, first.sid, assignment_status="completed")
    assert centre.ws.settle(20), f"{alice.friendly_name} takes one task, and all that wait were looked at"
    assert chosen(centre, second) == ["Alice"]
