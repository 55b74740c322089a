"""Problems with callbacks, told once a minute however often they occur."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from pointsman.domain.limits import SECOND

QUIET = 60 * SECOND
KINDS_MOST = 10_000


class Problem(msgspec.Struct, frozen=True):
    """Something that an application's developer should know. `count`: how often since it was last told."""

    stream: str
    code: int
    text: str
    url: str
    at: int
    count: int = 1
    event_sid: str = ""
    event_type: str = ""
    sids: dict[str, str] = {}
    """task_sid, worker_sid, reservation_sid, task_queue_sid and workflow_sid, as far as the event has them."""


OnProblem = Callable[[Problem], None]


class Problems:
    """Lets the first of a kind through, and then one a minute. A kind is a workspace, a URL and a code."""

    def __init__(self, tell: OnProblem) -> None:
        self._tell = tell
        self._told: dict[tuple[str, str, int], tuple[int, int]] = {}
        """When a kind was told, and how often it has occurred since."""

    def note(self, problem: Problem) -> None:
        kind = (problem.stream, problem.url, problem.code)
        told, since = self._told.get(kind, (-QUIET, 0))
        if problem.at - told < QUIET:
            self._told[kind] = (told, since + 1)
            return
        self._told.pop(kind, None)  # the dict is in the order of telling
        self._told[kind] = (problem.at, 0)
        if len(self._told) > KINDS_MOST:
            del self._told[next(iter(self._told))]
        self._tell(msgspec.structs.replace(problem, count=since + 1))
