"""The reference's scenario vectors (their numbers stand in the names) and the founding documents' examples."""

import pytest

from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import activities, tasks, workers
from pointsman.settings import Settings

from .driver import BIRTH, SECOND, Centre
from .scenario_driver import (
    accept,
    age,
    answer,
    end,
    ladder,
    latest,
    move,
    refused,
    reject,
    reserved_by,
    statuses,
    target,
    timed,
    types,
)


def three_queues(c):
    return [c.queue(f"Q{n}", f"q == {n}") for n in (1, 2, 3)]


def ten_ten_ten(c, **kw):
    q1, q2, q3 = three_queues(c)
    ladder(c, target(q1, 10), target(q2, 10), target(q3, 10), **kw)
    return q1, q2, q3


# -- timing


def test_s1_a_timed_out_reservation_maps_to_the_second_queue_at_8_and_deadlines_are_sums():
    c = Centre()
    q1, q2, q3 = ten_ten_ten(c, task_reservation_timeout=5)
    alice = c.worker("Alice", {"q": 1}, available=False)
    task = c.task()
    assert (task.status, task.task_queue_sid, age(c, task.deadline)) == ("pending", q1.sid, 10)
    c.at(3, workers.update, alice.sid, activity_sid=c.available)
    assert (task.status, age(c, latest(c, task).deadline)) == ("reserved", 8)
    c.events()

    c.run_to(8)
    assert (task.status, task.task_queue_sid, age(c, task.deadline)) == ("pending", q2.sid, 20)
    assert statuses(c, task) == ["timeout"] and alice.activity_sid == c.offline
    assert timed(c) == [
        (8, "reservation.timeout"),
        (8, "worker.activity.update"),
        (8, "task-queue.moved"),
        (8, "task-queue.entered"),
        (8, "workflow.target-matched"),
    ]
    c.run_to(19.99)
    assert task.task_queue_sid == q2.sid
    c.run_to(20)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q3.sid, 30)
    c.run_to(30)
    assert (task.status, task.reason) == ("canceled", "Task canceled on Workflow timeout")


def test_s2_a_second_worker_of_the_same_queue_goes_before_the_next_queue():
    c = Centre()
    q1, _, _ = ten_ten_ten(c, task_reservation_timeout=5)
    alice = c.worker("Alice", {"q": 1})
    c.worker("Bob", {"q": 1})
    task = c.task()
    c.run_to(5)
    assert (reserved_by(c, task), statuses(c, task)) == (["Alice", "Bob"], ["timeout", "pending"])
    assert (task.status, task.task_queue_sid, alice.activity_sid) == ("reserved", q1.sid, c.offline)


def test_s4_without_workers_every_deadline_passes_in_turn():
    c = Centre()
    ten_ten_ten(c)
    task = c.task()
    c.events()
    c.run_to(31)
    assert timed(c, "task-queue.timeout", "task-queue.entered", "workflow.timeout", "task.canceled") == [
        (10, "task-queue.timeout"),
        (10, "task-queue.entered"),
        (20, "task-queue.timeout"),
        (20, "task-queue.entered"),
        (30, "task-queue.timeout"),
        (30, "workflow.timeout"),
        (30, "task.canceled"),
    ]
    assert task.reason == "Task canceled on Workflow timeout"


def test_s5_a_reservation_that_lasts_until_the_deadline_times_out_and_is_not_canceled():
    c = Centre()
    ladder(c, target(c.queue("Q"), 30), task_reservation_timeout=30)
    alice, task = c.worker("Alice"), c.task()
    c.run_to(29.9)
    assert statuses(c, task) == ["pending"]
    c.run_to(30)
    assert (statuses(c, task), alice.activity_sid) == (["timeout"], c.offline)
    assert (task.status, task.reason) == ("canceled", "Task canceled on Workflow timeout")


def escalation(c):
    queue = c.queue("Q")
    return ladder(c, target(queue, 300, priority=1), {"priority": 10})


def test_s6_an_escalated_task_keeps_its_queue_until_its_time_to_live_is_over():
    c = Centre()
    escalation(c)
    task = c.task()
    assert task.priority == 1
    entered = task.task_queue_entered_date
    c.events()
    c.run_to(300)
    assert (task.priority, task.deadline, task.task_queue_entered_date) == (10, None, entered)
    assert types(c) == ["task-queue.timeout", "workflow.target-matched"]
    c.run_to(86_399)
    assert task.status == "pending"
    c.run_to(86_400)
    assert (task.status, task.reason) == ("canceled", "Task TTL Exceeded")


