"""Folding what a workspace consists of: settings, activities, channels, queues, workflows and workers."""

from __future__ import annotations

from pointsman.domain import facts
from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import (
    Activity,
    TaskChannel,
    TaskQueue,
    Watch,
    Worker,
    WorkerChannel,
    Workflow,
    WorkflowVersion,
    Workspace,
)
from pointsman.engine.workspace.folding import folds, take_over, touch
from pointsman.engine.workspace.following import forget_unfollowed
from pointsman.engine.workspace.tables import Tables, worker_channel_sid


@folds(facts.WorkspaceCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceCreated) -> None:
    t.workspace = Workspace(
        f.sid,
        f.account_sid,
        f.friendly_name,
        at,
        at,
        f.event_callback_url,
        f.events_filter,
        f.multi_task_enabled,
        f.prioritize_queue_order,
    )


@folds(facts.WorkspaceUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceUpdated) -> None:
    assert t.workspace is not None
    take_over(t.workspace, f, "friendly_name", "event_callback_url", "multi_task_enabled", "prioritize_queue_order")
    take_over(t.workspace, f, "default_activity_sid", "timeout_activity_sid")
    if f.events_filter is not None:
        t.workspace.events_filter = f.events_filter or None
    t.workspace.date_updated = at


@folds(facts.WorkspaceDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceDeleted) -> None:
    t.clear()


@folds(facts.WorkspaceResumed)
def _(t: Tables, seq: int, at: int, f: facts.WorkspaceResumed) -> None:
    t.grace_until = f.grace_until
    for reservation in t.reservations:
        if reservation.status == "pending":
            reservation.deadline = max(reservation.deadline + f.down, f.grace_until)
    for worker in t.workers:
        if worker.watch is not None:  # no socket outlives the process
            since = at + worker.watch.after * SECOND if worker.watch.deadline is None else worker.watch.deadline
            worker.watch.deadline = max(since, f.grace_until)


@folds(facts.TimerParked)
def _(t: Tables, seq: int, at: int, f: facts.TimerParked) -> None:
    t.parked[f.kind, f.sid] = None


@folds(facts.ActivityCreated)
def _(t: Tables, seq: int, at: int, f: facts.ActivityCreated) -> None:
    t.activities.add(Activity(f.sid, seq, f.friendly_name, f.available, at, at))


@folds(facts.ActivityUpdated)
def _(t: Tables, seq: int, at: int, f: facts.ActivityUpdated) -> None:
    activity = t.activities[f.sid]
    activity.friendly_name = f.friendly_name
    activity.date_updated = at


@folds(facts.ActivityDeleted)
def _(t: Tables, seq: int, at: int, f: facts.ActivityDeleted) -> None:
    t.activities.remove(f.sid)


def _open_channel(worker: Worker, task_channel_sid: str, at: int) -> None:
    sid = worker_channel_sid(worker.sid, task_channel_sid)
    worker.channels[task_channel_sid] = WorkerChannel(sid, task_channel_sid, at, at)


@folds(facts.TaskChannelCreated)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelCreated) -> None:
    optimized = f.channel_optimized_routing
    t.task_channels.add(TaskChannel(f.sid, seq, f.friendly_name, f.unique_name, optimized, at, at))
    for worker in t.workers:
        _open_channel(worker, f.sid, at)


@folds(facts.TaskChannelUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelUpdated) -> None:
    channel = t.task_channels[f.sid]
    take_over(channel, f, "friendly_name", "channel_optimized_routing")
    channel.date_updated = at


@folds(facts.TaskChannelDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskChannelDeleted) -> None:
    t.task_channels.remove(f.sid)
    for worker in t.workers:
        worker.channels.pop(f.sid, None)


@folds(facts.TaskQueueCreated)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueCreated) -> None:
    queue = TaskQueue(f.sid, seq, f.friendly_name, f.target_workers, at, at)
    take_over(queue, f, "max_reserved_workers", "task_order", "reservation_activity_sid", "assignment_activity_sid")
    t.task_queues.add(queue)


@folds(facts.TaskQueueUpdated)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueUpdated) -> None:
    queue = t.task_queues[f.sid]
    take_over(queue, f, "friendly_name", "target_workers", "max_reserved_workers", "task_order")
    take_over(queue, f, "reservation_activity_sid", "assignment_activity_sid")
    queue.date_updated = at


@folds(facts.TaskQueueDeleted)
def _(t: Tables, seq: int, at: int, f: facts.TaskQueueDeleted) -> None:
    t.task_queues.remove(f.sid)


@folds(facts.WorkflowCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowCreated) -> None:
    workflow = Workflow(f.sid, seq, f.friendly_name, at, at, {1: WorkflowVersion(f.configuration)})
    take_over(workflow, f, "assignment_callback_url", "fallback_assignment_callback_url", "task_reservation_timeout")
    t.workflows.add(workflow)


@folds(facts.WorkflowUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowUpdated) -> None:
    workflow = t.workflows[f.sid]
    take_over(workflow, f, "friendly_name", "assignment_callback_url", "fallback_assignment_callback_url")
    take_over(workflow, f, "task_reservation_timeout")
    if f.configuration is not None:
        old = workflow.current
        workflow.current = old + 1
        workflow.versions[workflow.current] = WorkflowVersion(f.configuration)
        forget_unfollowed(workflow, old)
    if f.re_evaluate:
        workflow.reevaluated = workflow.current
    workflow.date_updated = at


@folds(facts.WorkflowDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkflowDeleted) -> None:
    t.workflows.remove(f.sid)


# -- workers


@folds(facts.WorkerCreated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerCreated) -> None:
    worker = Worker(f.sid, seq, f.friendly_name, f.attributes, seq, f.activity_sid, at, at, at, {})
    for channel in t.task_channels:
        _open_channel(worker, channel.sid, at)
    t.workers.add(worker)


@folds(facts.WorkerUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerUpdated) -> None:
    worker = t.workers[f.sid]
    take_over(worker, f, "friendly_name", "attributes")
    if f.attributes is not None:
        worker.attributes_seq = seq
    touch(worker, at)


@folds(facts.WorkerActivityChanged)
def _(t: Tables, seq: int, at: int, f: facts.WorkerActivityChanged) -> None:
    worker = t.workers[f.sid]
    worker.activity_sid = f.activity_sid
    worker.date_status_changed = at
    touch(worker, at)


@folds(facts.WorkerChannelUpdated)
def _(t: Tables, seq: int, at: int, f: facts.WorkerChannelUpdated) -> None:
    worker = t.workers[f.worker_sid]
    channel = worker.channels[f.task_channel_sid]
    if f.capacity is not None:
        channel.configured_capacity = f.capacity
    take_over(channel, f, "available")
    channel.date_updated = at
    worker.version += 1


@folds(facts.WorkerDeleted)
def _(t: Tables, seq: int, at: int, f: facts.WorkerDeleted) -> None:
    t.workers.remove(f.sid)


@folds(facts.WorkerPresent)
def _(t: Tables, seq: int, at: int, f: facts.WorkerPresent) -> None:
    t.workers[f.worker_sid].watch = Watch(f.after, f.activity_sid)


@folds(facts.WorkerAbsent)
def _(t: Tables, seq: int, at: int, f: facts.WorkerAbsent) -> None:
    watch = t.workers[f.worker_sid].watch
    assert watch is not None
    watch.deadline = f.deadline


@folds(facts.WorkerWatchEnded)
def _(t: Tables, seq: int, at: int, f: facts.WorkerWatchEnded) -> None:
    t.workers[f.worker_sid].watch = None
