"""Statistics counted anew from the Events resource, in the plainest way: the audit compares.

Nothing here is shared with the server. An event is what the resource shows: its data are texts.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

Event = dict[str, Any]
Test = Callable[[dict[str, str]], bool]
OUTCOMES = ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")


def second(event: Event) -> int:
    whole: int = event["event_date_ms"] // 1000
    return whole


class Recount:
    """All events of a workspace, oldest first, and its resources by name."""

    def __init__(self, events: list[Event]) -> None:
        self.events = events
        self.entered: dict[str, int] = {}
        """By event: when its task came into the queue that the event names."""
        queues: dict[str, tuple[str | None, int]] = {}
        for each in events:
            task, queue = each["event_data"].get("task_sid"), each["event_data"].get("task_queue_sid")
            if task is not None:
                if task not in queues or queues[task][0] != queue:
                    queues[task] = (queue, each["event_date_ms"])
                self.entered[each["sid"]] = queues[task][1]

    def window(self, since: int, until: int, keep: Test) -> list[Event]:
        first, end = bisect_left(self.events, since, key=second), bisect_right(self.events, until, key=second)
        return [each for each in self.events[first:end] if keep(each["event_data"])]

    # -- cumulative

    def tasks(self, since: int, until: int, keep: Test, splits: list[int], own: dict[str, str]) -> dict[str, Any]:
        """What a workspace, workflow or queue has; `own` names the event types of the figures that only it has."""
        rows = self.window(since, until, keep)
        ends = [each["event_data"] for each in rows if each["event_type"] == "reservation.accepted"]
        accepted = [int(data["task_age"]) for data in ends if "task_transfer_sid" not in data]
        canceled = [int(each["event_data"]["task_age"]) for each in rows if each["event_type"] == "task.canceled"]
        return self.reservations(rows) | {
            "tasks_canceled": len(canceled),
            "tasks_completed": many(rows, "task.completed"),
            "tasks_deleted": many(rows, "task.deleted", "task.system-deleted"),
            "tasks_moved": many(rows, "task-queue.moved"),
            "avg_task_acceptance_time": half_up(sum(accepted), len(accepted)),
            "wait_duration_until_accepted": waits([int(data["task_age"]) for data in ends]),
            "wait_duration_until_canceled": waits(canceled),
            "split_by_wait_time": {
                str(split): {
                    "above": {
                        "tasks_canceled": sum(wait >= split for wait in canceled),
                        "reservations_accepted": sum(wait >= split for wait in accepted),
                    },
                    "below": {
                        "tasks_canceled": sum(wait < split for wait in canceled),
                        "reservations_accepted": sum(wait < split for wait in accepted),
                    },
                }
                for split in splits
            },
            **{name: many(rows, type) for name, type in own.items()},
        }

    def waited_in_queue(self, since: int, until: int, keep: Test) -> dict[str, int]:
        rows = self.window(since, until, keep)
        return waits([self.in_queue(each) for each in rows if each["event_type"] == "reservation.accepted"])

    def in_queue(self, event: Event) -> int:
        """Seconds that the event's task has been in its queue, to the millisecond."""
        return int(event["event_date_ms"] - self.entered[event["sid"]]) // 1000

    def reservations(self, rows: Iterable[Event]) -> dict[str, Any]:
        rows = list(rows)
        words = {"timed_out": "timeout"}
        return {f"reservations_{word}": many(rows, f"reservation.{words.get(word, word)}") for word in OUTCOMES}

    def durations(self, since: int, until: int, worker: str | None = None) -> dict[str, dict[str, int]]:
        """By activity: what each stay has of the window."""
        spent: dict[str, list[int]] = defaultdict(list)
        where: dict[str, tuple[str, int]] = {}

        def leave(sid: str, at: int) -> None:
            activity, came = where.pop(sid)
            seconds = min(at, until) - max(came, since)
            if seconds > 0 and worker in (None, sid):
                spent[activity].append(seconds)

        for each in self.events:
            sid, data = each["event_data"].get("worker_sid"), each["event_data"]
            if each["event_type"] in ("worker.activity.update", "worker.deleted"):
                leave(sid, second(each))
            if each["event_type"] in ("worker.created", "worker.activity.update"):
                where[sid] = (data["worker_activity_sid"], second(each))
        for sid in list(where):
            leave(sid, until)
        return {activity: waits(seconds) for activity, seconds in spent.items()}

    # -- real-time

    def standing(self, now_ms: int, keep: Test) -> dict[str, Any]:
        """How tasks stand: each as its last event says."""
        last: dict[str, dict[str, str]] = {}
        born: dict[str, int] = {}
        entered: dict[str, int] = {}
        for each in self.events:
            data, sid = each["event_data"], each["event_data"].get("task_sid")
            if sid is None:
                continue
            last[sid], entered[sid] = data, self.entered[each["sid"]]
            if each["event_type"] == "task.created":
                born[sid] = each["event_date_ms"]
            elif each["event_type"] in ("task.deleted", "task.system-deleted"):
                last[sid] = {**data, "task_assignment_status": "deleted"}
        statuses = dict.fromkeys(("pending", "reserved", "assigned", "wrapping"), 0)
        priorities: dict[str, int] = defaultdict(int)
        waiting = []
        for sid, data in last.items():
            status = data["task_assignment_status"]
            if status in statuses and keep(data):
                statuses[status] += 1
                priorities[data["task_priority"]] += 1
                if status in ("pending", "reserved"):
                    waiting.append(sid)
        by_age = {(now_ms - born[sid]) // 1000 for sid in waiting}
        by_entry = {(now_ms - entered[sid]) // 1000 for sid in waiting}
        return {
            "tasks_by_status": statuses,
            "tasks_by_priority": dict(priorities),
            "total_tasks": sum(statuses.values()),
            "longest_task_waiting_age": max(by_age, default=0),
            "longest_relative_task_age_in_queue": max(by_entry, default=0),
            "waiting": set(waiting),
        }

    def workers(self, team: str | None = None) -> dict[str, int]:
        """Workers by activity; the queues of the audit want a team."""
        where: dict[str, str] = {}
        for each in self.events:
            data = each["event_data"]
            if each["event_type"] == "worker.deleted":
                where.pop(data["worker_sid"], None)
            elif each["event_type"] in ("worker.created", "worker.activity.update"):
                where[data["worker_sid"]] = data["worker_activity_sid"]
                if team not in (None, json.loads(data["worker_attributes"])["team"]):
                    del where[data["worker_sid"]]
        counted: dict[str, int] = defaultdict(int)
        for activity in where.values():
            counted[activity] += 1
        return counted


def many(rows: Iterable[Event], *types: str) -> int:
    return sum(each["event_type"] in types for each in rows)


def half_up(total: int, times: int) -> int:
    return (2 * total + times) // (2 * times) if times else 0


def waits(seconds: list[int]) -> dict[str, int]:
    return {
        "avg": half_up(sum(seconds), len(seconds)),
        "min": min(seconds, default=0),
        "max": max(seconds, default=0),
        "total": sum(seconds),
    }
