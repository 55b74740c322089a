"""Random centres and what happens in them: every kind of term, order, limit and command that matching depends on."""

import json
from dataclasses import dataclass, field

from hypothesis import strategies as st

from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import (
    activities,
    alerts,
    assignments,
    presence,
    reservations,
    task_channels,
    task_queues,
    tasks,
    worker_channels,
    workers,
    workflows,
    workspaces,
)
from pointsman.settings import Settings

from .driver import BIRTH, SECOND, Centre, configuration

QUEUES, KINDS, NAMES = 3, 3, 6
CHANNELS = ("chat", "chat", "chat", "voice", "default")
CLOCKED_QUEUES = ("taskrouter.currentMin < 48", "taskrouter.currentMin >= 48 OR team == 'a'")
CLOCKED_TARGET = "taskrouter.currentMin >= 48 OR worker.team == 'a'"
TARGET_WORKERS = (
    "1==1",
    "1==1",
    "1==1",
    "level != 3",
    "team == 'a'",
    "skills HAS 'x' OR level >= 2",
    "level > 0 AND level <= '2'",
    "channel.chat.assigned_tasks < 1",
    "channel.voice.available_capacity_percentage < 100 OR team == 'a'",
    "activity_name != 'Pause'",
    "",
)
EXPRESSIONS = (
    None,
    None,
    None,
    None,
    "worker.team == 'a'",
    "task.team == worker.team",
    "worker.skills HAS task.skill",
    "task.skill IN worker.skills AND worker.level >= 1",
    "worker.level IN task.levels",
    "worker.level >= task.level",
    "worker.team == task.team AND worker.level >= task.level",
    "worker.friendly_name NOT IN task.tried",
    "worker.skills HAS task.skill AND worker.friendly_name NOT IN task.tried",
    "worker.channel.chat.assigned_tasks == 0",
    "worker.channel.voice.available_capacity_percentage < 100 OR worker.team == task.team",
    "worker.team == task.team AND worker.channel.default.available_capacity_percentage >= task.level",
    "worker.activity_name != 'Pause' AND worker.level IN task.levels",
    "worker.level == 1 OR task.team == worker.team",
)
ORDERS = (
    None,
    "worker.level DESC",
    "worker.level ASC, worker.rank DESC",
    "worker.channel.chat.assigned_tasks ASC",
    "worker.channel.chat.available_capacity_percentage DESC, worker.level",
)
OUTCOMES = ("accept", "reject", "manual", "invalid", "failed", "cancel", "cancel")
KNOWN = ({}, {}, {}, {}, {}, {}, {}, {"known_worker_sid": "task.agent"}, {"known_worker_friendly_name": "task.name"})

_some = st.sampled_from
_index = st.integers(0, 40)
_names = _some([f"W{number}" for number in range(NAMES)])
worker_attributes = st.fixed_dictionaries(
    {"level": _some([0, 1, 2, 3, 1, 2, "2", 1.5, True, None]), "team": _some(["a", "b"]), "rank": st.integers(0, 2)},
    optional={"skills": st.lists(_some(["x", "y", 1, True, None]), max_size=3)},
)
task_attributes = st.fixed_dictionaries(
    {"kind": st.integers(0, KINDS), "team": _some(["a", "b"]), "level": _some([0, 1, 1, 2, "1", 50, None])},
    optional={
        "skill": _some(["x", "y", 1, True, None]),
        "levels": st.lists(_some([0, 1, 1.0, 2, "2", True]), max_size=3),
        "tried": st.lists(_names, max_size=2),
        "name": _names,
        "agent": _index,
    },
)
targets = st.builds(
    lambda queue, expression, order, known: (
        {"queue": queue}
        | ({} if expression is None else {"expression": expression})
        | ({} if order is None else {"order_by": order})
        | known
    ),
    st.integers(0, QUEUES - 1),
    _some(EXPRESSIONS),
    _some(ORDERS),
    _some(KNOWN),
)
workflows_drawn = st.tuples(st.lists(targets, min_size=KINDS, max_size=KINDS), targets)
queues = st.fixed_dictionaries(
    {
        "target_workers": _some(TARGET_WORKERS),
        "max_reserved_workers": _some([1, 1, 2, 3]),
        "task_order": _some(["FIFO", "FIFO", "LIFO"]),
    }
)


