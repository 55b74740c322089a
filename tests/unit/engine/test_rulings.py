"""The rulings where the sources are silent or disagree; each section's number is the ruling's."""

import pytest

from pointsman.domain.facts import ReservationClosed
from pointsman.engine.workspace import (
    activities,
    closing,
    reservations,
    task_channels,
    task_queues,
    tasks,
    worker_channels,
    workers,
    workflows,
)
from pointsman.engine.workspace import workspaces as workspace_commands
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.settings import Settings

from .driver import BIRTH, SECOND, STREAM, Centre, configuration
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
    restart,
    statuses,
    target,
    timed,
    types,
)

POLICIES = ("fall_forward", "stay", "advance")


def two_queues(c, *names, timeout=10, **kw):
    """Q1 for workers with q 1, Q2 for the others; a worker of Q1 per name."""
    q1, q2 = c.queue("Q1", "q==1"), c.queue("Q2", "q!=1")
    workflow = ladder(c, target(q1, timeout), target(q2), **kw)
    return q1, q2, workflow, [c.worker(name, {"q": 1}) for name in names]


# -- 1: a reservation failed


@pytest.mark.parametrize("policy", POLICIES)
def test_1a_after_the_deadline_the_task_goes_on_even_if_a_worker_is_free(policy):
    c = Centre(Settings(on_reservation_failure=policy))
    _, q2, _, _ = two_queues(c, "Alice", "Bob")
    task = c.task()
    c.run_to(12)
    c.events()
    reject(c, task)
    assert (task.task_queue_sid, statuses(c, task)) == (q2.sid, ["rejected"])
    assert types(c) == [
        "reservation.rejected",
        "task-queue.timeout",
        "task-queue.moved",
        "task-queue.entered",
        "workflow.target-matched",
    ]


@pytest.mark.parametrize(
    ("policy", "who", "queue"),
    [("fall_forward", ["Alice", "Bob"], "Q1"), ("stay", ["Alice", "Bob"], "Q1"), ("advance", ["Alice"], "Q2")],
)
def test_1b_another_worker_of_the_step_goes_first(policy, who, queue):
    c = Centre(Settings(on_reservation_failure=policy))
    two_queues(c, "Alice", "Bob")
    task = c.task()
    reject(c, task)
    assert (reserved_by(c, task), c.ws.task_queue(task.task_queue_sid).friendly_name) == (who, queue)


def test_1b_who_just_failed_is_last_in_line_but_eligible():
    c = Centre(Settings(reoffer_backoff_seconds=0))
    ladder(c, target(c.queue("Q"), order_by="worker.rank ASC"))
    for rank, name in enumerate(("Alice", "Bob")):
        c.worker(name, {"rank": rank})
    task = c.task()
    for _ in range(3):
        reject(c, task)
    assert reserved_by(c, task) == ["Alice", "Bob", "Alice", "Bob"]


@pytest.mark.parametrize("policy", POLICIES)
def test_1c_skip_if_is_looked_at_again(policy):
    c = Centre(Settings(on_reservation_failure=policy))
    q1, q2 = c.queue("Q1", "q==1"), c.queue("Q2", "q==2")
    ladder(c, target(q1, skip_if="workers.available == 0"), target(q2))
    c.worker("Alice", {"q": 1})
    task = c.task()
    assert task.task_queue_sid == q1.sid
    reject(c, task, worker_activity_sid=c.offline)
    assert task.task_queue_sid == q2.sid


@pytest.mark.parametrize(("policy", "queue"), [("fall_forward", "Q2"), ("stay", "Q1"), ("advance", "Q2")])
def test_1d_one_step_forward(policy, queue):
    c = Centre(Settings(on_reservation_failure=policy))
    queues = [c.queue(f"Q{n}", f"q=={n}") for n in (1, 2, 3)]
    ladder(c, *(target(each, 10) for each in queues))
    c.worker("Alice", {"q": 1})
    task = c.task()
    c.run_to(4)
    reject(c, task, worker_activity_sid=c.offline)
    assert c.ws.task_queue(task.task_queue_sid).friendly_name == queue
    assert age(c, task.deadline) == {"Q1": 10, "Q2": 20}[queue]


