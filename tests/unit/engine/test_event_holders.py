"""What sockets need of events: who holds a task, how one that goes away with its reservation reads, versions."""

import pytest

from pointsman.engine.workspace import tasks, worker_channels

from .driver import Centre
from .scenario_driver import accept, end, ladder, reject, target


def simple(c, **kw):
    ladder(c, target(c.queue("Q", **kw), 60), task_reservation_timeout=30)
    alice = c.worker("Alice")
    c.events()
    return alice


def data_of(c, type):
    return [event.data for _, event in c.events() if event.type == type]


def test_a_reservation_that_ends_with_its_task_shows_the_task_as_canceled():
    c = Centre()
    simple(c)
    end(c, c.task(), "canceled", reason="hangup")
    (data,) = data_of(c, "reservation.canceled")
    assert (data["task_assignment_status"], data["reason"], data["task_canceled_reason"]) == (
        "canceled",
        "hangup",
        "hangup",
    )


@pytest.mark.parametrize("status", ["canceled", "wrapping", "completed"])
def test_a_change_of_a_task_names_the_workers_who_hold_it_or_lost_it_by_this_very_change(status):
    c = Centre()
    alice = simple(c)
    task = c.task()
    if status != "canceled":
        accept(c, task)
    c.events()
    end(c, task, status)
    (data,) = data_of(c, f"task.{'wrapup' if status == 'wrapping' else status}")
    assert (data["task_worker_sids"], data["task_assignment_count"]) == (alice.sid, 1)


def test_all_workers_with_an_open_reservation_are_named_and_none_who_let_the_task_go():
    c = Centre()
    simple(c, max_reserved_workers=3)
    c.worker("Bea")
    c.worker("Cem")
    task = c.task()
    reject(c, task)
    c.events()
    c.do(tasks.update, task.sid, attributes='{"n":2}')
    (data,) = data_of(c, "task.updated")
    holders = [each.worker_sid for each in c.reservations(task) if each.status == "pending"]
    assert data["task_worker_sids"].split(",") == holders
    assert len(holders) == 2


def test_a_task_that_nobody_holds_names_nobody():
    c = Centre()
    simple(c)
    task = c.task()
    c.run_to(1)
    reject(c, task, worker_activity_sid=c.offline)
    c.run_to(2)
    end(c, task, "canceled")
    (data,) = data_of(c, "task.canceled")
    assert "task_worker_sids" not in data


def test_each_event_of_a_worker_s_channels_counts_the_worker_s_version_up_by_one():
    c = Centre()
    alice = simple(c)
    version = alice.version
    c.do(worker_channels.update, alice.sid, "default", capacity=5, available=False)
    told = [(event.type, event.data["worker_version"]) for _, event in c.events()]
    assert told == [("worker.capacity.update", version + 1), ("worker.channel.availability.update", version + 2)]