MOVES = {  # how often, and with what
    "create_task": (10, task_attributes, _some(CHANNELS), st.integers(0, 2), st.none() | st.integers(0, 9)),
    "answer": (16, _index, st.booleans(), _some(["wrapping", "completed", "completed"])),
    "direct_task": (2, _index, _some([None, True, False]), _some(CHANNELS)),
    "set_activity": (5, _index, _some([0, 1, 2, 2, 2]), st.booleans()),
    "set_channel": (4, _index, _some(CHANNELS), _some([None, 0, 1, 2, 2, 3]), _some([None, True, True, False])),
    "set_attributes": (3, _index, worker_attributes),
    "change_task": (3, _index, task_attributes),
    "reorder_task": (2, _index, st.none() | st.integers(0, 3), st.none() | st.integers(0, 9)),
    "end_task": (2, _index, _some(["canceled", "completed", "deleted"])),
    "change_queue": (3, _index, queues, _some(["target_workers", "max_reserved_workers", "task_order"])),
    "change_workflow": (2, workflows_drawn, st.booleans()),
    "wait": (5, _some([0.3, 1, 5, 31, 61, 400])),
    "optimize_channel": (2, _some(CHANNELS), st.booleans()),
    "prioritize": (1, _some(["FIFO", "LIFO"])),
    "rename_activity": (1, _some(["Pause", "Ready"])),
    "add_worker": (1, worker_attributes),
    "remove_worker": (1, _index),
    "multitask": (1,),
    "connect": (2, _index, _some([None, None, 0, 1, 2]), st.booleans()),
    "disconnect": (2, _index),
    "call_back": (3, _index, _some(OUTCOMES), _some([None, 0, 1, 2, 9])),
    "complain": (1, st.integers(0, 2)),
}
moves = _some([name for name, (weight, *_) in MOVES.items() for _ in range(weight)]).flatmap(
    lambda name: st.tuples(st.just(name), *MOVES[name][1:])
)
histories = st.lists(moves, min_size=40, max_size=60)


@dataclass
class Setup:
    settings: Settings
    multitasking: bool
    timeout: int
    queues: list
    workflow: tuple
    workers: list
    clocked: str


setups = st.builds(
    Setup,
    st.builds(
        Settings,
        on_reservation_failure=st.just("stay"),
        idle_since=_some(["reserved", "released"]),
        reoffer_backoff_seconds=_some([0, 4]),
    ),
    _some([True, True, True, False]),
    _some([20, 3600]),
    st.lists(queues, min_size=QUEUES, max_size=QUEUES),
    workflows_drawn,
    st.lists(st.tuples(worker_attributes, _some([True, True, False]), _some([1, 2, 3])), min_size=2, max_size=NAMES),
    _some(["", "", "queue", "target", "queue and target"]),
)