@pytest.mark.parametrize("policy", ["fall_forward", "stay"])
def test_1e_without_a_timeout_the_task_waits_in_place(policy):
    c = Centre(Settings(on_reservation_failure=policy))
    q1, _, _, _ = two_queues(c, "Alice", timeout=None)
    task = c.task()
    reject(c, task, worker_activity_sid=c.offline)
    assert (task.status, task.task_queue_sid) == ("pending", q1.sid)


@pytest.mark.parametrize("policy", POLICIES)
def test_1e_without_a_next_target_the_task_waits_in_place(policy):
    c = Centre(Settings(on_reservation_failure=policy))
    q1, q2 = c.queue("Q1", "q==1"), c.queue("Q2")
    filters = [{"expression": "1==1", "targets": [target(q, 10)]} for q in (q1, q2)]
    c.workflow(filters)
    alice = c.worker("Alice", {"q": 1})
    c.worker("Bob", {"q": 2}, available=False)
    task = c.task()
    c.run_to(5)
    reject(c, task, worker_activity_sid=c.offline)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q1.sid, 10)
    move(c, alice, c.available)
    assert task.status == "reserved"


def offered_at(c):
    return [second for second, _ in timed(c, "reservation.created")]


def test_1_the_pause_doubles_up_to_30_seconds():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    for _ in range(9):
        reject(c, task)
        c.run_to(c.now + 31 if task.status == "pending" else c.now)
    pauses = [offered - at for at, offered in zip(*gaps(c), strict=True)]
    assert pauses == [0, 1, 2, 4, 8, 16, 30, 30, 30]


def gaps(c):
    """Seconds of the rejections, and of the offers that followed them."""
    events = timed(c, "reservation.rejected", "reservation.created")
    rejected = [second for second, type in events if type == "reservation.rejected"]
    return rejected, [second for second, type in events if type == "reservation.created"][1:]


def test_1_a_reoffer_backoff_of_0_is_the_bare_loop():
    c = Centre(Settings(reoffer_backoff_seconds=0))
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    for _ in range(5):
        reject(c, task)
    assert offered_at(c) == [0] * 6


def test_1_a_barred_worker_gets_other_tasks_and_others_get_the_task():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    reject(c, task), reject(c, task)
    assert task.status == "pending"
    other = c.task(workflow_sid=workflow.sid)
    assert reserved_by(c, other) == ["Alice"]
    c.worker("Bob")
    assert reserved_by(c, task) == ["Alice", "Alice", "Bob"]


def test_1_a_barred_worker_does_not_hold_the_task_in_its_step():
    c = Centre()
    q1, q2, _, _ = two_queues(c, "Alice")
    task = c.task()
    reject(c, task)
    assert task.task_queue_sid == q1.sid
    reject(c, task)
    assert task.task_queue_sid == q2.sid


def test_1_a_failure_on_the_server_s_side_does_not_count():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()

    def set_up_failed(ws):
        ws.record(ReservationClosed(latest(c, task).sid, "cancel", counts=False))
        closing.after_close(ws, task)

    for _ in range(3):
        c.do(set_up_failed)
    assert (len(task.reservations), task.assignment_count, task.status) == (4, 1, "reserved")


# -- 2: what interrupts an open reservation


def test_2_a_deadline_waits_for_the_open_reservation():
    c = Centre()
    q1, q2, _, _ = two_queues(c, "Alice", task_reservation_timeout=25)
    task = c.task()
    c.run_to(24)
    assert (task.status, task.task_queue_sid) == ("reserved", q1.sid)
    c.run_to(25)
    assert (task.status, task.task_queue_sid) == ("pending", q2.sid)


def test_2_a_task_s_time_to_live_ends_its_reservations():
    c = Centre()
    ladder(c, target(c.queue("Q", max_reserved_workers=2)))
    c.worker("Alice"), c.worker("Bob")
    task = c.task(timeout=15)
    c.events()
    c.run_to(15)
    assert (task.status, task.reason, statuses(c, task)) == ("canceled", "Task TTL Exceeded", ["canceled"] * 2)
    assert types(c) == ["reservation.canceled", "reservation.canceled", "task.canceled"]


