"""Statistics: real-time figures from the engine, cumulative ones from history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.history import figures
from pointsman.history.figures import NOBODY, Window
from pointsman.history.file_statements import Counts
from pointsman.history.history import Followed, History
from pointsman.history.marks import QUEUE, WORKER, WORKFLOW, WORKSPACE, Subject
from pointsman.operations import statistics_views as views
from pointsman.operations.filters import equals
from pointsman.operations.paging import Listing, Page, PageRequest, page_of
from pointsman.operations.scope import View, WorkspaceScope, heading
from pointsman.operations.statistics_window import StatisticsQuery, WorkerFilter, thresholds_of, window_of

QUEUES_MOST = 50
OWN = {WORKSPACE: views.OF_WORKSPACE, WORKFLOW: views.OF_WORKFLOW, QUEUE: views.OF_QUEUE}
SID = {WORKSPACE: "", WORKFLOW: "workflow_sid", QUEUE: "task_queue_sid", WORKER: "worker_sid"}


class Asked(NamedTuple):
    """What the engine says to a request, and what to ask history for."""

    view: View
    realtime: View
    channel: str | None
    window: Window
    head: int
    """History must know everything up to here."""
    now: int


class Statistics:
    """The statistics of what the callers' scope shows; `history` is where the past is known."""

    def __init__(self, scope: WorkspaceScope, history: History, query: StatisticsQuery) -> None:
        self.scope = scope
        self.history = history
        self.query = query
        self.thresholds = thresholds_of(query)

    # -- of a workspace, a workflow, a queue

    async def real_time(self, subject: Subject, sid: str = NOBODY) -> View:
        asked = await self._ask(lambda ws, channel: _realtime(ws, subject, sid, channel), subject, sid)
        return asked.view | asked.realtime

    async def cumulative(self, subject: Subject, sid: str = NOBODY) -> View:
        asked = await self._ask(lambda ws, channel: {}, subject, sid)
        view = await self._cumulative(asked, subject, [sid])
        return asked.view | _rounded(view[sid])

    async def combined(self, subject: Subject, sid: str = NOBODY) -> View:
        asked = await self._ask(lambda ws, channel: _realtime(ws, subject, sid, channel), subject, sid)
        view = await self._cumulative(asked, subject, [sid])
        return asked.view | {"cumulative": view[sid], "realtime": asked.realtime}

    async def counted(self, subject: Subject, sid: str) -> tuple[Asked, Counts]:
        """The bare counts of the window, for figures that TaskRouter does not have."""
        asked = await self._ask(lambda ws, channel: {}, subject, sid)
        followed = await self._known(asked)
        counted = await figures.counts(self.history, followed, subject, [sid], asked.channel, asked.window)
        return asked, counted[sid]

    async def of_queues(self, request: PageRequest, friendly_name: str | None) -> Page:
        """A page of queues with their statistics."""
        asked = await self._ask(lambda ws, channel: {}, WORKSPACE, NOBODY)

        def view(ws: WorkspaceEngine, queue: object) -> View:
            sid = queue.sid  # type: ignore[attr-defined]
            return heading(ws) | {"task_queue_sid": sid, "realtime": views.queue(ws, sid, asked.channel)}

        listing = Listing(
            lambda ws: ws.tables.task_queues,
            view,
            lambda ws: equals("friendly_name", friendly_name) or (lambda queue: True),
        )
        page = await page_of(self.scope, listing, request)
        counted = await self._cumulative(asked, QUEUE, [item["task_queue_sid"] for item in page.items])
        items = [item | {"cumulative": counted[item["task_queue_sid"]]} for item in page.items]
        return msgspec.structs.replace(page, items=items)

    async def _cumulative(self, asked: Asked, subject: Subject, sids: Sequence[str]) -> dict[str, View]:
        followed = await self._known(asked)
        counted = await figures.counts(self.history, followed, subject, sids, asked.channel, asked.window)
        # many waits take a while: meanwhile others are served
        return await asyncio.to_thread(_views, counted, asked.window, self.thresholds, OWN[subject])

    # -- of workers

    async def workers_real_time(self) -> View:
        asked = await self._ask(lambda ws, channel: views.workers(ws), WORKSPACE, NOBODY)
        return asked.view | asked.realtime

    async def workers_cumulative(self) -> View:
        asked = await self._ask(lambda ws, channel: {}, WORKSPACE, NOBODY)
        return asked.view | await self._of_workers(asked, None)

    async def workers(self, filter: WorkerFilter) -> View:
        """Of the workers that the filter leaves: all their reservations, and their time in activities."""
        chosen: list[str] | None = None

        def look(ws: WorkspaceEngine, channel: str | None) -> View:
            nonlocal chosen
            chosen = _workers(ws, filter) if filter.narrows else None
            return views.workers(ws, chosen)

        asked = await self._ask(look, WORKSPACE, NOBODY)
        return asked.view | {"cumulative": await self._of_workers(asked, chosen), "realtime": asked.realtime}

    async def worker(self, sid: str) -> View:
        asked = await self._ask(lambda ws, channel: {}, WORKER, sid)
        return asked.view | {"cumulative": await self._of_workers(asked, [sid])}

    async def _of_workers(self, asked: Asked, chosen: list[str] | None) -> View:
        """Without a choice, of all workers there were: every reservation is some worker's."""
        followed = await self._known(asked)
        subject, sids = (WORKSPACE, [NOBODY]) if chosen is None else (WORKER, chosen)
        counted = await figures.counts(self.history, followed, subject, sids, asked.channel, asked.window)
        total = await asyncio.to_thread(_together, counted)
        spent = await figures.durations(self.history, followed, chosen, asked.window, asked.now)
        durations = await self.scope.ask(lambda ws: views.activity_durations(ws, spent))
        return views.span(asked.window) | views.reservations(total) | {"activity_durations": durations}

    # -- asking

    async def _ask(self, realtime: Callable[[WorkspaceEngine, str | None], View], subject: Subject, sid: str) -> Asked:
        def look(ws: WorkspaceEngine) -> Asked:
            view = heading(ws)
            if subject is not WORKSPACE:
                _check(ws, subject, sid)
                view[SID[subject]] = sid
            window = window_of(self.query, ws.now, self.scope.node.settings.retention_days)
            channel = _channel(ws, self.query.task_channel)
            return Asked(view, realtime(ws, channel), channel, window, ws.head, ws.now // SECOND)

        return await self.scope.ask(look)

    async def _known(self, asked: Asked) -> Followed:
        return await self.history.caught_up(self.scope.sid, asked.head)


async def of_many_queues(scope: WorkspaceScope, body: bytes) -> View:
    """The real-time figures of 1 to 50 queues; zeros for a queue that there is not.

    The body is the only one of the API that is JSON (rest-api.md 15.4).
    """
    await scope.ask(lambda ws: None)
    try:
        asked = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise Refusal('The body must be a JSON object: {"queueSids": ["WQ…", …]}')
    sids = asked.get("queueSids", asked.get("QueueSids"))
    if not isinstance(sids, list) or not 1 <= len(sids) <= QUEUES_MOST:
        many = len(sids) if isinstance(sids, list) else 0
        raise Refusal(f"queueSids must be a list of 1 to {QUEUES_MOST} TaskQueue sids, but has {many}")
    for sid in sids:
        if not isinstance(sid, str) or not _is_queue_sid(sid):
            raise Refusal(f"Value '{str(sid)[:100]}' provided for queueSids has an invalid format")
    return await scope.ask(lambda ws: heading(ws) | _many(ws, sids))


def _many(ws: WorkspaceEngine, sids: list[str]) -> View:
    """What a queue alone shows, but for the time in the queue, which Twilio leaves out here."""
    data = [{"task_queue_sid": sid} | views.queue(ws, sid, None) for sid in dict.fromkeys(sids)]
    for item in data:
        del item["longest_relative_task_age_in_queue"], item["longest_relative_task_sid_in_queue"]
    return {"task_queue_data": data, "task_queue_response_count": len(data)}


def _is_queue_sid(sid: str) -> bool:
    return len(sid) == 34 and sid[:2] == "WQ" and all(digit in "0123456789abcdefABCDEF" for digit in sid[2:])


def _check(ws: WorkspaceEngine, subject: Subject, sid: str) -> None:
    """404 for what there is not."""
    {WORKFLOW: ws.workflow, QUEUE: ws.task_queue, WORKER: ws.worker}[subject](sid)


def _realtime(ws: WorkspaceEngine, subject: Subject, sid: str, channel: str | None) -> View:
    if subject is QUEUE:
        return views.queue(ws, sid, channel)
    if subject is WORKFLOW:
        return views.tasks(ws, ws.board.figures(sid, channel))
    return views.workspace(ws, channel)


def _channel(ws: WorkspaceEngine, sid_or_name: str | None) -> str | None:
    if sid_or_name is None:
        return None
    try:
        return ws.task_channel(sid_or_name).sid
    except Refusal:
        raise Refusal(f"TaskChannel '{sid_or_name[:100]}' does not exist in this Workspace") from None


def _workers(ws: WorkspaceEngine, filter: WorkerFilter) -> list[str]:
    """The sids of the workers that the filter leaves."""
    tables = ws.tables
    queues = {filter.task_queue_sid} if filter.task_queue_sid is not None else None
    if filter.task_queue_name is not None:
        named = {queue.sid for queue in tables.task_queues if queue.friendly_name == filter.task_queue_name}
        queues = named if queues is None else queues & named
    if queues is not None:
        rosters = [ws.floor.rosters[sid] for sid in sorted(queues) if sid and sid in ws.floor.rosters]
        found = {number: seat.worker for roster in rosters for number, seat in roster.members.items()}
        workers = [found[number] for number in sorted(found)]
    else:
        workers = list(tables.workers)
    if filter.friendly_name is not None:
        workers = [worker for worker in workers if worker.friendly_name == filter.friendly_name]
    if filter.activity_name is not None:
        wanted = {activity.sid for activity in tables.activities if activity.friendly_name == filter.activity_name}
        workers = [worker for worker in workers if worker.activity_sid in wanted]
    return [worker.sid for worker in workers]


def _views(counted: dict[str, Counts], window: Window, thresholds: Sequence[int], own: views.Kinds) -> dict[str, View]:
    return {sid: views.cumulative(counts, window, thresholds, own) for sid, counts in counted.items()}


def _together(counted: dict[str, Counts]) -> Counts:
    """The counts of all, added up."""
    total: Counts = {}
    for counts in counted.values():
        for key, n in counts.items():
            total[key] = total.get(key, 0) + n
    return total


def _rounded(view: View) -> View:
    """The cumulative resources show the average in whole seconds, the combined ones as a decimal number."""
    return view | {"avg_task_acceptance_time": views.whole(view["avg_task_acceptance_time"])}