def test_s7_the_escalated_task_goes_before_the_other():
    c = Centre()
    escalation(c)
    a = c.task()
    c.run_to(201)
    b = c.task()
    c.run_to(301)
    c.worker("Alice")
    assert (a.status, b.status) == ("reserved", "pending")


# -- the default filter and skips


def test_s11_a_task_that_timed_out_of_its_filter_does_not_reach_the_default_filter():
    c = Centre()
    ladder(c, target(c.queue("Q"), 10), default={"queue": c.queue("D").sid})
    task = c.task()
    c.run_to(10)
    assert (task.status, task.reason) == ("canceled", "Task canceled on Workflow timeout")


def test_s12_a_task_that_skipped_its_filter_reaches_the_default_filter_at_once():
    c = Centre()
    fallback = c.queue("D")
    ladder(c, target(c.queue("Q", "1==0"), 10, skip_if="1==1"), default={"queue": fallback.sid})
    task = c.task()
    assert (task.status, task.task_queue_sid, task.deadline) == ("pending", fallback.sid, None)


def busy_alice(c, skip_if):
    """Alice is Available in Q1 without capacity; a second task comes."""
    q1, q2 = c.queue("Q1", "q==1"), c.queue("Q2", "q==2")
    workflow = ladder(c, target(q1, 10, skip_if=skip_if), target(q2))
    alice = c.worker("Alice", {"q": 1})
    c.task()
    return q1, q2, alice, c.task(workflow_sid=workflow.sid)


def test_s14_a_worker_at_capacity_still_counts_as_available():
    c = Centre()
    q1, q2, _, task = busy_alice(c, "workers.available == 0")
    assert task.task_queue_sid == q1.sid
    c.run_to(10)
    assert task.task_queue_sid == q2.sid


def test_s15_skipping_on_capacity():
    c = Centre()
    _, q2, _, task = busy_alice(c, "1==1")
    assert (c.now, task.task_queue_sid) == (0, q2.sid)


def test_s16_a_free_worker_goes_before_a_skip():
    c = Centre()
    q1 = c.queue("Q1")
    ladder(c, target(q1, skip_if="1==1"), target(c.queue("Q2")))
    c.worker("Alice")
    task = c.task()
    assert (task.status, task.task_queue_sid) == ("reserved", q1.sid)


def test_s17_skip_if_is_not_looked_at_again_when_workers_leave():
    c = Centre()
    q1, q2, alice, task = busy_alice(c, "workers.available == 0")
    move(c, alice, c.offline, reject_pending_reservations=True)
    assert task.task_queue_sid == q1.sid
    c.run_to(9.9)
    assert task.task_queue_sid == q1.sid
    c.run_to(10)
    assert task.task_queue_sid == q2.sid


def test_s19_the_default_filter_has_no_timeout_and_keeps_the_own_priority():
    c = Centre()
    fallback = c.queue("D")
    filters = [{"expression": "type == 'x'", "targets": [target(c.queue("Q"), 5)]}]
    c.workflow(filters, {"queue": fallback.sid, "timeout": 5})
    task, urgent = c.task({"type": "y"}), c.task({"type": "y"}, priority=7)
    assert (task.task_queue_sid, task.priority, urgent.priority) == (fallback.sid, 0, 7)
    c.run_to(86_399)
    assert task.status == "pending"
    c.run_to(86_400)
    assert task.reason == "Task TTL Exceeded"


@pytest.mark.parametrize(
    ("skip_if", "skips"),
    [
        ("1==1", True),
        ("1==0", False),
        ("workers.available == 0", True),
        ("workers.available > 0", False),
        ("workers.{rest} < 2", False),
        ("workers.{lunch} < 2", True),
        ("workers.{rest} < 2 OR workers.{lunch} < 2", True),
        ("workers.{rest} < 2 AND workers.{lunch} < 2", False),
        ("workers.unavailable == 3", True),
        ("workers.unavailable > 3", False),
    ],
)
def test_the_kinds_of_skip_if_look_at_the_workers_of_the_step_s_queue(skip_if, skips):
    c = Centre()
    rest = c.do(activities.create, friendly_name="Rest").sid
    lunch = c.do(activities.create, friendly_name="Lunch").sid
    for name, activity in (("Alice", rest), ("Bob", rest), ("Carol", lunch)):
        c.do(workers.create, friendly_name=name, attributes='{"q":1}', activity_sid=activity)
    c.worker("Dave", {"q": 2}, capacity={"default": 0})  # Available, but of another queue
    q1, q2 = c.queue("Q1", "q==1"), c.queue("Q2", "q==2")
    ladder(c, target(q1, skip_if=skip_if.format(rest=rest, lunch=lunch)), target(q2))
    assert c.task().task_queue_sid == (q2 if skips else q1).sid


