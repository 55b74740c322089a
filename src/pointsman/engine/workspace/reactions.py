"""What indexes and timers do when a fact is recorded, and how they are built from the tables at the start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from pointsman.domain import facts
from pointsman.domain.facts import AnyFact, Fact
from pointsman.domain.nouns import Task, TaskQueue, Worker
from pointsman.engine.workspace import deadlines, routing
from pointsman.engine.workspace.matching.roster import EVERYONE, Roster
from pointsman.engine.workspace.matching.seat import Seat

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

F = TypeVar("F", bound=Fact)
Reaction = Callable[["WorkspaceEngine", Any], None]
_REACTIONS: dict[type[Fact], Reaction] = {}
_SLICE = 200
"""Workers whose membership is looked at in one go."""
_TASKS_A_SLICE = 50
"""Tasks that are evaluated anew in one go: each is a fact with its events."""


def react(ws: WorkspaceEngine, fact: AnyFact) -> None:
    """Let the floor and the timers follow a fact that was just applied."""
    reaction = _REACTIONS.get(type(fact))
    if reaction is not None:
        reaction(ws, fact)


def to(kind: type[F]) -> Callable[[Callable[[WorkspaceEngine, F], None]], Reaction]:
    def keep(reaction: Callable[[WorkspaceEngine, F], None]) -> Reaction:
        _REACTIONS[kind] = reaction
        return reaction

    return keep


# -- at the start


def rebuild(ws: WorkspaceEngine) -> None:
    """All indexes and timers from the tables; what was undecided at the end of the journal is decided next."""
    tables = ws.tables
    ws.channel_names.update({channel.sid: channel.unique_name for channel in tables.task_channels})
    if tables.workspace is not None:
        ws.floor.lifo_first = tables.workspace.prioritize_queue_order == "LIFO"
    for queue in tables.task_queues:
        _open_roster(ws, queue)
    for worker in tables.workers:
        _open_seat(ws, worker)
        deadlines.set_absence_timer(ws, worker)
    for reservation in tables.reservations:
        if reservation.sid in tables.tasks[reservation.task_sid].open_reservations:
            ws.seat(reservation.worker_sid).reservations[reservation.sid] = reservation
        deadlines.set_reservation_timer(ws, reservation)
    for seat in ws.floor.seats.values():
        seat.read_channels()
        ws.floor.reseat(seat, ws.clock_document())
    for task in tables.tasks:
        _take_up(ws, task)
    for workflow in tables.workflows:
        if workflow.reevaluated:
            ws.chores.append(_reevaluate_in_slices(ws, workflow.sid, outdated=True))


def _take_up(ws: WorkspaceEngine, task: Task) -> None:
    deadlines.set_task_timers(ws, task)
    if task.status == "pending":
        if task.filter is None:
            ws.follow_up_later("new", task.sid)
        else:
            ws.rejoin(task)


def open_everyone(ws: WorkspaceEngine) -> None:
    _open_roster(ws, TaskQueue(EVERYONE, 0, "", "1==1", 0, 0))


# -- settings


@to(facts.WorkspaceUpdated)
def _(ws: WorkspaceEngine, fact: facts.WorkspaceUpdated) -> None:
    workspace = ws.workspace()
    ws.floor.lifo_first = workspace.prioritize_queue_order == "LIFO"
    if fact.multi_task_enabled is not None:
        for seat in ws.floor.seats.values():
            seat.single_tasking = ws.single_tasking
            ws.floor.wake(seat)


@to(facts.WorkspaceCreated)
def _(ws: WorkspaceEngine, fact: facts.WorkspaceCreated) -> None:
    ws.floor.lifo_first = fact.prioritize_queue_order == "LIFO"


@to(facts.WorkspaceDeleted)
def _(ws: WorkspaceEngine, fact: facts.WorkspaceDeleted) -> None:
    ws.clear_indexes()


@to(facts.WorkspaceResumed)
def _(ws: WorkspaceEngine, fact: facts.WorkspaceResumed) -> None:
    for reservation in ws.tables.reservations:
        deadlines.set_reservation_timer(ws, reservation)
    for worker in ws.tables.workers:
        deadlines.set_absence_timer(ws, worker)


@to(facts.ActivityUpdated)
def _(ws: WorkspaceEngine, fact: facts.ActivityUpdated) -> None:
    activity = ws.tables.activities[fact.sid]
    for seat in ws.floor.seats.values():
        if seat.activity.sid == fact.sid:
            seat.take_activity(activity)
            _load_changed(ws, seat)


@to(facts.TaskChannelCreated)
def _(ws: WorkspaceEngine, fact: facts.TaskChannelCreated) -> None:
    ws.channel_names[fact.sid] = fact.unique_name
    _channels_changed(ws)


@to(facts.TaskChannelUpdated)
def _(ws: WorkspaceEngine, fact: facts.TaskChannelUpdated) -> None:
    if fact.channel_optimized_routing is not None:
        ws.floor.sort_anew(fact.sid)


@to(facts.TaskChannelDeleted)
def _(ws: WorkspaceEngine, fact: facts.TaskChannelDeleted) -> None:
    _channels_changed(ws)
    del ws.channel_names[fact.sid]


def _channels_changed(ws: WorkspaceEngine) -> None:
    for seat in ws.floor.seats.values():
        seat.read_channels()
        _load_changed(ws, seat)


@to(facts.TaskQueueCreated)
def _(ws: WorkspaceEngine, fact: facts.TaskQueueCreated) -> None:
    roster = _open_roster(ws, ws.tables.task_queues[fact.sid])
    ws.chores.append(recheck_in_slices(ws, [roster]))


@to(facts.TaskQueueUpdated)
def _(ws: WorkspaceEngine, fact: facts.TaskQueueUpdated) -> None:
    roster = ws.floor.rosters[fact.sid]
    if fact.target_workers is not None:
        roster.read_expression()
        ws.floor.rosters_changed()
        _watch(ws, roster)
        ws.chores.append(recheck_in_slices(ws, [roster]))
    if fact.task_order is not None:
        for waiting in list(ws.floor.waiting.values()):
            if waiting.line is not None and waiting.line.pool.roster is roster:
                ws.rejoin(waiting.task)


@to(facts.TaskQueueDeleted)
def _(ws: WorkspaceEngine, fact: facts.TaskQueueDeleted) -> None:
    roster = ws.floor.rosters.pop(fact.sid)
    ws.floor.rosters_changed()
    for seat in list(roster.members.values()):
        roster.unseat(seat)


@to(facts.WorkflowUpdated)
def _(ws: WorkspaceEngine, fact: facts.WorkflowUpdated) -> None:
    if fact.configuration is not None:
        for roster in ws.floor.rosters.values():
            roster.forget_idle_pools()
        ws.chores.append(_tidy_in_slices(ws))
    if fact.re_evaluate:
        ws.chores.append(_reevaluate_in_slices(ws, fact.sid))


def _open_roster(ws: WorkspaceEngine, queue: TaskQueue) -> Roster:
    roster = ws.floor.rosters[queue.sid] = Roster(queue, partial(_idle, ws))
    ws.floor.rosters_changed()
    _watch(ws, roster)
    return roster


def _watch(ws: WorkspaceEngine, roster: Roster) -> None:
    if roster.uses_clock:
        ws.watch_clock()


def _idle(ws: WorkspaceEngine, seat: Seat, task_channel_sid: str) -> tuple[int, int]:
    """Ruling 8: who was reserved (or released) longest ago comes first, per channel if that is so optimised."""
    optimized = ws.tables.task_channels[task_channel_sid].channel_optimized_routing
    record = seat.worker.channels[task_channel_sid] if optimized else seat.worker
    last = record.last_reserved if ws.settings.idle_since == "reserved" else record.last_released
    return last, seat.worker.date_status_changed


def recheck_in_slices(ws: WorkspaceEngine, rosters: list[Roster]) -> Iterator[None]:
    """Membership of queues after an expression or the clock changed: each worker's at once, for all of them."""
    number = 0
    while workers := ws.tables.workers.after(number, _SLICE):
        seats = [ws.seat(worker.sid) for worker in workers]
        for roster in rosters:
            if ws.floor.rosters.get(roster.queue.sid) is roster:
                ws.floor.recheck(roster, seats, ws.clock_document())
        number = workers[-1].number
        yield