@pytest.mark.parametrize("wrapping", [False, True])
def test_2_and_17_nothing_of_routing_happens_after_the_first_acceptance(wrapping):
    c = Centre()
    filters = [
        {"expression": "type == 'b'", "targets": [target(c.queue("B"), 5)]},
        {"expression": "1==1", "targets": [target(c.queue("A"), 5)]},
    ]
    workflow = c.workflow(filters)
    c.worker("Alice")
    task = c.task(timeout=15)
    accept(c, task)
    if wrapping:
        end(c, task, "wrapping")
    c.events()
    c.run_to(100)
    c.do(tasks.update, task.sid, attributes='{"type":"b"}', priority=9)
    c.do(workflows.update, workflow.sid, configuration=configuration(filters[:1]), re_evaluate_tasks=True)
    assert types(c) == ["task.updated", "workflow.updated"]
    assert (task.status, task.workflow_version) == ("wrapping" if wrapping else "assigned", 1)


# -- 3: the base of deadlines


def test_3_a_second_filter_counts_from_the_age_at_which_it_was_entered():
    c = Centre()
    q1, q2, q3 = (c.queue(f"Q{n}") for n in (1, 2, 3))
    filters = [
        {"expression": "1==1", "targets": [target(q1, 7)]},
        {"expression": "1==0", "targets": [target(q1, 7)]},
        {"expression": "1==1", "targets": [target(q2, 10), target(q3, 10)]},
    ]
    c.workflow(filters)
    task = c.task()
    c.run_to(7)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q2.sid, 17)
    c.run_to(17)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q3.sid, 27)
    c.run_to(27)
    assert task.status == "canceled"


def test_3_skipped_targets_count():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    ladder(c, target(q1, 10, skip_if="1==1"), target(q2, 10))
    task = c.task()
    assert (task.task_queue_sid, age(c, task.deadline)) == (q2.sid, 20)


def test_3_a_target_without_timeout_adds_nothing():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    ladder(c, target(q1, skip_if="1==1"), target(q2, 10))
    assert age(c, c.task().deadline) == 10


def test_3_the_same_filter_keeps_step_base_deadline_and_entry():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    ladder(c, target(q1, 10), target(q2, 10, expression="worker.skill == task.skill"))
    alice = c.worker("Alice", {"skill": "b"}, available=False)
    task = c.task({"skill": "a"})
    c.run_to(12)
    before = (task.filter, task.target, task.base, task.deadline, task.task_queue_entered_date)
    move(c, alice, c.available)
    assert (task.status, task.target) == ("pending", 1)
    c.events()
    c.at(13, tasks.update, task.sid, attributes='{"skill":"b"}')
    assert (task.filter, task.target, task.base, task.deadline, task.task_queue_entered_date) == before
    assert types(c) == ["task.updated", "reservation.created"]  # bound anew: now the worker fits


# -- 4: attributes


def by_type(c):
    qa, qb = c.queue("A"), c.queue("B", "1==0")
    filters = [
        {"expression": "type == 'b'", "targets": [target(qb, 10)]},
        {"expression": "1==1", "targets": [target(qa, 10)]},
    ]
    return qa, qb, c.workflow(filters), filters


def test_4_a_pending_task_is_evaluated_anew_and_another_filter_starts_at_its_age():
    c = Centre()
    _, qb, _, _ = by_type(c)
    task = c.task()
    c.events()
    c.at(4, tasks.update, task.sid, attributes='{"type":"b"}')
    assert (task.task_queue_sid, age(c, task.deadline), age(c, task.task_queue_entered_date)) == (qb.sid, 14, 4)
    assert types(c) == [
        "task.updated",
        "workflow.entered",
        "task-queue.moved",
        "task-queue.entered",
        "workflow.target-matched",
    ]


def test_4_a_reserved_task_is_evaluated_anew_when_its_set_fails():
    c = Centre()
    qa, qb, _, _ = by_type(c)
    c.worker("Alice"), c.worker("Bob")
    task = c.task()
    c.at(3, tasks.update, task.sid, attributes='{"type":"b"}')
    assert (task.status, task.task_queue_sid) == ("reserved", qa.sid)
    c.run_to(5)
    reject(c, task)
    assert (task.status, task.task_queue_sid, age(c, task.deadline)) == ("pending", qb.sid, 15)


