"""A centre to play with: one workspace's engine, a virtual clock, and sids that are drawn in order."""

import itertools
import json

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import task_queues, tasks, worker_channels, workers, workflows, workspaces
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.settings import Settings

SECOND = 1_000_000
BIRTH = 10**15
"""The engine's time at second 0: Sunday, 2001-09-09, 01:46:40 UTC."""
STREAM = "WS" + "1" * 32


class CountedIds:
    """Sids that rise by one, whatever their prefix."""

    def __init__(self, drawn=0):
        self.drawn = drawn

    def __call__(self, prefix):
        self.drawn += 1
        return f"{prefix}{self.drawn - 1:032x}"


class Centre:
    """All times are seconds since BIRTH. The workspace is created at second 0; `now` is the last time used."""

    slice = 64
    """How many steps are settled at a time."""
    together = 1
    """How many timers that are due at the same instant fire before it is settled."""

    def __init__(self, settings=None, **workspace):
        self.settings = settings or Settings()
        self.now = 0
        self.entries = []
        """Everything recorded so far; the last one's seq is `ws.head`."""
        self._shown = 0
        self._names = itertools.count(1)
        self.ids = CountedIds()
        self.ws = WorkspaceEngine(STREAM, self.settings, self.ids)
        creation = {"sid": STREAM, "account_sid": "AC" + "2" * 32, "friendly_name": "Centre"}
        self.at(0, workspaces.create, **(creation | workspace))
        self.activities = {activity.friendly_name: activity.sid for activity in self.ws.tables.activities}
        self.available = next(each.sid for each in self.ws.tables.activities if each.available)
        self.offline = self.activities["Offline"]

    def at(self, seconds, command, *args, **kw):
        """Let all timers up to `seconds` fire, run a command, settle; the command's answer."""
        self.run_to(seconds)
        self.ws.begin(BIRTH + round(seconds * SECOND), SYSTEM)
        answer = command(self.ws, *args, **kw)
        self.settle()
        return answer

    def do(self, command, *args, **kw):
        """`at` the present."""
        return self.at(self.now, command, *args, **kw)

    def run_to(self, seconds):
        """Fire each timer that is due by `seconds`, in order and at its time, and settle in between."""
        end = BIRTH + round(seconds * SECOND)
        while (due := self.ws.next_due()) is not None and due <= end:
            self.ws.run_due(due, self.together)
            self.settle()
        self.now = max(self.now, seconds)

    def settle(self):
        while not self.ws.settle(self.slice):
            pass
        self.entries += self.ws.take()

    def events(self):
        """(second, Event) of everything since the last call."""
        fresh, self._shown = self.entries[self._shown :], len(self.entries)
        return [((entry.at - BIRTH) / SECOND, event) for entry in fresh for event in entry.events]

    # -- creators, at the present

    def worker(self, name, attributes=None, available=True, capacity=None):
        """`capacity` maps unique names of channels to capacities."""
        worker = self.do(workers.create, friendly_name=name, attributes=json.dumps(attributes or {}))
        for channel, number in (capacity or {}).items():
            self.do(worker_channels.update, worker.sid, channel, capacity=number)
        if available:
            self.do(workers.update, worker.sid, activity_sid=self.available)
        return worker

    def queue(self, name, target="1==1", **kw):
        return self.do(task_queues.create, friendly_name=name, target_workers=target, **kw)

    def workflow(self, filters, default=None, **kw):
        """`filters` and `default` as they stand below task_routing."""
        kw.setdefault("friendly_name", f"Workflow {next(self._names)}")
        return self.do(workflows.create, configuration=configuration(filters, default), **kw)

    def task(self, attributes=None, **kw):
        """Name `workflow_sid`, unless the workspace has just one workflow."""
        return self.do(tasks.create, attributes=json.dumps(attributes or {}), **kw)

    # -- looks

    def reservations(self, task):
        """All reservations of a task, oldest first."""
        return [self.ws.tables.reservations[sid] for sid in task.reservations]


def configuration(filters, default=None):
    """A workflow's configuration as its JSON text."""
    routing = {"filters": filters}
    if default is not None:
        routing["default_filter"] = default
    return json.dumps({"task_routing": routing})
