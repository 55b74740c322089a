"""The engine of one workspace: tables, the floor that is derived from them, and the settling after each command."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from pointsman.domain.entry import Event
from pointsman.domain.facts import (
    AnyFact,
    ReservationCreated,
    TimerParked,
    WorkerActivityChanged,
    WorkspaceDeleted,
    WorkspaceResumed,
)
from pointsman.domain.limits import RESERVATION_TIMEOUT_SECONDS, SECOND
from pointsman.domain.nouns import (
    DIRECT,
    Activity,
    Reservation,
    Task,
    TaskChannel,
    TaskQueue,
    Transfer,
    Worker,
    WorkerChannel,
    Workflow,
    Workspace,
)
from pointsman.domain.refusal import not_found
from pointsman.engine.core.stream import Ids, Listing, StreamEngine
from pointsman.engine.core.timers import Timer, Timers
from pointsman.engine.workspace import deadlines, failures, reactions, reactions_transfers, routing
from pointsman.engine.workspace.announce import Announcer
from pointsman.engine.workspace.apply import apply
from pointsman.engine.workspace.board import Board
from pointsman.engine.workspace.matching.floor import Floor
from pointsman.engine.workspace.matching.roster import EVERYONE
from pointsman.engine.workspace.matching.seat import Seat
from pointsman.engine.workspace.tables import Tables
from pointsman.engine.workspace.workflow_document import WorkflowDocument, parse_document
from pointsman.settings import Settings

__all__ = ["WorkspaceEngine", "reactions_transfers"]  # which registers its reactions by being imported

DOCUMENTS_KEPT = 4096
"""Parsed attributes that are remembered; a centre without a backlog has no more open tasks."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class WorkspaceEngine(StreamEngine):
    def __init__(self, stream: str, settings: Settings, ids: Ids) -> None:
        super().__init__(stream, settings, ids)
        self.tables = Tables()
        self.announcer = Announcer(self)
        self._clock: tuple[int, dict[str, Any]] = (-1, {})
        self._farewell: Listing | None = None
        """The directory line of a workspace that is deleted."""
        self.clear_indexes()

    def clear_indexes(self) -> None:
        self.timers = Timers()
        self.floor = Floor()
        self.board = Board()
        self.channel_names: dict[str, str] = {}
        self.worker_names: dict[str, str] = {}
        self.documents: dict[str, dict[str, Any]] = {}
        self.follow_ups: OrderedDict[str, str] = OrderedDict()
        self.chores: deque[Iterator[None]] = deque()
        reactions.open_everyone(self)

    # -- folding

    def apply(self, seq: int, at: int, fact: AnyFact) -> None:
        if isinstance(fact, WorkspaceDeleted) and (last := self.listing()) is not None:
            self._farewell = msgspec.structs.replace(last, date_updated=at, deleted=True)
        apply(self.tables, seq, at, fact)

    def react(self, fact: AnyFact) -> None:
        reactions.react(self, fact)
        self.board.follow(self.tables, fact)

    def announce_before(self, fact: AnyFact) -> tuple[Event, ...]:
        return self.announcer.before(fact)

    def announce(self, fact: AnyFact) -> tuple[Event, ...]:
        return self.announcer.after(fact)

    def take_texts(self) -> dict[int, str]:
        texts, self.announcer.texts = self.announcer.texts, {}
        return texts

    def ready(self) -> None:
        self.clear_indexes()
        reactions.rebuild(self)
        self.board.rebuild(self.tables.tasks)

    def resume(self, down_since: int | None) -> None:
        if self.tables.workspace is None or down_since is None:
            return
        down = max(0, self.now - down_since)
        self.record(WorkspaceResumed(down, self.now + self.settings.startup_grace_seconds * SECOND))

    def snapshot(self) -> bytes:
        return self.tables.encode()

    def restore(self, seq: int, at: int, body: bytes) -> None:
        self.tables = Tables.decode(body)
        self.head, self.now = seq, at

    def listing(self) -> Listing | None:
        workspace = self.tables.workspace
        if workspace is None:
            return self._farewell
        return Listing(
            workspace.account_sid,
            workspace.friendly_name,
            workspace.date_created,
            workspace.date_updated,
            False,
        )

    # -- finding; a refusal says what was not found

    def _path(self, *parts: str) -> str:
        return "/" + "/".join(("Workspaces", self.stream, *parts))

    def workspace(self) -> Workspace:
        if self.tables.workspace is None:
            raise not_found(self._path())
        return self.tables.workspace

    def activity(self, sid: str) -> Activity:
        found = self.tables.activities.get(sid)
        if found is None:
            raise not_found(self._path("Activities", sid))
        return found

    def task_channel(self, sid_or_name: str) -> TaskChannel:
        found = self.tables.task_channels.get(sid_or_name)
        if found is None:
            found = next((row for row in self.tables.task_channels if row.unique_name == sid_or_name), None)
        if found is None:
            raise not_found(self._path("TaskChannels", sid_or_name))
        return found

    def worker(self, sid: str) -> Worker:
        found = self.tables.workers.get(sid)
        if found is None:
            raise not_found(self._path("Workers", sid))
        return found

    def worker_channel(self, worker: Worker, sid_or_name: str) -> WorkerChannel:
        for task_channel_sid, channel in worker.channels.items():
            if sid_or_name in (channel.sid, task_channel_sid, self.channel_names[task_channel_sid]):
                return channel
        raise not_found(self._path("Workers", worker.sid, "Channels", sid_or_name))

    def task_queue(self, sid: str) -> TaskQueue:
        found = self.tables.task_queues.get(sid)
        if found is None:
            raise not_found(self._path("TaskQueues", sid))
        return found

    def workflow(self, sid: str) -> Workflow:
        found = self.tables.workflows.get(sid)
        if found is None:
            raise not_found(self._path("Workflows", sid))
        return found

    def task(self, sid: str) -> Task:
        found = self.tables.tasks.get(sid)
        if found is None:
            raise not_found(self._path("Tasks", sid))
        return found

    def reservation(self, sid: str) -> Reservation:
        found = self.tables.reservations.get(sid)
        if found is None:
            raise not_found(self._path("Reservations", sid))
        return found

    def transfer(self, sid: str) -> Transfer:
        found = self.tables.transfers.get(sid)
        if found is None:
            raise not_found(self._path("Transfers", sid))
        return found

    # -- derived reads

    @property
    def single_tasking(self) -> bool:
        return self.tables.workspace is not None and not self.tables.workspace.multi_task_enabled

    def seat(self, worker_sid: str) -> Seat:
        return self.floor.seats[worker_sid]

    def members(self, queue_sid: str) -> dict[int, Seat]:
        """The workers of a queue by number."""
        return self.floor.rosters[queue_sid].members

    def everyone(self) -> dict[str, int]:
        """How many workers there are by activity."""
        return self.floor.rosters[EVERYONE].activities

    def task_document(self, task: Task) -> dict[str, Any]:
        """The task's attributes, parsed; the last ones are remembered, for all would take more than the tasks."""
        document = self.documents.get(task.sid)
        if document is None:
            document = msgspec.json.decode(task.attributes)
            if task.finished_at is None:
                if len(self.documents) >= DOCUMENTS_KEPT:
                    self.documents.clear()
                self.documents[task.sid] = document
        return document

    def workers_document(self, queue_sid: str) -> dict[str, int]:
        """What skip_if sees: members by availability and by activity (routing.md 5)."""
        counts = self.floor.rosters[queue_sid].activities
        document = {"available": 0, "unavailable": 0}
        for activity in self.tables.activities:
            count = counts.get(activity.sid, 0)
            document[activity.sid] = count
            document["available" if activity.available else "unavailable"] += count
        return document

    def clock_document(self) -> dict[str, Any]:
        """What expressions see as taskrouter.*: the minute in UTC (routing.md 6.3)."""
        minute = self.now // deadlines.MINUTE
        if self._clock[0] != minute:
            at = datetime.fromtimestamp(self.now / SECOND, UTC)
            document = {
                "currentTime": at.hour * 100 + at.minute,
                "currentHour": f"{at.hour:02}",
                "currentMin": at.minute,
                "dayOfWeek": _DAYS[at.weekday()],
            }
            self._clock = (minute, document)
        return self._clock[1]

    def workflow_document(self, sid: str, version: int) -> WorkflowDocument:
        return parse_document(self.tables.workflows[sid].versions[version].configuration)

    def last_set(self, task: Task) -> list[str]:
        """The reservations that were made together last."""
        last = self.tables.reservations[task.reservations[-1]].set_number
        return [sid for sid in task.reservations if self.tables.reservations[sid].set_number == last]

    # -- waiting and settling

    def rejoin(self, task: Task, avoid: frozenset[str] = frozenset()) -> None:
        """Let a pending task wait in its routing step, bound to its attributes of now, or in its transfer's queue."""
        self.floor.leave(task.sid)
        target = routing.target_of(self, task)
        document: dict[str, Any] = {}
        if task.filter == DIRECT or task.open_transfer:
            document = {"routing_target": task.routing_target}
        elif target.is_bound:
            document = self.task_document(task)
        self.floor.join(task, document, target, self.now, avoid)
        deadlines.set_bar_timer(self, task)
        if target.live is not None and target.live.uses_clock:
            self.watch_clock()

    def follow_up_later(self, kind: str, sid: str) -> None:
        """Look at a task once the floor is at rest: `new`, `entered` or `failed`; only the last word counts."""
        self.follow_ups[sid] = kind

    def settle(self, limit: int) -> bool:
        done = 0
        while done < limit:
            if not self.floor.at_rest():
                done += 1 + self.floor.match(limit - done, self.clock_document(), self.now, self.offer)
            elif self.follow_ups:
                self._follow_up(*self.follow_ups.popitem(last=False))
                done += 1
            elif self.chores:
                if next(self.chores[0], self) is self:
                    self.chores.popleft()
                done += limit // 4 + 1
            else:
                return True
        return self.floor.at_rest() and not self.follow_ups and not self.chores

    def _follow_up(self, sid: str, kind: str) -> None:
        task = self.tables.tasks.get(sid)
        if task is None or task.status != "pending":
            return
        if task.open_transfer:
            self.floor.forgive(sid)
        elif kind == "new":
            routing.enter(self, task)
        elif kind == "failed":
            failures.follow_up(self, task)
        elif failures.skips(self, task):
            routing.advance(self, task, "skip")

    def offer(self, task: Task, seats: list[Seat]) -> None:
        """Reserve the workers chosen for a task, all at once."""
        workflow = self.tables.workflows.get(task.workflow_sid)  # may be gone when the task is transferred
        timeout = RESERVATION_TIMEOUT_SECONDS if workflow is None else workflow.task_reservation_timeout
        deadline = self.now + timeout * SECOND
        queue = self.tables.task_queues.get(task.task_queue_sid or "")
        for index, seat in enumerate(seats):
            worker, sid, first = seat.worker, self.ids("WR"), index == 0
            previous, transfer = worker.activity_sid, task.open_transfer
            self.record(ReservationCreated(sid, task.sid, worker.sid, deadline, previous, first, transfer))
            if self.single_tasking and queue is not None and queue.reservation_activity_sid:
                self.record(WorkerActivityChanged(worker.sid, queue.reservation_activity_sid))

    # -- timers

    def fire(self, timer: Timer) -> None:
        deadlines.fire(self, timer.kind, timer.sid)

    def park(self, timer: Timer, error: str) -> None:
        self.timers.clear(timer.kind, timer.sid)
        self.record(TimerParked(timer.kind, timer.sid, error[:1000]))

    def watch_clock(self) -> None:
        """Some expression looks at the clock: look again at the next minute."""
        if ("clock", "") not in self.timers:  # a tick that is due must not be put off
            self.timers.set("clock", "", (self.now // deadlines.MINUTE + 1) * deadlines.MINUTE)

    def clock_ticked(self) -> None:
        clocked = [roster for roster in self.floor.rosters.values() if roster.uses_clock]
        if clocked or self.floor.clocked_lines():
            self.chores.append(reactions.clock_in_slices(self, clocked))
            self.watch_clock()