def test_4_attributes_are_evaluated_by_the_version_that_the_task_entered_with():
    c = Centre()
    _, qb, workflow, filters = by_type(c)
    task = c.task()
    c.do(workflows.update, workflow.sid, configuration=configuration(filters[1:]))
    c.do(tasks.update, task.sid, attributes='{"type":"b"}')
    assert (task.task_queue_sid, task.workflow_version) == (qb.sid, 1)


def test_4_attributes_that_no_filter_takes_cancel_the_task():
    c = Centre()
    c.workflow([{"expression": "ok == 1", "targets": [target(c.queue("Q"), 60)]}])
    task = c.task({"ok": 1})
    c.events()
    c.do(tasks.update, task.sid, attributes="{}")
    assert types(c) == ["task.updated", "workflow.timeout", "task.canceled"]


def test_4_attributes_in_the_request_that_cancels_do_not_route():
    c = Centre()
    c.workflow([{"expression": "ok == 1", "targets": [target(c.queue("Q"))]}])
    task = c.task({"ok": 1})
    c.events()
    end(c, task, "canceled", attributes='{"why":"gone"}', reason="hangup")
    assert (task.attributes, task.reason) == ('{"why":"gone"}', "hangup")
    assert types(c) == ["task.updated", "task.canceled"]


# -- 5: accepting


@pytest.mark.parametrize("outcome", ["rescinded", "timeout", "canceled", "rejected"])
def test_5_accepting_a_reservation_that_ended_is_answered_with_410(outcome):
    c = Centre()
    ladder(c, target(c.queue("Q", max_reserved_workers=2)), task_reservation_timeout=5)
    c.worker("Alice"), c.worker("Bob")
    task = c.task()
    hers, his = c.reservations(task)
    if outcome == "rescinded":
        answer(c, his, "accepted")
    elif outcome == "timeout":
        c.run_to(5)
    elif outcome == "canceled":
        end(c, task, "canceled")
    else:
        answer(c, hers, "rejected")
    assert hers.status == outcome
    assert refused(c, reservations.update, hers.sid, reservation_status="accepted").status == 410


def test_5_accepting_twice():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    accept(c, task)
    refusal = refused(c, reservations.update, latest(c, task).sid, reservation_status="accepted")
    assert (refusal.status, refusal.code) == (400, 20001)
    assert refusal.message.endswith("is already in state [accepted] and cannot be updated to [accepted]")


# -- 6: unavailable with pending reservations


def with_pending(c, capacity=2):
    ladder(c, target(c.queue("Q")), task_reservation_timeout=30)
    alice = c.worker("Alice", capacity={"default": capacity})
    return alice, [c.task() for _ in range(2)]


def test_6_unavailable_is_refused_with_the_count():
    c = Centre()
    alice, _ = with_pending(c)
    refusal = refused(c, workers.update, alice.sid, activity_sid=c.offline, attributes='{"a":1}')
    assert (refusal.status, refusal.code) == (400, 20001)
    assert (
        refusal.message == f"Worker {alice.sid} cannot have its activity updated since it has 2 pending reservations."
    )


def test_6_from_available_to_available_is_allowed_and_the_flag_is_not():
    c = Centre()
    alice, waiting = with_pending(c)
    lively = c.do(activities.create, friendly_name="Lively", available=True)
    refusal = refused(c, workers.update, alice.sid, activity_sid=lively.sid, reject_pending_reservations=True)
    assert refusal.message == "Unable to reject pending reservations when updating to an Available activity state."
    move(c, alice, lively.sid)
    assert [task.status for task in waiting] == ["reserved", "reserved"]


def test_6_the_system_s_own_move_leaves_the_other_reservations():
    c = Centre()
    ladder(c, target(c.queue("Q")), task_reservation_timeout=30)
    alice = c.worker("Alice", capacity={"default": 2})
    first = c.task()
    c.run_to(10)
    second = c.task()
    c.run_to(30)
    assert (alice.activity_sid, first.status, second.status) == (c.offline, "pending", "reserved")
    accept(c, second)
    assert second.status == "assigned"


