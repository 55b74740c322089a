"""A centre in which every type of event was brought about."""

from pointsman.engine.workspace import (
    activities,
    task_channels,
    task_queues,
    tasks,
    worker_channels,
    workers,
    workflows,
    workspaces,
)

from .driver import Centre
from .scenario_driver import accept, answer, end, reject, target


def everything():
    """A centre in which every event type that has a cause was brought about."""
    c = Centre()
    break_sid = c.do(activities.create, friendly_name="Break").sid
    c.do(activities.update, break_sid, friendly_name="Pause")
    c.do(activities.delete, break_sid)
    c.do(task_channels.create, friendly_name="Fax", unique_name="fax")
    c.do(task_channels.update, "fax", friendly_name="Telefax")
    c.do(task_channels.delete, "fax")
    q1, q2, spare = c.queue("Q1", "q == 0", max_reserved_workers=2), c.queue("Q2", "1==0"), c.queue("Q3")
    c.do(task_queues.update, q1.sid, target_workers="q == 1")
    c.do(task_queues.delete, spare.sid)
    filters = [
        {"filter_friendly_name": "Skip", "expression": "skip == 1", "targets": [target(q2, skip_if="1==1")]},
        {"filter_friendly_name": "All", "expression": "skip != 1", "targets": [target(q1, 20), target(q2, 20)]},
    ]
    workflow = c.workflow(filters, task_reservation_timeout=5)
    c.do(workflows.update, workflow.sid, friendly_name="Renamed")
    c.do(workspaces.update, friendly_name="Renamed")
    alice, _ = c.worker("Alice", {"q": 1}), c.worker("Bob", {"q": 1})
    c.do(workers.update, alice.sid, attributes='{"q":1,"a":2}')
    c.do(worker_channels.update, alice.sid, "default", capacity=2, available=True)
    done = c.task({"n": 1})
    answer(c, c.reservations(done)[0], "accepted")
    c.do(tasks.update, done.sid, attributes='{"n":2}')
    end(c, done, "wrapping")
    answer(c, c.reservations(done)[0], "completed")
    refused_once = c.task()
    reject(c, refused_once)
    c.run_to(5)  # the other reservation times out: Bob goes Offline
    c.run_to(60)  # and so does every step
    assert refused_once.status == "canceled"
    c.worker("Carol", {"q": 1})
    c.do(tasks.delete, c.task().sid)
    end(c, c.task(), "canceled", reason="hangup")
    assert c.task({"skip": 1}).status == "canceled"
    left = c.task()
    accept(c, left)
    c.run_to(60 + 86_400)
    assert left.sid not in c.ws.tables.tasks
    c.do(workers.delete, alice.sid)
    c.do(workflows.delete, workflow.sid)
    c.do(workspaces.delete)
    return c
