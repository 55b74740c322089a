"""Which events a fact brings about, rendered once from the state of the moment (events-voice-tokens.md 1.1)."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from pointsman.domain import facts
from pointsman.domain.entry import Event, Value
from pointsman.domain.facts import AnyFact
from pointsman.domain.limits import SECOND
from pointsman.engine.workspace import announce_data as fields
from pointsman.engine.workspace import announce_transfers as transfers

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

Events = tuple[Event, ...]
_TOLD_TO_HOLDERS = frozenset({"task.updated", "task.canceled", "task.wrapup", "task.completed"})
_CLOSED = {"reject": "rejected", "time out": "timeout", "cancel": "canceled", "rescind": "rescinded"}


class Announcer:
    """Renders events. `before` looks at what a fact is about to change or take away, `after` at the result."""

    def __init__(self, ws: WorkspaceEngine) -> None:
        self.ws = ws
        self.past: dict[str, Value] = {}
        """What the event after the fact must still say of the state before it."""
        self.texts: dict[int, str] = {}
        """The attribute texts that events refer to, by seq, until somebody takes them."""

    def before(self, fact: AnyFact) -> Events:
        method = _method("before", type(fact))
        return method(self, fact) if method else ()

    def after(self, fact: AnyFact) -> Events:
        method = _method("after", type(fact))
        events = method(self, fact) if method else ()
        self.past = {}
        return events

    def _event(
        self, type: str, sid: str, description: str, data: dict[str, Value], resource: str | None = None
    ) -> Event:
        """`data` is given away: it must be the event's own."""
        data.update(fields.workspace_data(self.ws))
        return Event(type, resource or type.partition(".")[0], sid, description, data)

    # -- workspace, activities, channels, queues, workflows

    def _after_WorkspaceCreated(self, fact: facts.WorkspaceCreated) -> Events:
        return (self._event("workspace.created", fact.sid, f"Workspace {fact.friendly_name} created", {}),)

    def _after_WorkspaceUpdated(self, fact: facts.WorkspaceUpdated) -> Events:
        if fact.silent:
            return ()
        workspace = self.ws.workspace()
        return (self._event("workspace.updated", workspace.sid, f"Workspace {workspace.friendly_name} updated", {}),)

    def _before_WorkspaceDeleted(self, fact: facts.WorkspaceDeleted) -> Events:
        workspace = self.ws.workspace()
        return (self._event("workspace.deleted", workspace.sid, f"Workspace {workspace.friendly_name} deleted", {}),)

    def _activity(self, sid: str, verb: str) -> Events:
        activity = self.ws.tables.activities[sid]
        text = f"Activity {activity.friendly_name} {verb}"
        return (self._event(f"activity.{verb}", sid, text, fields.activity_data(activity)),)

    def _after_ActivityCreated(self, fact: facts.ActivityCreated) -> Events:
        return self._activity(fact.sid, "created")

    def _after_ActivityUpdated(self, fact: facts.ActivityUpdated) -> Events:
        return self._activity(fact.sid, "updated")

    def _before_ActivityDeleted(self, fact: facts.ActivityDeleted) -> Events:
        return self._activity(fact.sid, "deleted")

    def _task_channel(self, sid: str, verb: str) -> Events:
        channel = self.ws.tables.task_channels[sid]
        text = f"TaskChannel {channel.friendly_name} {verb}"
        return (self._event(f"task-channel.{verb}", sid, text, fields.task_channel_data(channel)),)

    def _after_TaskChannelCreated(self, fact: facts.TaskChannelCreated) -> Events:
        return self._task_channel(fact.sid, "created")

    def _after_TaskChannelUpdated(self, fact: facts.TaskChannelUpdated) -> Events:
        return self._task_channel(fact.sid, "updated")

    def _before_TaskChannelDeleted(self, fact: facts.TaskChannelDeleted) -> Events:
        return self._task_channel(fact.sid, "deleted")

    def _task_queue(self, sid: str, verb: str) -> Events:
        queue = self.ws.tables.task_queues[sid]
        text = f"TaskQueue {queue.friendly_name} {verb}"
        return (self._event(f"task-queue.{verb}", sid, text, fields.task_queue_data(queue)),)

    def _after_TaskQueueCreated(self, fact: facts.TaskQueueCreated) -> Events:
        return self._task_queue(fact.sid, "created")

    def _after_TaskQueueUpdated(self, fact: facts.TaskQueueUpdated) -> Events:
        """Twilio has an event only for a new TargetWorkers."""
        return self._task_queue(fact.sid, "expression.updated") if fact.target_workers is not None else ()

    def _before_TaskQueueDeleted(self, fact: facts.TaskQueueDeleted) -> Events:
        return self._task_queue(fact.sid, "deleted")

    def _workflow(self, sid: str, verb: str) -> Events:
        workflow = self.ws.tables.workflows[sid]
        text = f"Workflow {workflow.friendly_name} {verb}"
        return (self._event(f"workflow.{verb}", sid, text, fields.workflow_data(workflow)),)

    def _after_WorkflowCreated(self, fact: facts.WorkflowCreated) -> Events:
        return self._workflow(fact.sid, "created")

    def _after_WorkflowUpdated(self, fact: facts.WorkflowUpdated) -> Events:
        return self._workflow(fact.sid, "updated")

    def _before_WorkflowDeleted(self, fact: facts.WorkflowDeleted) -> Events:
        return self._workflow(fact.sid, "deleted")

    # -- workers

    def _worker(self, sid: str, type: str, said: str, more: dict[str, Value] | None = None) -> Events:
        worker = self.ws.tables.workers[sid]
        self.texts[worker.attributes_seq] = worker.attributes
        data = fields.worker_data(self.ws, worker) | (more or {})
        return (self._event(type, sid, f"Worker {worker.friendly_name} {said}", data),)

    def _after_WorkerCreated(self, fact: facts.WorkerCreated) -> Events:
        return self._worker(fact.sid, "worker.created", "created")

    def _after_WorkerUpdated(self, fact: facts.WorkerUpdated) -> Events:
        return self._worker(fact.sid, "worker.attributes.update", "attributes updated")

    def _before_WorkerDeleted(self, fact: facts.WorkerDeleted) -> Events:
        return self._worker(fact.sid, "worker.deleted", "deleted")

    def _before_WorkerActivityChanged(self, fact: facts.WorkerActivityChanged) -> Events:
        worker = self.ws.tables.workers[fact.sid]
        spent = self.ws.now - worker.date_status_changed
        self.past = {
            "worker_previous_activity_sid": worker.activity_sid,
            "worker_previous_activity_name": self.ws.tables.activities[worker.activity_sid].friendly_name,
            "worker_time_in_previous_activity": spent // SECOND,
            "worker_time_in_previous_activity_ms": spent // 1000,
        }
        return ()

    def _after_WorkerActivityChanged(self, fact: facts.WorkerActivityChanged) -> Events:
        name = self.ws.tables.activities[fact.activity_sid].friendly_name
        return self._worker(fact.sid, "worker.activity.update", f"updated to {name} Activity", self.past)

    def _before_WorkerChannelUpdated(self, fact: facts.WorkerChannelUpdated) -> Events:
        channel = self.ws.tables.workers[fact.worker_sid].channels[fact.task_channel_sid]
        self.past = {"worker_channel_previous_capacity": channel.configured_capacity}
        return ()

    def _after_WorkerChannelUpdated(self, fact: facts.WorkerChannelUpdated) -> Events:
        worker = self.ws.tables.workers[fact.worker_sid]
        data = fields.worker_channel_data(self.ws, worker, fact.task_channel_sid) | self.past
        name = self.ws.channel_names[fact.task_channel_sid]
        events: Events = ()
        if fact.capacity is not None:
            events += self._worker(worker.sid, "worker.capacity.update", f"capacity on {name} updated", data)
        if fact.available is not None:
            said = f"availability on {name} updated"
            events += self._worker(worker.sid, "worker.channel.availability.update", said, data)
        return events

    # -- tasks

    def _task(self, sid: str, type: str, said: str, more: dict[str, Value] | None = None) -> Event:
        task = self.ws.tables.tasks[sid]
        self.texts[task.attributes_seq] = task.attributes
        data = fields.task_data(self.ws, task)
        if type in _TOLD_TO_HOLDERS:
            data.update(fields.holders_data(self.ws, task))
        if more:
            data.update((key, value) for key, value in more.items() if value is not None)
        return self._event(type, sid, f"Task {sid} {said}", data, "task")

    def _again(self, event: Event, type: str, said: str, more: dict[str, Value] | None = None) -> Event:
        """Another event of the same task at the same moment: copying is much cheaper than rendering."""
        data = event.data | {key: value for key, value in (more or {}).items() if value is not None}
        return Event(type, "task", event.resource_sid, f"Task {event.resource_sid} {said}", data)

    def _after_TaskCreated(self, fact: facts.TaskCreated) -> Events:
        created = self._task(fact.sid, "task.created", "created")
        return (created, self._again(created, "workflow.entered", "entered workflow"))

    def _after_TaskUpdated(self, fact: facts.TaskUpdated) -> Events:
        return (self._task(fact.sid, "task.updated", "updated"),)

    def _before_TaskStepped(self, fact: facts.TaskStepped) -> Events:
        task = self.ws.tables.tasks[fact.sid]
        moves = task.filter is not None and task.task_queue_sid != fact.task_queue_sid
        queue = self.ws.tables.task_queues.get(task.task_queue_sid or "")
        if queue is not None and task.filter is not None:
            self.past = {
                "previous_task_queue_sid": queue.sid,
                "previous_task_queue_name": queue.friendly_name,
                "previous_task_priority": task.priority,
                "target_changed_reason": fact.cause,
            }
        events: Events = ()
        if fact.cause == "timeout":
            events += (self._task(fact.sid, "task-queue.timeout", "timed out in its queue"),)
        if fact.cause == "re-evaluated":
            events += (self._task(fact.sid, "workflow.entered", "entered workflow anew"),)
        if moves:
            events += (self._task(fact.sid, "task-queue.moved", "left its queue", self.past),)
        return events

    def _after_TaskStepped(self, fact: facts.TaskStepped) -> Events:
        task = self.ws.tables.tasks[fact.sid]
        events: Events = ()
        if self.past.get("previous_task_queue_sid") != fact.task_queue_sid:
            events += (self._task(fact.sid, "task-queue.entered", "entered a queue", self.past),)
        step = fields.step_data(self.ws, task) | self.past
        if events:
            return (*events, self._again(events[0], "workflow.target-matched", "matched a routing step", step))
        return (self._task(fact.sid, "workflow.target-matched", "matched a routing step", step),)

    def _after_TaskWrapped(self, fact: facts.TaskWrapped) -> Events:
        return (self._task(fact.sid, "task.wrapup", "is wrapping up"),)

    def _after_TaskCompleted(self, fact: facts.TaskCompleted) -> Events:
        return (self._task(fact.sid, "task.completed", "completed"),)

    def _before_TaskCanceled(self, fact: facts.TaskCanceled) -> Events:
        events: Events = ()
        if fact.cause == "workflow-timeout":
            deadline = self.ws.tables.tasks[fact.sid].deadline
            if deadline is not None and self.ws.now >= deadline:
                events += (self._task(fact.sid, "task-queue.timeout", "timed out in its queue"),)
            events += (self._task(fact.sid, "workflow.timeout", "left its workflow unserved"),)
        elif fact.cause == "workflow-skipped":
            events += (self._task(fact.sid, "workflow.skipped", "skipped out of its workflow"),)
        return events

    def _after_TaskCanceled(self, fact: facts.TaskCanceled) -> Events:
        said = f"canceled: {fact.reason}" if fact.reason else "canceled"
        events: Events = ()
        if fact.cause == "routing-target-sla":  # there is no reservation: the event tells of the task
            events += (self._task(fact.sid, "reservation.failed", "could not be reserved"),)
        return (*events, self._task(fact.sid, "task.canceled", said))

    def _before_TaskDeleted(self, fact: facts.TaskDeleted) -> Events:
        if fact.by_system:
            return (self._task(fact.sid, "task.system-deleted", "deleted by the system"),)
        return (self._task(fact.sid, "task.deleted", "deleted"),)

    # -- transfers

    def _transfer(self, fact: transfers.TransferFact) -> Events:
        """The transfer's event, and one of the task where it moved."""
        transfer = self.ws.tables.transfers[fact.sid]
        type, said = transfers.WORDS[fact.__class__]
        data = transfers.transfer_data(transfer)
        event = self._task(transfer.task_sid, type, f"{said} by {transfer.sid}", data)
        return (event, self._task(transfer.task_sid, "task.updated", "updated"))

    _after_TransferInitiated = _after_TransferAttemptFailed = _transfer
    _after_TransferCompleted = _after_TransferFailed = _after_TransferCanceled = _transfer

    # -- reservations

    def _reservation(self, sid: str, outcome: str, more: dict[str, Value] | None = None) -> Events:
        reservation = self.ws.tables.reservations[sid]
        task, worker = self.ws.tables.tasks[reservation.task_sid], self.ws.tables.workers[reservation.worker_sid]
        self.texts[task.attributes_seq] = task.attributes
        self.texts[worker.attributes_seq] = worker.attributes
        data = fields.reservation_data(self.ws, reservation) | (more or {})
        return (self._event(f"reservation.{outcome}", sid, f"Reservation {sid} {outcome}", data),)

    def _after_ReservationCreated(self, fact: facts.ReservationCreated) -> Events:
        events = self._reservation(fact.sid, "created")
        if fact.first and fact.transfer_sid and self.ws.tables.transfers[fact.transfer_sid].type == "QUEUE":
            events += (self._task(fact.task_sid, "task.updated", "updated"),)
        return events

    def _after_ReservationAccepted(self, fact: facts.ReservationAccepted) -> Events:
        return self._reservation(fact.sid, "accepted")

    def _after_ReservationClosed(self, fact: facts.ReservationClosed) -> Events:
        more: dict[str, Value] = {}
        if fact.with_task:  # which is canceled next; clients expect to read it here already (sdk-protocol.md C4)
            more["task_assignment_status"] = "canceled"
            if fact.reason:
                more["reason"] = more["task_canceled_reason"] = fact.reason
        return self._reservation(fact.sid, _CLOSED[fact.trigger], more)

    def _after_ReservationWrapped(self, fact: facts.ReservationWrapped) -> Events:
        return self._reservation(fact.sid, "wrapup")

    def _after_ReservationCompleted(self, fact: facts.ReservationCompleted) -> Events:
        return self._reservation(fact.sid, "completed")


@cache
def _method(when: str, kind: type[facts.Fact]) -> Callable[[Announcer, AnyFact], Events] | None:
    return getattr(Announcer, f"_{when}_{kind.__name__}", None)