# -- 7: no filter


def test_7_a_task_that_no_filter_takes_is_created_and_canceled():
    c = Centre()
    c.workflow([{"expression": "1==0", "targets": [target(c.queue("Q"))]}])
    c.events()
    task = c.task()
    assert (task.status, task.reason) == ("canceled", "Task canceled on Workflow timeout")
    assert types(c) == ["task.created", "workflow.entered", "workflow.timeout", "task.canceled"]


def two_filters(c, first, second):
    fallback = c.queue("D")
    filters = [{"expression": "1==1", "targets": [each]} for each in (first, second)]
    c.workflow(filters, {"queue": fallback.sid})
    return fallback


def test_7_timed_out_of_one_filter_and_skipped_out_of_a_later_one_is_canceled():
    c = Centre()
    queue = c.queue("Q")
    two_filters(c, target(queue, 10), target(queue, skip_if="1==1"))
    task = c.task()
    c.events()
    c.run_to(10)
    assert (task.status, task.reason) == ("canceled", "Task canceled on Workflow timeout")
    assert types(c) == ["task-queue.timeout", "workflow.target-matched", "workflow.timeout", "task.canceled"]


def test_7_skipped_out_of_one_filter_and_timed_out_of_a_later_one_is_canceled():
    c = Centre()
    queue = c.queue("Q")
    two_filters(c, target(queue, skip_if="1==1"), target(queue, 10))
    task = c.task()
    c.run_to(10)
    assert task.status == "canceled"


def test_7_skipped_out_of_every_filter_reaches_the_default_filter():
    c = Centre()
    queue = c.queue("Q")
    fallback = two_filters(c, target(queue, skip_if="1==1"), target(queue, skip_if="1==1"))
    assert c.task().task_queue_sid == fallback.sid


def test_7_skipped_out_of_every_filter_without_a_default_is_canceled():
    c = Centre()
    ladder(c, target(c.queue("Q"), skip_if="1==1"))
    c.events()
    task = c.task()
    assert (task.status, types(c)[-2:]) == ("canceled", ["workflow.skipped", "task.canceled"])


# -- 8: idle order


def worked_in_turn(c):
    """Alice was reserved before Bob, but is released after him."""
    workflow = ladder(c, target(c.queue("Q")))
    c.worker("Alice"), c.worker("Bob")
    hers, his = c.task(), c.at(1, tasks.create)
    for second, task in ((10, his), (20, hers)):
        c.run_to(second)
        accept(c, task)
        end(c, task, "completed")
    return workflow


@pytest.mark.parametrize(("since", "chosen"), [("reserved", "Alice"), ("released", "Bob")])
def test_8_idle_since(since, chosen):
    c = Centre(Settings(idle_since=since))
    worked_in_turn(c)
    c.run_to(30)
    assert reserved_by(c, c.task()) == [chosen]


def test_8_never_reserved_comes_first_then_who_changed_status_first():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    workers_by_name = {name: c.worker(name, available=False) for name in ("Alice", "Bob", "Carol")}
    for second, name in ((1, "Carol"), (2, "Alice"), (3, "Bob")):
        c.run_to(second)
        move(c, workers_by_name[name], c.available)
    order = []
    for _ in range(4):
        task = c.task()
        order += reserved_by(c, task)
        accept(c, task)
        end(c, task, "completed")
        c.run_to(c.now + 1)
    assert order == ["Carol", "Alice", "Bob", "Carol"]


@pytest.mark.parametrize(("optimized", "chosen"), [(True, "Alice"), (False, "Bob")])
def test_8_an_optimized_channel_looks_at_itself_alone(optimized, chosen):
    c = Centre()
    c.do(task_channels.update, "voice", channel_optimized_routing=optimized)
    ladder(c, target(c.queue("Q")))
    c.worker("Alice"), c.worker("Bob")
    for second, channel in ((1, "voice"), (2, "voice"), (3, "chat")):  # Alice, Bob, Alice
        c.run_to(second)
        task = c.task(task_channel=channel)
        accept(c, task)
        end(c, task, "completed")
    c.run_to(10)
    assert reserved_by(c, c.task(task_channel="voice")) == [chosen]


