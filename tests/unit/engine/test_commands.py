"""Commands: limits, refusals, what must not be deleted, and single-tasking workspaces. A refusal changes nothing."""

import json

import pytest

from pointsman.engine.workspace import (
    activities,
    reservations,
    task_channels,
    task_queues,
    tasks,
    worker_channels,
    workers,
    workflows,
    workspaces,
)

from .driver import BIRTH, SECOND, Centre, configuration
from .scenario_driver import accept, answer, end, ladder, latest, move, refused, reject, reserved_by, statuses, target

NOBODY = "f" * 32


class World(Centre):
    """Alice serves `assigned`, holds `reserved`; `pending` waits in a queue without workers; `done` is completed."""

    def __init__(self):
        super().__init__()
        self.lunch = self.do(activities.create, friendly_name="Lunch").sid
        self.spare = self.do(activities.create, friendly_name="Spare").sid
        self.q = self.queue("Q")
        self.empty = self.queue("Empty", "1==0", reservation_activity_sid=self.spare)
        self.wf = self.workflow([{"expression": "nobody == 1", "targets": [target(self.empty)]}], {"queue": self.q.sid})
        self.unused = ladder(self, target(self.q))
        self.alice = self.worker("Alice", capacity={"default": 2})
        self.bob = self.worker("Bob", available=False)
        self.done, self.assigned, self.reserved = (self.task(workflow_sid=self.wf.sid) for _ in range(3))
        for task in (self.done, self.assigned):
            accept(self, task)
        end(self, self.done, "completed")
        self.pending = self.task({"nobody": 1}, workflow_sid=self.wf.sid, task_channel="voice")
        states = [task.status for task in (self.done, self.assigned, self.reserved, self.pending)]
        assert states == ["completed", "assigned", "reserved", "pending"]


def routing(**changes):
    """A Configuration with one target that is changed."""
    return lambda c: configuration([{"expression": "1==1", "targets": [target(c.q) | changes]}])


def nested(levels):
    return '{"a":' * levels + "1" + "}" * levels


INVALID = {
    "an activity without a name": (activities.create, {"friendly_name": " "}, "FriendlyName"),
    "an activity's long name": (activities.create, {"friendly_name": "x" * 65}, "64"),
    "a unique name that is a sid": (
        task_channels.create,
        {"friendly_name": "x", "unique_name": "TC" + NOBODY},
        "must not look like a sid",
    ),
    "a callback URL of another kind": (workspaces.update, {"event_callback_url": "file:///etc/passwd"}, "http"),
    "a callback URL without host": (workspaces.update, {"event_callback_url": "http:///x"}, "http"),
    "no callback URL at all": (workspaces.update, {"event_callback_url": "not a url"}, "http"),
    "a callback URL with a port beyond all": (workspaces.update, {"event_callback_url": "http://h:99999/"}, "http"),
    "a taken unique name": (task_channels.create, {"friendly_name": "x", "unique_name": "voice"}, "already exists"),
    "a channel without unique name": (task_channels.create, {"friendly_name": "x", "unique_name": ""}, "UniqueName"),
    "a taken queue name": (task_queues.create, {"friendly_name": "Q"}, "already exists"),
    "a queue's long name": (task_queues.create, {"friendly_name": "x" * 256}, "255"),
    "TargetWorkers": (task_queues.create, {"friendly_name": "x", "target_workers": "level >"}, "TargetWorkers"),
    "MaxReservedWorkers 0": (task_queues.create, {"friendly_name": "x", "max_reserved_workers": 0}, "between 1 and 50"),
    "MaxReservedWorkers 51": (task_queues.create, {"friendly_name": "x", "max_reserved_workers": 51}, "1 and 50"),
    "TaskOrder": (task_queues.create, {"friendly_name": "x", "task_order": "fifo"}, "FIFO, LIFO"),
    "a queue's activity": (task_queues.create, {"friendly_name": "x", "assignment_activity_sid": "WA"}, "no Activity"),
    "a taken worker name": (workers.create, {"friendly_name": "aLICE"}, "same friendly name"),
    "a worker's activity": (workers.create, {"friendly_name": "x", "activity_sid": "WA"}, "no Activity"),
    "a worker's JSON": (workers.create, {"friendly_name": "x", "attributes": "{"}, "JSON"),
    "a worker's list": (workers.create, {"friendly_name": "x", "attributes": "[]"}, "JSON object"),
    "long attributes": (tasks.create, {"attributes": json.dumps({"a": "x" * 4089})}, "4096"),
    "deep attributes": (tasks.create, {"attributes": nested(65)}, "64 levels"),
    "very deep attributes": (tasks.create, {"attributes": nested(600)}, ""),
    "Timeout 0": (tasks.create, {"timeout": 0}, "Timeout"),
    "Timeout over two weeks": (tasks.create, {"timeout": 1_209_601}, "1209600"),
    "a negative Priority": (tasks.create, {"priority": -1}, "Priority"),
    "a large Priority": (tasks.create, {"priority": 2**31}, "2147483647"),
    "a start in the future": (tasks.create, {"virtual_start_time": BIRTH + SECOND}, "future"),
    "a start in 1899": (tasks.create, {"virtual_start_time": -2_208_988_801 * SECOND}, "1900"),
    "no workflow named of two": (tasks.create, {}, "WorkflowSid field is required"),
    "an unknown workflow": (tasks.create, {"workflow_sid": "WW" + NOBODY}, "no Workflow"),
    "an unknown worker": (tasks.create, {"routing_target": "WK" + NOBODY}, "RoutingTarget"),
    "an unknown queue": (tasks.create, {"routing_target": "WQ" + NOBODY}, "RoutingTarget"),
    "an odd target": (tasks.create, {"routing_target": "Alice"}, "RoutingTarget"),
    "a workspace without name": (workspaces.update, {"friendly_name": ""}, "FriendlyName"),
    "an unknown default": (workspaces.update, {"default_activity_sid": "WA" + NOBODY}, "DefaultActivitySid"),
    "an unknown timeout": (workspaces.update, {"timeout_activity_sid": ""}, "TimeoutActivitySid"),
    "an order": (workspaces.update, {"prioritize_queue_order": "BEST"}, "FIFO, LIFO"),
    "a long URL": (workspaces.update, {"event_callback_url": "http://" + "x" * 2042}, "2048"),
    "a way back": (workspaces.update, {"multi_task_enabled": False}, "single-tasking"),
    "a long events filter": (workspaces.update, {"events_filter": "x" * 4097}, "4096"),
}


