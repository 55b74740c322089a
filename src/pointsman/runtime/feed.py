"""The live feed: whoever must hear of entries at once, and not only read them back from the journal."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from pointsman.domain.entry import Entry
from pointsman.runtime.lane import Lane

log = structlog.get_logger(__name__)

Release = Callable[[], None]


class Listener(Protocol):
    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Release | None:
        """Told in the very turn that decided the entries, so that recipients and frames are those of that moment.

        `texts`: the attribute texts that the entries' events refer to, by seq. What is returned is called when the
        entries are durable, after the answers that waited for them; never, if they are lost.
        """


class Feed:
    def __init__(self) -> None:
        self.listeners: list[Listener] = []
        self.turns = 0
        """How many turns decided something: two equal readings mean that nothing happened between them."""

    def tell(self, lane: Lane, entries: Sequence[Entry], texts: Mapping[int, str]) -> None:
        """The lane has just accepted these entries. A listener that fails must not spoil the engine."""
        self.turns += 1
        first_seq = lane.decided - len(entries) + 1
        for listener in self.listeners:
            try:
                release = listener.decided(lane.stream, first_seq, entries, texts)
            except Exception:
                log.exception("listener.failed", stream=lane.stream)
                continue
            if release is not None:
                lane.releases.append((lane.decided, release))
