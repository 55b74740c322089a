"""Events of every type, with the texts that they refer to: what the courier and the sockets are given."""

from functools import cache
from typing import NamedTuple

from pointsman.domain.entry import Entry, Event, event_sid

from ..engine.all_events import everything
from ..engine.driver import STREAM

ACCOUNT = "AC" + "2" * 32


class Told(NamedTuple):
    event: Event
    sid: str
    at: int


class Stage(NamedTuple):
    told: list[Told]
    texts: dict[int, str]

    def of(self, type: str) -> list[Event]:
        return [each.event for each in self.told if each.event.type == type]


@cache
def stage() -> Stage:
    c = everything()
    entries: list[tuple[int, Entry]] = list(enumerate(c.entries, 1))
    told = [Told(event, event_sid(STREAM, seq, n), e.at) for seq, e in entries for n, event in enumerate(e.events)]
    return Stage(told, c.ws.take_texts())