@pytest.mark.parametrize("name", INVALID)
def test_invalid_values_are_refused(name):
    command, values, words = INVALID[name]
    refusal = refused(World(), command, **values)
    assert (refusal.status, refusal.code) == (400, 20001)
    assert words in refusal.message


CONFIGURATIONS = {
    "no JSON": (lambda c: "{", "not valid JSON"),
    "no object": (lambda c: "[]", "must be an object"),
    "nothing": (lambda c: '{"task_routing":{}}', "needs filters"),
    "no targets": (lambda c: configuration([{"expression": "1==1", "targets": []}]), "filters[0].targets"),
    "no expression": (lambda c: configuration([{"targets": [target(c.q)]}]), "filters[0].expression"),
    "no queue": (lambda c: configuration([{"expression": "1==1", "targets": [{}]}]), "queue"),
    "an unknown queue": (routing(queue="WQ" + NOBODY), "no TaskQueue"),
    "timeout 0": (routing(timeout=0), "targets[0].timeout"),
    "timeout true": (routing(timeout=True), "targets[0].timeout"),
    "a negative priority": (routing(priority=-1), "targets[0].priority"),
    "a worded priority": (routing(priority="high"), "targets[0].priority"),
    "an expression": (routing(expression="worker.a >"), "targets[0].expression"),
    "a numeric expression": (routing(expression=1), "must be a string"),
    "a skip_if": (routing(skip_if="workers.available"), "targets[0].skip_if"),
    "an order_by": (routing(order_by="worker.a SIDEWAYS"), "targets[0].order_by"),
    "two known workers": (routing(known_worker_sid="task.a", known_worker_friendly_name="task.b"), "not both"),
    "too large": (lambda c: " " * 1_038_577, "1038576 bytes"),
}


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_invalid_configurations_are_refused(name):
    make, words = CONFIGURATIONS[name]
    c = World()
    refusal = refused(c, workflows.create, friendly_name="x", configuration=make(c))
    assert (refusal.status, refusal.code) == (400, 20001)
    assert words in refusal.message
    refused(c, workflows.update, c.wf.sid, configuration=make(c), friendly_name="y")


@pytest.mark.parametrize(
    "values",
    [
        {"friendly_name": ""},
        {"task_reservation_timeout": 0},
        {"task_reservation_timeout": 86_401},
        {"assignment_callback_url": "x" * 2049},
        {"fallback_assignment_callback_url": "x" * 2049},
    ],
)
def test_invalid_workflow_settings_are_refused(values):
    c = World()
    assert refused(c, workflows.update, c.wf.sid, **values).code == 20001