# -- 9 and 10


def test_9_an_open_set_is_not_topped_up():
    c = Centre()
    ladder(c, target(c.queue("Q", max_reserved_workers=3)))
    c.worker("Alice"), c.worker("Bob")
    task = c.task()
    answer(c, c.reservations(task)[0], "rejected")
    c.worker("Carol")
    assert statuses(c, task) == ["rejected", "pending"]
    answer(c, c.reservations(task)[1], "rejected")
    assert reserved_by(c, task)[2:] == ["Carol", "Alice", "Bob"]


@pytest.mark.parametrize(("capacity", "percentage"), [(0, 0), (1, 0), (2, 0), (3, 33), (7, 71)])
def test_10_available_capacity_percentage(capacity, percentage):
    c = Centre()
    alice, waiting = with_pending(c)
    accept(c, waiting[0])
    end(c, waiting[0], "wrapping")
    c.do(worker_channels.update, alice.sid, "default", capacity=capacity)
    seat = c.ws.seat(alice.sid)
    document = seat.document["channel"]["default"]
    assert (document["available_capacity_percentage"], document["assigned_tasks"]) == (percentage, 0)


# -- 13 and 15


def test_13_tables_are_in_creation_order_and_go_on_from_removed_rows():
    c = Centre()
    rows = [c.queue(f"Q{n}") for n in range(6)]
    table = c.ws.tables.task_queues
    c.do(task_queues.delete, rows[2].sid)
    names = [queue.friendly_name for queue in table.after(rows[1].number, 2)]
    assert names == ["Q3", "Q4"]
    assert [queue.friendly_name for queue in table.after(rows[2].number, 9)] == ["Q3", "Q4", "Q5"]
    assert [queue.friendly_name for queue in table.before(rows[3].number, 9)] == ["Q1", "Q0"]


def test_15_the_removal_takes_reservations_along_and_says_nothing():
    c = Centre(Settings(task_removal_seconds=60))
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    accept(c, task)
    end(c, task, "completed")
    c.events()
    c.run_to(60)
    assert (len(c.ws.tables.tasks), len(c.ws.tables.reservations), types(c)) == (0, 0, [])
    assert c.ws.next_due() is None


# -- 17


def test_17_a_task_completes_with_its_last_open_reservation():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.worker("Alice")
    task = c.task()
    accept(c, task)
    answer(c, latest(c, task), "wrapping")
    assert task.status == "wrapping"
    answer(c, latest(c, task), "completed")
    assert (task.status, task.reason) == ("completed", "All reservations were completed")


# -- 18: downtime


def test_18_reservation_timers_stand_still_and_ages_run_on():
    c = Centre()
    ladder(c, target(c.queue("Q")), task_reservation_timeout=60)
    alice = c.worker("Alice")
    task = c.task()
    c.run_to(10)
    restart(c, 110)
    task = c.ws.task(task.sid)
    assert (task.status, age(c, latest(c, task).deadline)) == ("reserved", 160)
    c.run_to(159)
    assert statuses(c, task) == ["pending"]
    c.run_to(160)
    assert (statuses(c, task), c.ws.worker(alice.sid).activity_sid) == (["timeout"], c.offline)


def test_18_no_reservation_times_out_within_the_grace():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q")), task_reservation_timeout=10)
    c.worker("Alice"), c.worker("Bob")
    old = c.task().sid
    c.run_to(9)
    restart(c, 100)
    young = c.task(workflow_sid=workflow.sid)
    c.run_to(129)
    assert [c.ws.task(old).status, young.status] == ["reserved", "reserved"]
    c.run_to(130)
    assert [latest(c, c.ws.task(old)).status, latest(c, young).status] == ["timeout", "timeout"]