def _tidy_in_slices(ws: WorkspaceEngine) -> Iterator[None]:
    number = 0
    while workers := ws.tables.workers.after(number, _SLICE):
        for worker in workers:
            ws.seat(worker.sid).tidy()
        number = workers[-1].number
        yield


def clock_in_slices(ws: WorkspaceEngine, rosters: list[Roster]) -> Iterator[None]:
    """A new minute: who belongs where, and only then who fits the tasks that look at the clock."""
    yield from recheck_in_slices(ws, rosters)
    ws.floor.freshen(ws.floor.clocked_lines())
    yield


def _reevaluate_in_slices(ws: WorkspaceEngine, workflow_sid: str, outdated: bool = False) -> Iterator[None]:
    """Pending tasks go through the workflow again, or only outdated ones; reserved ones do when their set fails."""
    number = 0
    while tasks := ws.tables.tasks.after(number, _TASKS_A_SLICE):
        number = tasks[-1].number
        for task in tasks:
            if task.workflow_sid != workflow_sid or task.status != "pending" or task.ever_accepted:
                continue
            if task.filter is None or (outdated and not routing.is_outdated(ws, task)):
                continue
            if not routing.evaluate_anew(ws, task):
                ws.rejoin(task)
        yield


# -- workers


def _open_seat(ws: WorkspaceEngine, worker: Worker) -> Seat:
    activity = ws.tables.activities[worker.activity_sid]
    seat = ws.floor.seats[worker.sid] = Seat(worker, activity, ws.channel_names, ws.single_tasking)
    ws.worker_names[worker.friendly_name.lower()] = worker.sid
    return seat


