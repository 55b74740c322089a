"""Position of a task and service level of a queue: Pointsman's own resources."""

from __future__ import annotations

from typing import Any

from .rest_live import Answer
from .served import Floor


def ask(floor: Floor, place: str) -> Answer:
    return floor.live.call("GET", f"/pointsman/v1/Workspaces/{floor.sid}/{place}")


def test_positions_of_waiting_tasks(floor: Floor) -> None:
    queue = floor.queue("Queue")
    workflow = floor.workflow(default=queue)
    tasks = [floor.task(workflow).fetch().sid for _ in range(3)]
    floor.advance(5)

    def place(task: str) -> tuple[Any, ...]:
        body = ask(floor, f"Tasks/{task}/Position").body
        return body["position"], body["tasks_waiting"], body["assignment_status"], body["age"]

    assert [place(task) for task in tasks] == [(number, 3, "pending", 5) for number in (1, 2, 3)]
    floor.worker("Ann", "Available")
    assert place(tasks[0]) == (None, None, "reserved", 5)
    assert place(tasks[2])[:2] == (2, 2)
    body = ask(floor, f"Tasks/{tasks[1]}/Position").body
    assert body["task_queue_sid"] == queue and body["age_in_queue"] == 5
    assert body["url"].endswith(f"/pointsman/v1/Workspaces/{floor.sid}/Tasks/{tasks[1]}/Position")
    assert ask(floor, f"Tasks/WT{'0' * 32}/Position").status == 404


def test_service_level(floor: Floor) -> None:
    """Accepted after 4 and 9 seconds, left after 2 and 11."""
    worker = floor.worker("Ann")
    floor.live.call("POST", f"{floor.path}/Workers/{worker}/Channels/default", {"Capacity": 9})
    queue = floor.queue("Queue")
    workflow = floor.workflow(default=queue)
    assert ask(floor, f"TaskQueues/{queue}/ServiceLevel").body["service_level"] is None
    first, second, early, late = (floor.task(workflow) for _ in range(4))
    floor.advance(2)
    early.update(assignment_status="canceled")
    floor.advance(2)
    floor.move(worker, "Available")
    accept(first)
    floor.advance(5)
    accept(second)
    floor.advance(2)
    late.update(assignment_status="canceled")
    body = ask(floor, f"TaskQueues/{queue}/ServiceLevel?Threshold=5").body
    assert body["service_level"] == 0.3333 and body["threshold"] == 5
    assert (body["tasks_accepted"], body["tasks_accepted_within_threshold"]) == (2, 1)
    assert (body["tasks_canceled"], body["tasks_canceled_within_threshold"]) == (2, 1)
    assert ask(floor, f"TaskQueues/{queue}/ServiceLevel?Threshold=10").body["service_level"] == 0.6667
    assert ask(floor, f"TaskQueues/{queue}/ServiceLevel").body["service_level"] == 1.0
    for query in ("Threshold=0", "Threshold=x", "Minutes=0"):
        assert ask(floor, f"TaskQueues/{queue}/ServiceLevel?{query}").status == 400
    assert ask(floor, f"TaskQueues/WQ{'0' * 32}/ServiceLevel").status == 404


def accept(task: Any) -> None:
    task.reservations(task.reservations.list()[0].sid).update(reservation_status="accepted")