def test_18_other_overdue_deadlines_fire_once_in_order_at_the_present():
    c = Centre()
    ladder(c, *(target(c.queue(f"Q{n}"), 10) for n in (1, 2, 3)))
    slow = c.task()
    c.run_to(5)
    short = c.task(timeout=20)
    c.events()
    restart(c, 100)
    assert [c.ws.task(each.sid).status for each in (slow, short)] == ["canceled", "canceled"]
    ended = [(second, event) for second, event in c.events() if event.type == "task.canceled"]
    assert [(second, event.resource_sid, event.data["reason"]) for second, event in ended] == [
        (100, short.sid, "Task TTL Exceeded"),
        (100, slow.sid, "Task canceled on Workflow timeout"),
    ]
    assert c.ws.next_due() == BIRTH + 400 * SECOND


def test_18_a_restart_of_a_workspace_that_was_not_down_changes_nothing():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    c.ws.begin(BIRTH, c.ws.origin)
    c.ws.resume(None)
    assert c.ws.take() == []


def test_18_replay_and_restore_lead_to_the_same_tables_and_timers():
    c = Centre()
    workflow = ladder(c, target(c.queue("Q", max_reserved_workers=2), 50), task_reservation_timeout=40)
    c.worker("Alice"), c.worker("Bob")
    first = c.task()
    answer(c, c.reservations(first)[0], "rejected")
    second = c.task(workflow_sid=workflow.sid)
    answer(c, c.reservations(first)[1], "accepted")
    c.at(5, tasks.update, second.sid, attributes='{"a":1}')
    end(c, first, "wrapping")
    replayed = WorkspaceEngine(STREAM, c.settings, c.ids)
    for seq, entry in enumerate(c.entries, 1):
        replayed.replay(seq, entry)
    replayed.ready()
    assert replayed.snapshot() == c.ws.snapshot()
    assert (replayed.next_due(), len(replayed.timers)) == (c.ws.next_due(), len(c.ws.timers))
    assert replayed.settle(64) and replayed.take() == []


# -- 20 and the order of queues


@pytest.mark.parametrize("order", ["FIFO", "LIFO"])
def test_20_lifo_queues_ignore_priority_and_the_workspace_says_which_kind_goes_first(order):
    c = Centre(prioritize_queue_order=order)
    fifo = ladder(c, target(c.queue("First")))
    lifo = ladder(c, target(c.queue("Last", task_order="LIFO")))
    waiting = {
        "F1": c.task(workflow_sid=fifo.sid),
        "L1": c.task(workflow_sid=lifo.sid, priority=100),
        "F2": c.task(workflow_sid=fifo.sid, priority=1),
        "L2": c.task(workflow_sid=lifo.sid),
    }
    c.worker("Alice")
    served = []
    for _ in waiting:
        name, task = next((name, task) for name, task in waiting.items() if task.status == "reserved")
        served.append(name)
        accept(c, task)
        end(c, task, "completed")
    assert served == (["F2", "F1", "L2", "L1"] if order == "FIFO" else ["L2", "L1", "F2", "F1"])


def test_the_order_of_queues_can_be_changed_while_tasks_wait():
    c = Centre()
    fifo = ladder(c, target(c.queue("First")))
    lifo = ladder(c, target(c.queue("Last", task_order="LIFO")))
    first, last = c.task(workflow_sid=fifo.sid), c.task(workflow_sid=lifo.sid)
    c.do(workspace_commands.update, prioritize_queue_order="LIFO")
    c.worker("Alice")
    assert (first.status, last.status) == ("pending", "reserved")


# -- versions of a workflow


def test_tasks_keep_their_version_and_an_unfollowed_one_is_forgotten():
    c = Centre()
    q1, q2, q3 = (c.queue(f"Q{n}") for n in (1, 2, 3))
    workflow = ladder(c, target(q1, 10), target(q2))
    task = c.task()
    c.do(
        workflows.update,
        workflow.sid,
        configuration=configuration([{"expression": "1==1", "targets": [target(q3)]}]),
    )
    assert sorted(workflow.versions) == [1, 2]
    assert "refers to it" in refused(c, task_queues.delete, q2.sid).message
    c.run_to(10)
    assert task.task_queue_sid == q2.sid  # a later target of the old version
    assert c.task().task_queue_sid == q3.sid
    end(c, task, "canceled")
    assert sorted(workflow.versions) == [2]
    c.do(task_queues.delete, q2.sid)
    c.do(task_queues.delete, q1.sid)