# -- several reservations at once


def alice_and_bob(c, **kw):
    ladder(c, target(c.queue("Q", max_reserved_workers=5)), **kw)
    return c.worker("Alice"), c.worker("Bob")


def test_s20_the_first_to_accept_gets_the_task_and_the_other_410():
    c = Centre()
    alice_and_bob(c)
    task = c.task()
    hers, his = c.reservations(task)
    assert (reserved_by(c, task), task.status) == (["Alice", "Bob"], "reserved")
    c.events()
    assert answer(c, hers, "accepted").status == "accepted"
    assert (task.status, his.status) == ("assigned", "rescinded")
    assert types(c) == ["reservation.accepted", "reservation.rescinded"]
    with pytest.raises(Refusal) as caught:
        answer(c, his, "accepted")
    assert caught.value.status == 410


def test_s22_canceling_the_task_cancels_all_its_reservations_first():
    c = Centre()
    alice_and_bob(c)
    task = c.task()
    c.events()
    end(c, task, "canceled")
    assert (task.status, statuses(c, task)) == ("canceled", ["canceled", "canceled"])
    assert types(c) == ["reservation.canceled", "reservation.canceled", "task.canceled"]
    assert all(not seat.reservations for seat in c.ws.floor.seats.values())


def test_s23_a_task_is_offered_a_thousand_times_and_then_canceled():
    c = Centre(Settings(reoffer_backoff_seconds=0))
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    for _ in range(999):
        reject(c, task)
    assert (task.status, len(task.reservations)) == ("reserved", 1000)
    reject(c, task)
    assert (task.status, task.reason) == ("canceled", "Max assignment count exceeded")


def test_s24_rejecting_with_an_activity_moves_the_worker_and_the_task_waits():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice, task = c.worker("Alice"), c.task()
    reject(c, task, worker_activity_sid=c.activities["Unavailable"])
    assert alice.activity_sid == c.activities["Unavailable"]
    assert (task.status, statuses(c, task)) == ("pending", ["rejected"])


def test_s25_going_offline_rejects_all_pending_reservations():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice", capacity={"default": 3})
    waiting = [c.task() for _ in range(3)]
    assert [task.status for task in waiting] == ["reserved"] * 3
    c.events()
    move(c, alice, c.offline, reject_pending_reservations=True)
    assert [statuses(c, task) for task in waiting] == [["rejected"]] * 3
    assert alice.activity_sid == c.offline
    assert types(c) == ["reservation.rejected"] * 3 + ["worker.activity.update"]


# -- capacity and order


def test_s27_channels_are_independent_unless_an_expression_says_otherwise():
    c = Centre()
    queue = c.queue("Q")
    plain = ladder(c, target(queue))
    strict = ladder(c, target(queue, expression="worker.channel.voice.available_capacity_percentage == 100"))
    c.worker("Alice", capacity={"chat": 3, "voice": 1})
    c.task(task_channel="voice", workflow_sid=plain.sid)
    chat = c.task(task_channel="chat", workflow_sid=plain.sid)
    held_back = c.task(task_channel="chat", workflow_sid=strict.sid)
    assert (chat.status, held_back.status) == ("reserved", "pending")


def test_s28_the_free_capacity_in_percent_is_rounded_down():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice", capacity={"chat": 3})
    first, _ = c.task(task_channel="chat"), c.task(task_channel="chat")
    accept(c, first)
    assert c.ws.seat(alice.sid).document["channel"]["chat"] == {
        "configured_capacity": 3,
        "assigned_tasks": 1,
        "available_capacity_percentage": 33,
    }


def order_of_service(c, waiting):
    """The names of waiting tasks in the order in which a single worker gets them."""
    served = []
    for _ in waiting:
        name, task = next((name, task) for name, task in waiting.items() if task.status == "reserved")
        served.append(name)
        accept(c, task)
        end(c, task, "completed")
    return served