CHANGES = {
    "a pending task's completion": (lambda c: (tasks.update, c.pending.sid, {"assignment_status": "completed"}), 400),
    "a reserved task's completion": (lambda c: (tasks.update, c.reserved.sid, {"assignment_status": "completed"}), 400),
    "a pending task's wrap-up": (lambda c: (tasks.update, c.pending.sid, {"assignment_status": "wrapping"}), 400),
    "an assigned task's cancel": (lambda c: (tasks.update, c.assigned.sid, {"assignment_status": "canceled"}), 400),
    "a completed task's cancel": (lambda c: (tasks.update, c.done.sid, {"assignment_status": "canceled"}), 400),
    "a completed task's completion": (lambda c: (tasks.update, c.done.sid, {"assignment_status": "completed"}), 400),
    "a status by the API": (lambda c: (tasks.update, c.pending.sid, {"assignment_status": "reserved"}), 400),
    "a task's new channel": (lambda c: (tasks.update, c.reserved.sid, {"task_channel": "chat"}), 400),
    "an unknown channel": (lambda c: (tasks.update, c.pending.sid, {"task_channel": "fax"}), 400),
    "a long reason": (lambda c: (tasks.update, c.pending.sid, {"reason": "x" * 4097}), 400),
    "attributes": (lambda c: (tasks.update, c.pending.sid, {"attributes": "null"}), 400),
    "a task's If-Match": (lambda c: (tasks.update, c.pending.sid, {"if_match": 99}), 412),
    "a deletion's If-Match": (lambda c: (tasks.delete, c.pending.sid, {"if_match": 99}), 412),
    "a worker's If-Match": (lambda c: (workers.update, c.alice.sid, {"if_match": 99}), 412),
    "a worker's deletion's If-Match": (lambda c: (workers.delete, c.bob.sid, {"if_match": 99}), 412),
    "a taken name": (lambda c: (workers.update, c.bob.sid, {"friendly_name": "ALICE"}), 400),
    "an unknown activity": (lambda c: (workers.update, c.bob.sid, {"activity_sid": "WA" + NOBODY}), 400),
    "a late mistake": (lambda c: (workers.update, c.alice.sid, {"attributes": "{}", "activity_sid": c.offline}), 400),
    "an unknown task": (lambda c: (tasks.update, "WT" + NOBODY, {}), 404),
    "an unknown worker": (lambda c: (workers.update, "WK" + NOBODY, {}), 404),
    "an unknown queue": (lambda c: (task_queues.update, "WQ" + NOBODY, {}), 404),
    "an unknown workflow": (lambda c: (workflows.update, "WW" + NOBODY, {}), 404),
    "an unknown activity's name": (lambda c: (activities.update, "WA" + NOBODY, {}), 404),
    "an unknown task channel": (lambda c: (task_channels.update, "fax", {}), 404),
    "an unknown reservation": (lambda c: (reservations.update, "WR" + NOBODY, {}), 404),
    "a queue's taken name": (lambda c: (task_queues.update, c.q.sid, {"friendly_name": "Empty"}), 400),
    "a queue's expression": (lambda c: (task_queues.update, c.q.sid, {"target_workers": "(a == 1"}), 400),
}


@pytest.mark.parametrize("name", CHANGES)
def test_illegal_changes_are_refused(name):
    make, status = CHANGES[name]
    c = World()
    command, sid, values = make(c)
    assert refused(c, command, sid, **values).status == status


@pytest.mark.parametrize(("channel", "values", "status"), [
    ("default", {"capacity": -1}, 400),
    ("default", {"capacity": 2**31}, 400),
    ("fax", {"capacity": 1}, 404),
])  # fmt: skip
def test_illegal_changes_of_a_worker_s_channel_are_refused(channel, values, status):
    c = World()
    assert refused(c, worker_channels.update, c.alice.sid, channel, **values).status == status


HELD = {
    "the default activity": (lambda c: (activities.delete, c.offline), "default or timeout Activity"),
    "a worker's activity": (lambda c: (activities.delete, c.available), "is in it"),
    "a queue's activity": (lambda c: (activities.delete, c.spare), "uses it"),
    "a queue that a filter names": (lambda c: (task_queues.delete, c.empty.sid), "refers to it"),
    "a queue that a default_filter names": (lambda c: (task_queues.delete, c.q.sid), "refers to it"),
    "a workflow with waiting tasks": (lambda c: (workflows.delete, c.wf.sid), "in it"),
    "a channel in use": (lambda c: (task_channels.delete, "voice"), "is on it"),
    "the default channel": (lambda c: (task_channels.delete, "default"), "default channel"),
    "a worker with open reservations": (lambda c: (workers.delete, c.alice.sid), "2 open reservations"),
}