@to(facts.WorkerCreated)
def _(ws: WorkspaceEngine, fact: facts.WorkerCreated) -> None:
    seat = _open_seat(ws, ws.tables.workers[fact.sid])
    ws.floor.reseat(seat, ws.clock_document())


@to(facts.WorkerUpdated)
def _(ws: WorkspaceEngine, fact: facts.WorkerUpdated) -> None:
    seat = ws.seat(fact.sid)
    if fact.friendly_name is not None:
        del ws.worker_names[seat.document["friendly_name"].lower()]  # which is still the old one
        ws.worker_names[fact.friendly_name.lower()] = fact.sid
    seat.read_attributes()
    ws.floor.reseat(seat, ws.clock_document())


@to(facts.WorkerActivityChanged)
def _(ws: WorkspaceEngine, fact: facts.WorkerActivityChanged) -> None:
    seat = ws.seat(fact.sid)
    for roster in seat.rosters.values():
        roster.count(seat.activity.sid, -1)
        roster.count(fact.activity_sid, 1)
    seat.take_activity(ws.tables.activities[fact.activity_sid])
    _load_changed(ws, seat)
    ws.floor.wake(seat)


@to(facts.WorkerChannelUpdated)
def _(ws: WorkspaceEngine, fact: facts.WorkerChannelUpdated) -> None:
    seat = ws.seat(fact.worker_sid)
    seat.read_channel(fact.task_channel_sid)
    _load_changed(ws, seat)
    ws.floor.wake(seat)


@to(facts.WorkerDeleted)
def _(ws: WorkspaceEngine, fact: facts.WorkerDeleted) -> None:
    seat = ws.floor.seats.pop(fact.sid)
    ws.timers.clear("absence", fact.sid)
    ws.floor.woken.pop(fact.sid, None)
    del ws.worker_names[seat.worker.friendly_name.lower()]
    for roster in list(seat.rosters.values()):
        roster.unseat(seat)


