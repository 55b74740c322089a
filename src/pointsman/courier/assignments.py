"""Assignment callbacks: who is to be asked follows from the state, never from a cursor (ruling 14).

A pending reservation of a workflow with an AssignmentCallbackUrl is asked about until an outcome is recorded: when its
creation is on disk, or at the start of the next process. So a callback may be repeated after a crash, with the same
idempotency token, but none is sent for a reservation that has ended.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import NAMESPACE_OID, uuid5

import structlog

from pointsman.auth.directory import Directory
from pointsman.courier.assignment_call import RETRIEVAL, Call, Reading, call_of, read_answer
from pointsman.domain.entry import SYSTEM, Entry
from pointsman.domain.facts import ReservationCreated, WorkflowCreated, WorkflowUpdated
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import assignments
from pointsman.engine.workspace.assignments import Complaint
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.outbound.client import Outbound, Unreachable
from pointsman.runtime.node import Node, Unavailable

T = TypeVar("T")
log = structlog.get_logger(__name__)

TIMEOUT_SECONDS = 5.0
"""Real ones, for each URL: Twilio waits no longer."""
CALLS_MOST = 512
CALLS_PER_WORKSPACE = 64
"""Callbacks under way at a time: an application that hangs must not take them all."""
RETRY_SECONDS = 1.0
"""Until the node is asked again when it could not store anything."""


class Desk:
    """One workspace's callbacks: what waits, by sid, and what is under way."""

    def __init__(self, stream: str) -> None:
        self.stream = stream
        self.waiting: deque[str] = deque()
        self.known: set[str] = set()
        """What waits or is under way, so that none is sent twice."""
        self.calls = 0
        self.in_line = False


class Assignments:
    """A listener of the node. `start` when the node has started; `stop` before it stops."""

    def __init__(self, node: Node, directory: Directory, outbound: Outbound) -> None:
        self._node = node
        self._directory = directory
        self._outbound = outbound
        self._with_urls: set[str] = set()
        """Workspaces of which some workflow has, or had, an AssignmentCallbackUrl; the others cost nothing."""
        self._desks: dict[str, Desk] = {}
        self._line: deque[Desk] = deque()
        """Desks that may begin a callback; each goes to the end after one."""
        self._calls = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._stopped = False

    # -- life

    def start(self) -> None:
        """Listen, and take up what an earlier process left unanswered."""
        self._node.listeners.append(self)
        self._node.idlers.append(self.idle)
        for stream in self._node.workspaces():
            self._spawn(self._scan(stream))

    async def stop(self) -> None:
        """Give up what is under way: it is asked again after the next start."""
        self._stopped = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def idle(self) -> None:
        """Return when no callback is under way or waits; each is bounded by its time-out."""
        await asyncio.sleep(0)  # what has just come to the disk is released in this pass of the loop
        while self._tasks and not self._stopped:
            await asyncio.wait(self._tasks)

    # -- who is to be asked

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Callable[[], None] | None:
        sids = []
        for entry in entries:
            fact = entry.fact
            if isinstance(fact, ReservationCreated):
                sids.append(fact.sid)
            elif isinstance(fact, WorkflowCreated | WorkflowUpdated) and fact.assignment_callback_url:
                self._with_urls.add(stream)
        if not sids or stream not in self._with_urls:
            return None
        return lambda: self._enqueue(stream, sids)

    async def _scan(self, stream: str) -> None:
        def look(ws: WorkspaceEngine) -> tuple[bool, list[str]]:
            return any(workflow.assignment_callback_url for workflow in ws.tables.workflows), assignments.all_due(ws)

        with_urls, sids = await self._persistently(lambda: self._node.ask(stream, look))
        if with_urls:
            self._with_urls.add(stream)
        self._enqueue(stream, sids)

    def _enqueue(self, stream: str, sids: Iterable[str]) -> None:
        desk = self._desks.get(stream)
        if desk is None:
            desk = self._desks[stream] = Desk(stream)
        for sid in sids:
            if sid not in desk.known:
                desk.known.add(sid)
                desk.waiting.append(sid)
        self._line_up(desk)
        self._begin()

    def _line_up(self, desk: Desk) -> None:
        if desk.waiting and desk.calls < CALLS_PER_WORKSPACE and not desk.in_line:
            desk.in_line = True
            self._line.append(desk)
        elif not desk.known:
            self._desks.pop(desk.stream, None)

    def _begin(self) -> None:
        while self._line and self._calls < CALLS_MOST and not self._stopped:
            desk = self._line.popleft()
            desk.in_line = False
            desk.calls += 1
            self._calls += 1
            self._spawn(self._serve(desk, desk.waiting.popleft()))
            self._line_up(desk)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- one callback

    async def _serve(self, desk: Desk, sid: str) -> None:
        try:
            await self._call(desk.stream, sid)
        except Refusal:
            log.debug("assignment.workspace-gone", stream=desk.stream, reservation=sid)
        except Exception:
            log.exception("assignment.failed", stream=desk.stream, reservation=sid)
        finally:
            desk.calls -= 1
            self._calls -= 1
            desk.known.discard(sid)
            self._line_up(desk)
            self._begin()

    async def _call(self, stream: str, sid: str) -> None:
        """Ask one URL after the other until an answer is valid; record how that ended, with its effect."""
        call = await self._persistently(lambda: self._node.ask(stream, lambda ws: call_of(ws, sid)))
        if call is None:
            return
        complaints: list[Complaint] = []
        reading, url = Reading(), ""
        for url in call.urls:
            if complaints and not await self._still_due(stream, sid):
                break
            reading = await self._ask(call, url)
            if reading.complaint is not None:
                complaints.append(Complaint(*reading.complaint, url))
            if reading.outcome:
                break
        outcome = reading.outcome or ("cancel" if len(complaints) > 1 else "failed")

        def command(ws: WorkspaceEngine) -> None:
            assignments.answer(
                ws,
                sid,
                outcome,
                workflow_sid=call.workflow_sid,
                url=url,
                activity_sid=reading.activity_sid,
                complaints=tuple(complaints),
            )

        await self._persistently(lambda: self._node.tell(stream, SYSTEM, command))

    async def _still_due(self, stream: str, sid: str) -> bool:
        def look(ws: WorkspaceEngine) -> bool:
            return assignments.due(ws, sid) is not None

        return await self._persistently(lambda: self._node.ask(stream, look))

    async def _ask(self, call: Call, url: str) -> Reading:
        secret = self._directory.secret_of(call.account_sid) or b""
        try:
            answer = await self._outbound.post(
                url,
                call.fields,
                auth_token=secret.decode(),
                timeout=TIMEOUT_SECONDS,
                idempotency_token=str(uuid5(NAMESPACE_OID, call.reservation_sid)),
            )
        except Unreachable as error:
            return Reading(complaint=(RETRIEVAL, f"The assignment callback could not be made: {error.text}"))
        return read_answer(answer)

    async def _persistently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Until the node can store again: an outcome must not be lost, or the application would be asked twice."""
        while True:
            try:
                return await work()
            except Unavailable:
                await asyncio.sleep(RETRY_SECONDS)