@pytest.mark.parametrize("name", HELD)
def test_19_what_is_in_use_is_not_deleted(name):
    make, words = HELD[name]
    c = World()
    refusal = refused(c, make(c)[0], make(c)[1])
    assert (refusal.status, refusal.code) == (400, 20001)
    assert words in refusal.message


def test_19_what_is_not_in_use_is_deleted():
    c = World()
    free = c.queue("Free", reservation_activity_sid=None)
    for command, sid in (
        (task_queues.delete, free.sid),
        (activities.delete, c.lunch),
        (workflows.delete, c.unused.sid),
        (task_channels.delete, "chat"),
        (workers.delete, c.bob.sid),
        (tasks.delete, c.done.sid),
    ):
        c.do(command, sid)
    assert free.sid not in c.ws.tables.task_queues and c.lunch not in c.ws.tables.activities
    assert c.worker("Bob").friendly_name == "Bob"  # the name is free again


def test_19_a_workflow_without_waiting_tasks_goes_while_its_tasks_are_served():
    c = World()
    end(c, c.pending, "canceled")
    end(c, c.reserved, "canceled")
    c.do(workflows.delete, c.wf.sid)
    end(c, c.assigned, "wrapping")
    end(c, c.assigned, "completed")
    c.run_to(1000)
    assert len(c.ws.tables.tasks) == 0


def test_19_a_queue_that_an_unfinished_task_stands_in_is_not_deleted():
    c = Centre()
    q, d = c.queue("Q"), c.queue("D")
    ladder(c, target(q))
    task = c.task(routing_target=d.sid)
    assert task.sid in refused(c, task_queues.delete, d.sid).message
    end(c, task, "canceled")
    c.do(task_queues.delete, d.sid)


def test_19_a_workspace_is_deleted_with_all_that_is_in_it():
    c = World()
    c.do(workspaces.delete)
    assert (c.ws.next_due(), c.ws.listing().deleted, len(c.ws.tables.tasks)) == (None, True, 0)
    for command, args in ((workers.update, (c.alice.sid,)), (workspaces.update, ()), (tasks.create, ())):
        assert refused(c, command, *args).status == 404


def test_values_at_the_limits_are_taken():
    c = World()
    text = json.dumps({"a": "x" * 4087})
    assert len(text) == 4096
    c.do(tasks.update, c.pending.sid, attributes=text, priority=2**31 - 1, virtual_start_time=-2_208_988_800 * SECOND)
    c.task(workflow_sid=c.wf.sid, timeout=1_209_600)
    c.do(workers.update, c.bob.sid, attributes=nested(64), friendly_name="b" * 64)
    c.do(workflows.update, c.wf.sid, task_reservation_timeout=86_400)
    c.do(task_queues.update, c.q.sid, max_reserved_workers=50, friendly_name="q" * 255)
    c.do(worker_channels.update, c.bob.sid, "default", capacity=0)


def test_numbers_of_a_configuration_may_be_strings():
    c = Centre()
    queue = c.queue("Q")
    ladder(c, target(queue, "3600", priority="10"))
    task = c.task()
    assert (task.priority, task.deadline) == (10, BIRTH + 3600 * SECOND)


def test_defaults():
    c = Centre()
    ladder(c, target(c.queue("Q")))
    task = c.do(tasks.create)
    assert (task.attributes, task.timeout, task.priority) == ("{}", 86_400, 0)
    assert task.virtual_start_time == task.date_created
    assert c.ws.tables.task_channels[task.task_channel_sid].unique_name == "default"
    worker = c.do(workers.create, friendly_name="Alice")
    assert worker.activity_sid == c.offline
    assert {channel.configured_capacity for channel in worker.channels.values()} == {1}


def test_a_task_goes_to_the_only_workflow_and_without_any_it_is_refused():
    c = Centre()
    assert "WorkflowSid" in refused(c, tasks.create).message
    workflow = ladder(c, target(c.queue("Q")))
    assert c.task().workflow_sid == workflow.sid


