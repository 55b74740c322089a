"""Live statistics: real-time figures of a workspace, its queues and workers, as they change.

There is one picture per workspace, however many look at it: each figure with the version at which it came to be so. Who
asks for what is new since a version gets it in one piece, so nobody is owed more than one picture. It is drawn anew
when something happened and somebody looks on, a slice in each turn of the loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import partial

from pointsman.domain.entry import Entry
from pointsman.domain.limits import SECOND
from pointsman.domain.nouns import Worker
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace.board import Figures, Longest
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations import statistics_views as views
from pointsman.operations.scope import View, WorkspaceScope, heading
from pointsman.runtime.feed import Release
from pointsman.runtime.node import Node

SUBSCRIBERS_MOST = 100
"""Per workspace."""
PAUSE_SECONDS = 0.25
"""Real time between two pictures: what changes meanwhile is shown at once."""
SILENCE_SECONDS = 15.0
"""After so long a client is shown that the connection lives, and found out if it does not."""
SLICE = 100

Key = tuple[str, str]
"""("task_queues", sid), ("workers", sid) or ("workspace", "")."""


class Picture:
    """A workspace's figures by key, each with its version; None for what is gone."""

    def __init__(self) -> None:
        self.version = 0
        self.figures: dict[Key, tuple[int, View | None]] = {}
        self.viewers: dict[object, int] = {}
        """Those who look on, and which version each of them has seen."""
        self.fresh = asyncio.Event()
        """Something happened since it was last drawn."""
        self.drawing = asyncio.Lock()

    def show(self, key: Key, view: View | None, version: int) -> None:
        if self.figures.get(key, (0, None))[1] != view:
            self.figures[key] = (version, view)

    def bury(self) -> None:
        """Drop what is gone and what every viewer knows to be gone."""
        known = min(self.viewers.values(), default=0)
        for key in [key for key, (at, view) in self.figures.items() if view is None and at <= known]:
            del self.figures[key]

    def since(self, version: int) -> View:
        """What came to be so after a version; what is gone is of no interest to those who saw nothing yet."""
        news: View = {}
        for (kind, sid), (at, view) in self.figures.items():
            if at <= version or (view is None and not version):
                continue
            if kind == "workspace":
                news[kind] = view
            else:
                news.setdefault(kind, {})[sid] = view
        return news


class LiveStatistics:
    """A listener of the node that holds the pictures which somebody looks at."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._pictures: dict[str, Picture] = {}
        self._closed = False
        node.listeners.append(self)

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Release | None:
        picture = self._pictures.get(stream)
        return picture.fresh.set if picture is not None else None

    def close(self) -> None:
        """End every subscription."""
        self._closed = True
        for picture in self._pictures.values():
            picture.fresh.set()

    async def subscribe(self, scope: WorkspaceScope) -> AsyncIterator[View]:
        """A snapshot, then changes, and an empty view when nothing was said for long.

        Raises Refusal: 404, or 429 when too many look on.
        """
        opening = await scope.ask(heading)
        picture = self._pictures.setdefault(scope.sid, Picture())
        if len(picture.viewers) >= SUBSCRIBERS_MOST:
            raise Refusal(f"More than {SUBSCRIBERS_MOST} subscriptions to {scope.sid}", status=429, code=20429)
        viewer = object()
        picture.viewers[viewer] = 0
        return self._news(scope, picture, viewer, opening)

    async def _news(
        self, scope: WorkspaceScope, picture: Picture, viewer: object, opening: View
    ) -> AsyncIterator[View]:
        version = 0
        try:
            if not picture.version or picture.fresh.is_set():
                await self._draw(scope, picture)
            while not self._closed:
                news, version = picture.since(version), picture.version
                yield opening | {"version": version} | news if news or opening else {}
                opening = {}
                picture.viewers[viewer] = version
                if picture.version == version and await _happens(picture.fresh) and not self._closed:
                    await asyncio.sleep(PAUSE_SECONDS)
                    if picture.version == version:
                        await self._draw(scope, picture)
        except Refusal:  # the workspace was deleted
            return
        finally:
            del picture.viewers[viewer]
            if not picture.viewers:
                self._pictures.pop(scope.sid, None)

    async def _draw(self, scope: WorkspaceScope, picture: Picture) -> None:
        """Bring the picture up to date. Several may ask at once: the first draws for all."""
        seen = picture.version
        async with picture.drawing:
            if picture.version != seen:
                return
            picture.fresh.clear()
            try:
                await self._redraw(scope, picture)
            except BaseException:  # who drew has gone away: it is still to be done
                picture.fresh.set()
                raise

    async def _redraw(self, scope: WorkspaceScope, picture: Picture) -> None:
        version = picture.version + 1
        present: set[Key] = set()
        for look in (_workspace, partial(_slice, "task_queues", _queue), partial(_slice, "workers", _worker)):
            number: int | None = 0
            while number is not None:
                found, number = await scope.ask(partial(look, number))
                for key, view in found.items():
                    picture.show(key, view, version)
                present |= found.keys()
                await asyncio.sleep(0)
        for key in picture.figures.keys() - present:
            picture.show(key, None, version)
        picture.bury()
        picture.version = version


async def _happens(event: asyncio.Event) -> bool:
    """Wait for it, but not for ever."""
    try:
        async with asyncio.timeout(SILENCE_SECONDS):
            await event.wait()
    except TimeoutError:
        return False
    return True


Found = tuple[dict[Key, View], int | None]
"""Figures, and the number to go on from; None at the end."""


def _workspace(number: int, ws: WorkspaceEngine) -> Found:
    view = _tasks(ws.board.figures()) | views.workers(ws)
    return {("workspace", ""): view}, None


def _slice(kind: str, show: Callable[[WorkspaceEngine, str], View], number: int, ws: WorkspaceEngine) -> Found:
    rows = getattr(ws.tables, kind).after(number, SLICE)
    found = {(kind, row.sid): show(ws, row.sid) for row in rows}
    return found, rows[-1].number if len(rows) == SLICE else None


def _queue(ws: WorkspaceEngine, sid: str) -> View:
    figures = ws.board.figures(sid)
    named = {"friendly_name": ws.tables.task_queues[sid].friendly_name}
    return (
        named
        | _tasks(figures)
        | {
            "longest_relative_task_entered": _since(figures.longest_in_queue),
            "longest_relative_task_sid_in_queue": figures.longest_in_queue[2] if figures.longest_in_queue else None,
            **views.members(ws, sid),
        }
    )


def _worker(ws: WorkspaceEngine, sid: str) -> View:
    worker: Worker = ws.tables.workers[sid]
    activity = ws.tables.activities[worker.activity_sid]
    statuses = [held.status for held in ws.seat(sid).reservations.values()]
    return {
        "friendly_name": worker.friendly_name,
        "activity_sid": activity.sid,
        "activity_name": activity.friendly_name,
        "available": activity.available,
        "date_status_changed": worker.date_status_changed,
        "reservations_by_status": {status: statuses.count(status) for status in ("pending", "accepted", "wrapping")},
    }


def _tasks(figures: Figures) -> View:
    """Without ages, which change by themselves: instead, since when."""
    return {
        "longest_task_waiting_since": _since(figures.oldest),
        "longest_task_waiting_sid": figures.oldest[2] if figures.oldest else None,
        "tasks_by_status": figures.statuses,
        "tasks_by_priority": {str(priority): n for priority, n in figures.priorities.items()},
        "total_tasks": figures.total,
    }


def _since(longest: Longest | None) -> int | None:
    return longest[0] // SECOND * SECOND if longest is not None else None