@pytest.mark.parametrize(
    ("order", "start_of_d", "expected"),
    [("FIFO", None, "BADC"), ("FIFO", -3600, "BDAC"), ("LIFO", None, "DCBA")],
)
def test_s30_priority_then_virtual_start_time(order, start_of_d, expected):
    c = Centre()
    ladder(c, target(c.queue("Q", task_order=order)))
    waiting = {}
    for name, priority, minute in (("A", 50, 0), ("B", 75, 1), ("C", 20, 3), ("D", 50, 3)):
        c.run_to(minute * 60)
        start = BIRTH + start_of_d * SECOND if name == "D" and start_of_d else None
        waiting[name] = c.task(priority=priority, virtual_start_time=start)
    c.worker("Alice")
    assert "".join(order_of_service(c, waiting)) == expected


@pytest.mark.parametrize(("bob", "chosen"), [({"finance": 10, "support": 5}, "Bob"), ({"finance": 10}, "Alice")])
def test_s32_order_by(bob, chosen):
    c = Centre()
    ladder(c, target(c.queue("Q"), order_by="worker.finance ASC, worker.support ASC"))
    c.worker("Alice", {"finance": 10, "support": 8})
    c.worker("Bob", bob)
    assert reserved_by(c, c.task()) == [chosen]


def test_s33_the_worker_who_was_reserved_longest_ago_comes_first():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice"), c.worker("Bob")
    for second, name in ((0, "Alice"), (60, "Bob"), (120, "Alice")):
        c.run_to(second)
        task = c.task()
        assert reserved_by(c, task) == [name]
        accept(c, task)
        end(c, task, "completed")


# -- known workers and routing targets


def test_s34_a_busy_known_worker_is_waited_for_until_the_timeout():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    workflow = ladder(c, target(q1, 10, known_worker_sid="task.agent_sid"), target(q2))
    alice = c.worker("Alice")
    c.task({"agent_sid": alice.sid})
    c.worker("Bob")
    task = c.task({"agent_sid": alice.sid}, workflow_sid=workflow.sid)
    assert (task.status, task.task_queue_sid) == ("pending", q1.sid)
    c.run_to(10)
    assert (reserved_by(c, task), task.task_queue_sid) == (["Bob"], q2.sid)


@pytest.mark.parametrize("attributes", [{"agent": "Zoe"}, {"agent": None}, {}, {"agent": "Alice"}])
def test_s36_a_known_worker_outside_the_queue_is_nobody(attributes):
    c = Centre()
    ladder(c, target(c.queue("Q", "1==0"), 10, known_worker_friendly_name="task.agent"))
    c.worker("Alice")
    task = c.task(attributes)
    assert task.status == "pending"
    c.run_to(10)
    assert task.status == "canceled"


@pytest.mark.parametrize("ignore", [None, True])
def test_s37_a_routing_target_is_reserved_although_offline_and_full(ignore):
    c = Centre()
    ladder(c, target(c.queue("Q", "1==0")))
    alice = c.worker("Alice", available=False, capacity={"default": 0})
    task = c.task(routing_target=alice.sid, ignore_capacity=ignore)
    assert (task.status, reserved_by(c, task)) == ("reserved", ["Alice"])


def test_s38_a_routing_target_whose_capacity_counts_is_waited_for():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    alice = c.worker("Alice", available=False)
    c.worker("Bob")
    task = c.task(routing_target=alice.sid, ignore_capacity=False)
    assert task.status == "pending"
    move(c, alice, c.available)
    assert reserved_by(c, task) == ["Alice"]


# -- ends


def served(c):
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    accept(c, task)
    return task


def test_s39_a_pending_task_cannot_be_completed():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    task = c.task()
    refusal = refused(c, tasks.update, task.sid, assignment_status="completed")
    assert (refusal.status, refusal.code) == (400, 20001)
    assert refusal.message == (
        f"Cannot complete task {task.sid} in workspace {c.ws.stream} for account {c.ws.workspace().account_sid}"
        " because it is not currently assigned."
    )


def test_s40_an_assigned_task_cannot_be_canceled():
    c = Centre()
    task = served(c)
    refusal = refused(c, tasks.update, task.sid, assignment_status="canceled")
    assert (refusal.status, refusal.code) == (400, 20001)
    assert refusal.message == (
        f"Cannot cancel task {task.sid} in workspace {c.ws.stream} for account {c.ws.workspace().account_sid}"
        " because it is not pending or reserved."
    )