def _watch_changed(ws: WorkspaceEngine, fact: Any) -> None:
    deadlines.set_absence_timer(ws, ws.tables.workers[fact.worker_sid])


_REACTIONS |= dict.fromkeys((facts.WorkerPresent, facts.WorkerAbsent, facts.WorkerWatchEnded), _watch_changed)


def _load_changed(ws: WorkspaceEngine, seat: Seat) -> None:
    """Activity or load changed: whatever looks at them looks again."""
    for roster in ws.floor.load_rosters:
        ws.floor.recheck(roster, [seat], ws.clock_document())
    ws.floor.reorder(seat)
    ws.floor.wake_if_live(seat)


# -- tasks and reservations


@to(facts.TaskCreated)
def _(ws: WorkspaceEngine, fact: facts.TaskCreated) -> None:
    deadlines.set_task_timers(ws, ws.tables.tasks[fact.sid])
    ws.follow_up_later("new", fact.sid)


@to(facts.TaskUpdated)
def _(ws: WorkspaceEngine, fact: facts.TaskUpdated) -> None:
    if fact.attributes is not None:
        ws.documents.pop(fact.sid, None)


@to(facts.TaskStepped)
def _(ws: WorkspaceEngine, fact: facts.TaskStepped) -> None:
    task = ws.tables.tasks[fact.sid]
    deadlines.set_task_timers(ws, task)
    ws.rejoin(task)
    ws.follow_up_later("entered", task.sid)


def _task_moved(ws: WorkspaceEngine, fact: facts.TaskWrapped | facts.TaskCompleted | facts.TaskCanceled) -> None:
    task = ws.tables.tasks[fact.sid]
    ws.floor.leave(task.sid)
    deadlines.set_task_timers(ws, task)
    if task.finished_at is not None:
        ws.timers.clear("bar", task.sid)
        ws.documents.pop(task.sid, None)


_REACTIONS[facts.TaskWrapped] = _REACTIONS[facts.TaskCompleted] = _REACTIONS[facts.TaskCanceled] = _task_moved


def _task_gone(ws: WorkspaceEngine, fact: facts.TaskDeleted | facts.TaskRemoved) -> None:
    ws.floor.leave(fact.sid)
    ws.documents.pop(fact.sid, None)
    deadlines.clear_task_timers(ws, fact.sid)


_REACTIONS[facts.TaskDeleted] = _REACTIONS[facts.TaskRemoved] = _task_gone


@to(facts.ReservationCreated)
def _(ws: WorkspaceEngine, fact: facts.ReservationCreated) -> None:
    ws.floor.leave(fact.task_sid)
    for kind in ("bar", "target"):
        ws.timers.clear(kind, fact.task_sid)
    ws.seat(fact.worker_sid).reservations[fact.sid] = ws.tables.reservations[fact.sid]
    _reservation_moved(ws, fact)


def _reservation_moved(ws: WorkspaceEngine, fact: Any) -> None:
    """Load, timers and readiness follow a reservation's status."""
    reservation = ws.tables.reservations[fact.sid]
    task = ws.tables.tasks[reservation.task_sid]
    seat = ws.seat(reservation.worker_sid)
    if reservation.sid not in task.open_reservations:
        seat.reservations.pop(reservation.sid, None)
        ws.floor.wake(seat)
    seat.read_channel(reservation.task_channel_sid)
    deadlines.set_reservation_timer(ws, reservation)
    if isinstance(fact, facts.ReservationAccepted):
        deadlines.set_task_timers(ws, task)
    elif isinstance(fact, facts.ReservationWrapped | facts.ReservationCompleted) and task.status == "pending":
        ws.rejoin(task)  # the worker has left a task that waits to be transferred, and may be a candidate now
    _load_changed(ws, seat)


for _kind in (
    facts.ReservationAccepted,
    facts.ReservationClosed,
    facts.ReservationWrapped,
    facts.ReservationCompleted,
):
    _REACTIONS[_kind] = _reservation_moved