@dataclass
class Play:
    """Carries out moves. `step` runs a command before it is settled; it is where a test looks on."""

    centre: Centre
    queues: list = field(default_factory=list)
    workflow_sid: str = ""
    clocked: str = ""
    born: int = 0
    pause: float = 0
    """Seconds before each move."""

    def set_up(self, setup):
        centre, self.clocked = self.centre, setup.clocked
        for number, options in enumerate(setup.queues):
            first = number < 2 and "queue" in self.clocked
            options = options | ({"target_workers": CLOCKED_QUEUES[number]} if first else {})
            self.queues.append(centre.do(task_queues.create, friendly_name=f"Q{number}", **options))
        text = self.configuration(setup.workflow)
        workflow = centre.do(
            workflows.create, friendly_name="Main", configuration=text, task_reservation_timeout=setup.timeout
        )
        self.workflow_sid = workflow.sid
        for attributes, available, capacity in setup.workers:
            self.add_worker(attributes)
            worker = list(centre.ws.tables.workers)[-1]
            centre.do(worker_channels.update, worker.sid, "chat", capacity=capacity)
            if available:
                centre.do(workers.update, worker.sid, activity_sid=centre.available)

    def configuration(self, drawn):
        filters, default = drawn
        placed = [{**target, "queue": self.queues[target["queue"]].sid} for target in (*filters, default)]
        if "target" in self.clocked:
            placed[0]["expression"] = CLOCKED_TARGET
        rows = [{"expression": f"kind == {kind}", "targets": [target]} for kind, target in enumerate(placed[:-1])]
        return configuration(rows, placed[-1])

    def perform(self, drawn):
        """One move at the present; what the engine refuses is left undone."""
        self.centre.run_to(self.centre.now + self.pause)
        try:
            getattr(self, drawn[0])(*drawn[1:])
        except Refusal:
            self.centre.settle()

    def pick(self, rows, index):
        rows = list(rows)
        if not rows:
            raise Refusal("there is none")
        return rows[index % len(rows)].sid

    @property
    def tables(self):
        return self.centre.ws.tables

    def text(self, attributes):
        if "agent" in attributes and len(self.tables.workers):
            attributes = {**attributes, "agent": self.pick(self.tables.workers, attributes["agent"])}
        return json.dumps(attributes)

    def earlier(self, seconds):
        return None if seconds is None else BIRTH + round((self.centre.now - seconds) * SECOND)

    # -- the moves

    def create_task(self, attributes, channel, priority, earlier):
        self.centre.do(
            tasks.create,
            attributes=self.text(attributes),
            workflow_sid=self.workflow_sid,
            task_channel=channel,
            priority=priority,
            virtual_start_time=self.earlier(earlier),
        )

    def direct_task(self, index, ignore_capacity, channel):
        rows = [*self.tables.workers, *self.tables.task_queues]
        target = self.pick(rows, index)
        self.centre.do(
            tasks.create,
            routing_target=target,
            workflow_sid=self.workflow_sid,
            task_channel=channel,
            ignore_capacity=ignore_capacity,
        )

    def answer(self, index, accepts, next_status):
        """The next thing that happens to some open reservation."""
        states = ("pending", "accepted", "wrapping")
        sid = self.pick([row for row in self.tables.reservations if row.status in states], index)
        if self.tables.reservations[sid].status == "pending":
            next_status = "accepted" if accepts else "rejected"
        self.centre.do(reservations.update, sid, reservation_status=next_status)

    def set_activity(self, index, activity, reject):
        sid = self.pick(self.tables.activities, activity)
        reject = reject and not self.tables.activities[sid].available
        worker = self.pick(self.tables.workers, index)
        self.centre.do(workers.update, worker, activity_sid=sid, reject_pending_reservations=reject)

    def set_channel(self, index, channel, capacity, available):
        worker = self.pick(self.tables.workers, index)
        self.centre.do(worker_channels.update, worker, channel, capacity=capacity, available=available)

    def set_attributes(self, index, attributes):
        self.centre.do(workers.update, self.pick(self.tables.workers, index), attributes=json.dumps(attributes))

    def change_task(self, index, attributes):
        self.centre.do(tasks.update, self.pick(self.tables.tasks, index), attributes=self.text(attributes))

    def reorder_task(self, index, priority, earlier):
        sid = self.pick([row for row in self.tables.tasks if row.status == "pending"], index)
        self.centre.do(tasks.update, sid, priority=priority, virtual_start_time=self.earlier(earlier))

    def end_task(self, index, how):
        sid = self.pick(self.tables.tasks, index)
        if how == "deleted":
            self.centre.do(tasks.delete, sid)
        else:
            self.centre.do(tasks.update, sid, assignment_status=how)

    def change_queue(self, index, options, name):
        queue = self.pick(self.tables.task_queues, index)
        if name == "target_workers" and "queue" in self.clocked and queue in (self.queues[0].sid, self.queues[1].sid):
            name = "task_order"
        self.centre.do(task_queues.update, queue, **{name: options[name]})

    def change_workflow(self, drawn, re_evaluate):
        text = self.configuration(drawn)
        self.centre.do(workflows.update, self.workflow_sid, configuration=text, re_evaluate_tasks=re_evaluate)

    def wait(self, seconds):
        self.centre.run_to(self.centre.now + seconds)

    def optimize_channel(self, channel, optimized):
        self.centre.do(task_channels.update, channel, channel_optimized_routing=optimized)

    def prioritize(self, order):
        self.centre.do(workspaces.update, prioritize_queue_order=order)

    def rename_activity(self, name):
        self.centre.do(activities.update, self.centre.available, friendly_name=name)

    def add_worker(self, attributes):
        self.born += 1
        name = f"W{self.born - 1}"
        self.centre.do(workers.create, friendly_name=name, attributes=json.dumps(attributes))

    def remove_worker(self, index):
        self.centre.do(workers.delete, self.pick(self.tables.workers, index))

    def multitask(self):
        self.centre.do(workspaces.update, multi_task_enabled=True)

    def connect(self, index, activity, offline):
        sid = None if activity is None else self.pick(self.tables.activities, activity)
        worker = self.pick(self.tables.workers, index)
        self.centre.do(presence.connected, worker, offline=offline, disconnect_activity_sid=sid)

    def disconnect(self, index):
        self.centre.do(presence.disconnected, self.pick(self.tables.workers, index))

    def call_back(self, index, outcome, activity):
        """An assignment callback ends; some name an activity that there is not."""
        sid = self.pick([row for row in self.tables.reservations if row.status == "pending"], index)
        named = {None: None, 9: "WA" + "f" * 32}
        wanted = named[activity] if activity in named else self.pick(self.tables.activities, activity)
        complaints = (assignments.Complaint(11200, "refused", "http://sink"),) if outcome == "cancel" else ()
        self.centre.do(
            assignments.answer,
            sid,
            outcome,
            workflow_sid=self.workflow_sid,
            activity_sid=wanted if outcome == "reject" else None,
            complaints=complaints,
        )

    def complain(self, number):
        self.centre.do(alerts.raise_alert, 40005, f"cause {number}", workflow_sid=self.workflow_sid)