@pytest.mark.parametrize("wrapping", [False, True])
def test_s42_after_24_hours_in_assigned_the_system_deletes_the_task(wrapping):
    c = Centre()
    task = served(c)
    if wrapping:
        end(c, task, "wrapping")
    c.events()
    c.run_to(86_399)
    assert task.sid in c.ws.tables.tasks
    c.run_to(86_400)
    assert types(c) == ["reservation.completed", "task.system-deleted"]
    assert refused(c, tasks.update, task.sid).status == 404


def test_s43_a_completed_task_is_gone_after_five_minutes():
    c = Centre()
    task = served(c)
    end(c, task, "completed")
    c.events()
    c.run_to(299)
    assert c.ws.task(task.sid).status == "completed"
    c.run_to(300)
    assert (refused(c, tasks.update, task.sid).code, types(c)) == (20404, [])


def test_s46_new_attributes_leave_a_reservation_alone():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    c.events()
    c.do(tasks.update, task.sid, attributes='{"a":1}')
    assert (task.status, statuses(c, task), types(c)) == ("reserved", ["pending"], ["task.updated"])


def test_s52_a_target_s_priority_wins_over_the_task_s_own():
    c = Centre()
    ladder(c, target(c.queue("Q"), priority=5))
    assert c.task(priority=1).priority == 5


def test_s53_completing_the_reservation_completes_the_task():
    c = Centre()
    task = served(c)
    c.events()
    answer(c, latest(c, task), "completed")
    assert (task.status, task.reason) == ("completed", "All reservations were completed")
    assert types(c) == ["task.completed", "reservation.completed"]


def test_the_flow_of_a_shift():
    """Founding document 1: the example application flow."""
    c = Centre()
    ladder(c, target(c.queue("Support", "skill == 'support'")))
    alice = c.worker("Alice", {"skill": "support"}, available=False)
    first, second = c.task(), c.task()
    assert (first.status, second.status) == ("pending", "pending")
    c.events()
    move(c, alice, c.available)
    assert types(c) == ["worker.activity.update", "reservation.created"]
    assert (first.status, second.status) == ("reserved", "pending")  # the pending reservation takes the capacity
    accept(c, first)
    assert (first.status, second.status) == ("assigned", "pending")
    end(c, first, "completed")
    assert (first.status, second.status) == ("completed", "reserved")
    accept(c, second)
    move(c, alice, c.offline)  # accepted work is not touched by the end of the shift
    end(c, second, "wrapping")
    end(c, second, "completed")
    assert (second.status, statuses(c, second)) == ("completed", ["completed"])
    assert c.task().status == "pending"


def test_the_example_of_skipping_to_the_general_queue():
    """Founding document 3: nobody is available in the specialists' queue."""
    c = Centre()
    special, general = c.queue("Special", "special == true"), c.queue("General", "special != true")
    c.worker("Sara", {"special": True, "specializedSubField": "tax", "english_level": 1}, available=False)
    c.worker("Gus")
    first = target(
        special,
        expression="task.subSection == worker.specializedSubField",
        order_by="worker.english_level ASC",
        priority="1",
        skip_if="workers.available == 0",
    )
    filters = [{"expression": "type == 'Sales'", "targets": [first, target(general, priority="1")]}]
    c.workflow(filters)
    task = c.task({"type": "Sales", "subSection": "tax"})
    assert (reserved_by(c, task), task.task_queue_sid, task.priority) == (["Gus"], general.sid, 1)


@pytest.mark.parametrize(
    ("state", "way_out"), [("pending", "canceled"), ("reserved", "canceled"), ("assigned", "completed")]
)
def test_stuck_tasks_are_closed_by_hand(state, way_out):
    """Founding document 4: cancel what was never assigned, complete what was; the reason is kept for reporting."""
    c = Centre()
    ladder(c, target(c.queue("Q")))
    task = c.task({"call_sid": "CA1"}, task_channel="voice")
    if state != "pending":
        c.worker("Alice")
    if state == "assigned":
        accept(c, task)
    assert task.status == state
    end(c, task, way_out, reason="Orchestration issue")
    assert (task.status, task.reason) == (way_out, "Orchestration issue")
    assert not c.ws.floor.waiting and all(not seat.reservations for seat in c.ws.floor.seats.values())
