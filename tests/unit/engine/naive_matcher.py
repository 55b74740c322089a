"""Who gets what, found by trying everyone: the matcher's rules told a second time, over plain tables, slowly.

At each turn the best waiting task that anybody can serve takes its best workers, until no task can be served
(routing.md 7 and 8, rulings 1b, 8, 9, 10 and 20).
"""

import json
import math
import time

from pointsman.expressions import Scope, compile_expression

SECOND = 1_000_000
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
DEFAULT, DIRECT = -1, -2


class NaiveMatcher:
    """Works on `tables`, a copy of its own, and changes it as it reserves."""

    def __init__(self, tables, now, idle_since="reserved", avoid=None):
        self.tables = tables
        self.now = now
        self.idle_since = idle_since
        self.avoid = avoid or {}
        """Workers who have just let a task go, by task."""
        self.held = [
            (one.worker_sid, one.task_channel_sid, one.status)
            for one in tables.reservations
            if one.status in ("pending", "accepted", "wrapping")
        ]
        self.documents = {}

    def run(self):
        """All that is reserved now: [(task sid, [worker sids, best first])], in the order of deciding."""
        made = []
        while (choice := self.next_choice()) is not None:
            task, chosen = choice
            self.reserve(task, chosen)
            made.append((task.sid, [worker.sid for worker in chosen]))
        return made

    def next_choice(self):
        waiting = [task for task in self.tables.tasks if task.status == "pending"]
        for task in sorted(waiting, key=self.task_order):
            fitting = [worker for worker in self.tables.workers if self.fits(worker, task)]
            if fitting:
                fitting.sort(key=lambda worker: self.worker_order(worker, task))
                queue = self.queue_of(task)
                return task, fitting[: queue.max_reserved_workers if queue else 1]
        return None

    def reserve(self, task, chosen):
        task.status = "reserved"
        for worker in chosen:
            self.held.append((worker.sid, task.task_channel_sid, "pending"))
            worker.last_reserved = worker.channels[task.task_channel_sid].last_reserved = self.now
            activity = self.tables.task_queues[task.task_queue_sid].reservation_activity_sid
            if not self.tables.workspace.multi_task_enabled and activity:
                worker.activity_sid, worker.date_status_changed = activity, self.now
        self.documents = {}

    # -- orders

    def task_order(self, task):
        queue = self.queue_of(task)
        lifo = queue is not None and queue.task_order == "LIFO"
        later_class = lifo != (self.tables.workspace.prioritize_queue_order == "LIFO")
        if lifo:
            return (later_class, 0, -task.virtual_start_time, -task.number)
        return (later_class, -task.priority, task.virtual_start_time, task.number)

    def worker_order(self, worker, task):
        by_channel = self.tables.task_channels[task.task_channel_sid].channel_optimized_routing
        record = worker.channels[task.task_channel_sid] if by_channel else worker
        idle = record.last_reserved if self.idle_since == "reserved" else record.last_released
        wanted = [
            sort_value(value_at(self.document(worker), path), descending)
            for path, descending in order_clauses(self.target_of(task).get("order_by", ""))
        ]
        avoided = worker.sid in self.avoid.get(task.sid, ())
        return (avoided, wanted, idle, worker.date_status_changed, worker.number)

    # -- fitting

    def fits(self, worker, task):
        failure = task.failures.get(worker.sid)
        if failure is not None and failure.until > self.now:
            return False
        if task.open_transfer and not self.is_transferee(worker, task):
            return False
        if self.is_for_one(task):
            return worker.sid == task.routing_target and (bool(task.ignore_capacity) or self.ready(worker, task))
        if not self.ready(worker, task) or not self.is_member(worker, self.queue_of(task)):
            return False
        return bool(task.open_transfer) or self.suits_target(worker, task)

    def is_transferee(self, worker, task):
        """Not somebody who holds the task, and in a warm transfer not who started it."""
        transfer = self.tables.transfers[task.open_transfer]
        held = [self.tables.reservations[sid] for sid in task.open_reservations]
        stays = transfer.mode == "WARM" and transfer.initiating_worker_sid == worker.sid
        return not stays and not any(one.worker_sid == worker.sid and one.status == "accepted" for one in held)

    def suits_target(self, worker, task):
        target, attributes, document = self.target_of(task), json.loads(task.attributes), self.document(worker)
        for key, field in (("known_worker_sid", "sid"), ("known_worker_friendly_name", "friendly_name")):
            if key in target:
                known = value_at(attributes, target[key].removeprefix("task."))
                if type(known) is not str or known != document[field]:
                    return False
        if "expression" not in target:
            return True
        return compile_expression(target["expression"], Scope.TARGET).matches(attributes, document, self.clock(), {})

    def is_member(self, worker, queue):
        if not queue.target_workers.strip():
            return False
        expression = compile_expression(queue.target_workers, Scope.WORKER)
        return expression.matches({}, self.document(worker), self.clock(), {})

    def ready(self, worker, task):
        channel = worker.channels.get(task.task_channel_sid)
        if not self.tables.activities[worker.activity_sid].available or channel is None or not channel.available:
            return False
        if not self.tables.workspace.multi_task_enabled:
            return not any(sid == worker.sid for sid, _, _ in self.held)
        return self.open(worker, task.task_channel_sid) < channel.configured_capacity

    def open(self, worker, channel_sid):
        return sum(sid == worker.sid and channel == channel_sid for sid, channel, _ in self.held)

    # -- documents

    def queue_of(self, task):
        """The queue whose order and number of workers hold for the task; a task for one worker is in none."""
        return None if self.is_for_one(task) else self.tables.task_queues[task.task_queue_sid]

    def is_for_one(self, task):
        return not task.open_transfer and task.filter == DIRECT and task.routing_target.startswith("WK")

    def target_of(self, task):
        if task.filter == DIRECT or task.open_transfer:
            return {}
        text = self.tables.workflows[task.workflow_sid].versions[task.workflow_version].configuration
        routing = json.loads(text)["task_routing"]
        return routing["default_filter"] if task.filter == DEFAULT else routing["filters"][task.filter]["targets"][0]

    def document(self, worker):
        if worker.sid not in self.documents:
            self.documents[worker.sid] = self._document(worker)
        return self.documents[worker.sid]

    def _document(self, worker):
        channels = {}
        for sid, channel in worker.channels.items():
            held, capacity = self.open(worker, sid), channel.configured_capacity
            channels[self.tables.task_channels[sid].unique_name] = {
                "configured_capacity": capacity,
                "assigned_tasks": self.held.count((worker.sid, sid, "accepted")),
                "available_capacity_percentage": max(0, (capacity - held) * 100 // capacity) if capacity else 0,
            }
        activity = self.tables.activities[worker.activity_sid]
        return json.loads(worker.attributes) | {
            "sid": worker.sid,
            "friendly_name": worker.friendly_name,
            "activity_sid": activity.sid,
            "activity_name": activity.friendly_name,
            "channel": channels,
        }

    def clock(self):
        at = time.gmtime(self.now // SECOND)
        return {
            "currentTime": at.tm_hour * 100 + at.tm_min,
            "currentHour": f"{at.tm_hour:02}",
            "currentMin": at.tm_min,
            "dayOfWeek": DAYS[at.tm_wday],
        }

    def counts(self, queue):
        """Members by availability and by activity."""
        counts = {"available": 0, "unavailable": 0} | {activity.sid: 0 for activity in self.tables.activities}
        for worker in self.tables.workers:
            if self.is_member(worker, queue):
                counts[worker.activity_sid] += 1
                available = self.tables.activities[worker.activity_sid].available
                counts["available" if available else "unavailable"] += 1
        return counts


def value_at(document, path):
    value = document
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    return value


def order_clauses(text):
    for clause in filter(None, text.split(",")):
        path, _, direction = clause.strip().partition(" ")
        yield path.removeprefix("worker."), direction == "DESC"


def sort_value(value, descending):
    if type(value) is not int:
        return math.inf
    return -value if descending else value