def test_a_routing_target_may_be_a_queue_or_a_workflow():
    c = Centre()
    q, d = c.queue("Q"), c.queue("D")
    ladder(c, target(q))
    other = ladder(c, target(d), friendly_name="Other")
    assert c.task(routing_target=q.sid, workflow_sid=other.sid).task_queue_sid == q.sid
    assert c.task(routing_target=other.sid).task_queue_sid == d.sid


def test_the_template_gives_a_queue_and_a_workflow():
    c = Centre(template="FIFO")
    assert [queue.friendly_name for queue in c.ws.tables.task_queues] == ["Sample Queue"]
    c.worker("Alice")
    assert c.task().status == "reserved"


def test_a_new_workspace_has_the_five_documented_channels_and_every_worker_is_on_them():
    c = Centre()
    names = ["default", "voice", "chat", "sms", "video"]
    assert [channel.unique_name for channel in c.ws.tables.task_channels] == names
    alice = c.worker("Alice")
    assert [c.ws.worker_channel(alice, name).configured_capacity for name in names] == [1] * 5


def test_a_new_channel_is_every_worker_s():
    c = World()
    c.do(task_channels.create, friendly_name="Fax", unique_name="fax")
    task = c.task(workflow_sid=c.wf.sid, task_channel="fax")
    assert (task.status, c.ws.worker_channel(c.bob, "fax").configured_capacity) == ("reserved", 1)


def test_a_queue_s_new_expression_changes_who_is_in_it():
    c = World()
    c.do(task_queues.update, c.empty.sid, target_workers="1==1")
    assert c.pending.status == "reserved"


def test_status_wrapping_or_completed_leaves_the_other_fields_alone():
    c = World()
    end(c, c.assigned, "wrapping", attributes='{"a":1}', priority=5)
    assert (c.assigned.status, c.assigned.attributes, c.assigned.priority) == ("wrapping", "{}", 0)


# -- single-tasking: the older kind of workspace


class SingleTasking(Centre):
    def __init__(self, most=1):
        super().__init__(multi_task_enabled=False)
        self.wf = ladder(self, target(self.queue("Q", max_reserved_workers=most)), task_reservation_timeout=10)

    def activity_of(self, worker):
        return self.ws.activity(worker.activity_sid).friendly_name


def test_single_tasking_reserves_and_assigns_with_the_queue_s_activities():
    c = SingleTasking()
    alice = c.worker("Alice", capacity={"default": 5, "voice": 5})
    task, other = c.task(), c.task(task_channel="voice")
    assert (c.activity_of(alice), task.status, other.status) == ("Reserved", "reserved", "pending")
    assert latest(c, task).worker_previous_activity_sid == c.available
    accept(c, task)
    assert c.activity_of(alice) == "Busy"
    end(c, task, "completed")
    assert (c.activity_of(alice), other.status) == ("Busy", "pending")
    move(c, alice, c.available)
    assert (c.activity_of(alice), other.status) == ("Reserved", "reserved")


def test_single_tasking_goes_back_to_the_activity_before_unless_it_timed_out():
    c = SingleTasking(most=3)
    alice, bob, carol = (c.worker(name) for name in ("Alice", "Bob", "Carol"))
    task = c.task()
    answer(c, c.reservations(task)[0], "rejected")
    assert [c.activity_of(each) for each in (alice, bob, carol)] == ["Idle", "Reserved", "Reserved"]
    answer(c, c.reservations(task)[1], "accepted")
    assert [c.activity_of(each) for each in (alice, bob, carol)] == ["Idle", "Busy", "Idle"]
    other = c.task()
    assert reserved_by(c, other) == ["Alice", "Carol"]
    end(c, other, "canceled")
    assert (c.activity_of(alice), c.activity_of(carol)) == ("Idle", "Idle")
    c.task()
    c.run_to(10)
    assert (c.activity_of(alice), c.activity_of(carol)) == ("Offline", "Offline")


def test_single_tasking_rejects_into_the_given_activity():
    c = SingleTasking()
    alice, task = c.worker("Alice"), c.task()
    reject(c, task, worker_activity_sid=c.activities["Offline"])
    assert (c.activity_of(alice), statuses(c, task)) == ("Offline", ["rejected"])


def test_single_tasking_becomes_multitasking_for_good():
    c = SingleTasking()
    c.worker("Alice", capacity={"default": 2})
    accept(c, c.task())
    c.do(workspaces.update, multi_task_enabled=True)
    assert "single-tasking" in refused(c, workspaces.update, multi_task_enabled=False).message
    move(c, c.ws.worker(c.ws.worker_names["alice"]), c.available)
    assert c.task().status == "reserved"