def test_a_version_that_nobody_followed_is_forgotten_at_once():
    c = Centre()
    queue = c.queue("Q")
    workflow = ladder(c, target(queue))
    for _ in range(3):
        c.do(workflows.update, workflow.sid, configuration=workflow.versions[workflow.current].configuration)
    assert sorted(workflow.versions) == [4]


def test_re_evaluating_takes_pending_tasks_to_the_new_version_at_their_age():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2", "1==0")
    workflow = ladder(c, target(q1, 100))
    pending, gone = c.task(), c.task()
    end(c, gone, "canceled")
    c.events()
    new = configuration([{"expression": "1==1", "targets": [target(q2, 100)]}])
    c.at(30, workflows.update, workflow.sid, configuration=new, re_evaluate_tasks=True)
    assert (pending.task_queue_sid, pending.workflow_version, age(c, pending.deadline)) == (q2.sid, 2, 130)
    assert types(c) == [
        "workflow.updated",
        "workflow.entered",
        "task-queue.moved",
        "task-queue.entered",
        "workflow.target-matched",
    ]


def test_re_evaluating_reaches_a_reserved_task_when_its_set_fails():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2", "1==0")
    workflow = ladder(c, target(q1))
    c.worker("Alice")
    task = c.task()
    new = configuration([{"expression": "1==1", "targets": [target(q2)]}])
    c.do(workflows.update, workflow.sid, configuration=new, re_evaluate_tasks=True)
    assert (task.status, task.workflow_version, sorted(workflow.versions)) == ("reserved", 1, [1, 2])
    reject(c, task)
    assert (task.task_queue_sid, task.workflow_version, sorted(workflow.versions)) == (q2.sid, 2, [2])


def test_a_later_re_evaluation_reaches_tasks_of_all_older_versions():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    workflow = ladder(c, target(q1))
    task = c.task()
    new = configuration([{"expression": "1==1", "targets": [target(q2)]}])
    c.do(workflows.update, workflow.sid, configuration=new)
    assert task.task_queue_sid == q1.sid
    c.do(workflows.update, workflow.sid, re_evaluate_tasks=True)
    assert task.task_queue_sid == q2.sid


def test_re_evaluating_within_a_version_starts_over_except_in_the_same_filter():
    c = Centre()
    q1, q2 = c.queue("Q1"), c.queue("Q2")
    filters = [{"expression": "1==1", "targets": [target(q, 10)]} for q in (q1, q2)]
    workflow = c.workflow(filters)
    task = c.task()
    c.at(5, workflows.update, workflow.sid, re_evaluate_tasks=True)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q1.sid, 10)
    c.run_to(10)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q2.sid, 20)
    c.at(12, workflows.update, workflow.sid, re_evaluate_tasks=True)
    assert (task.task_queue_sid, age(c, task.deadline)) == (q1.sid, 22)


# -- between slices of settling


def test_a_second_failure_before_the_first_was_followed_up_is_one_step_forward():
    c = Centre()
    q1, q2, q3 = c.queue("Q1", "q==1"), c.queue("Q2", "q==2"), c.queue("Q3", "q==3")
    ladder(c, *(target(each, 10) for each in (q1, q2, q3)))
    c.worker("Alice", {"q": 1})
    task = c.task()
    reservations.update(c.ws, latest(c, task).sid, reservation_status="rejected")
    while len(task.reservations) == 1:
        c.ws.settle(1)
    reservations.update(c.ws, latest(c, task).sid, reservation_status="rejected")
    c.settle()
    assert (task.status, task.task_queue_sid) == ("pending", q2.sid)


def test_a_parked_timer_stays_parked_over_a_restart():
    c = Centre()
    ladder(c, target(c.queue("Q1"), 10), target(c.queue("Q2")))
    task = c.task()
    timer = c.ws.timers.first()
    assert (timer.kind, timer.sid) == ("step", task.sid)
    c.ws.park(timer, "it failed twice")
    c.settle()
    restart(c, 100)
    assert (c.ws.task(task.sid).target, c.ws.tables.parked) == (0, {("step", task.sid): None})
