"""What engines decide, to the sockets that it concerns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import structlog

from pointsman.domain.entry import Entry, Event
from pointsman.events import socket_v1, socket_v2
from pointsman.realtime.hub import GONE, Hub
from pointsman.realtime.session import Session
from pointsman.runtime.feed import Release
from pointsman.web.tickets import Ticket, current

log = structlog.get_logger(__name__)

TRANSFER = "task.transfer-"
DELETED = frozenset({"worker.deleted", "task-queue.deleted", "workspace.deleted"})
"""Events whose resource may have had a channel."""

Room = dict[str, list[Session]]
Letter = tuple[Session, str, Event]
"""A session, a frame for it, and what that tells of."""


class Broadcast:
    """Listens to the live feed. A frame is rendered once per dialect, and only if somebody hears it."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Release | None:
        """Who hears of the entries, and in which words, is settled now; the frames leave when all is durable."""
        room = self._hub.listened_to(stream)
        if room is None:
            return None
        letters: list[Letter] = []
        ended: list[Session] = []
        for entry in entries:
            for event in entry.events:
                try:
                    letters += _letters(room, stream, event, texts)
                except Exception:  # one event that cannot be told must not silence the others
                    log.exception("frame.failed", stream=stream, event_type=event.type)
                if event.type in DELETED:
                    ended += _left_behind(room, stream, event)
        return partial(_deliver, letters, ended, current.get()) if letters or ended else None


def _letters(room: Room, stream: str, event: Event, texts: Mapping[int, str]) -> list[Letter]:
    newer = _hearing(room, socket_v2.recipients_of(event), 2)
    older = _hearing(room, (*socket_v1.recipients_of(event), *socket_v1.queues_of(event), stream), 1)
    return [*_worded(newer, event, texts, socket_v2.frame_of), *_worded(older, event, texts, socket_v1.frame_of)]


def _left_behind(room: Room, stream: str, event: Event) -> list[Session]:
    """The sessions of what was deleted; those of a whole workspace with it."""
    if event.resource_sid == stream:
        return [session for sessions in room.values() for session in sessions]
    return list(room.get(event.resource_sid, ()))


def _hearing(room: Room, sids: tuple[str, ...], dialect: int) -> list[Session]:
    return [session for sid in sids for session in room.get(sid, ()) if session.address.dialect == dialect]


def _worded(
    sessions: list[Session],
    event: Event,
    texts: Mapping[int, str],
    frame_of: Callable[[Event, Mapping[int, str], str], str],
) -> Iterator[Letter]:
    if sessions:
        frame = frame_of(event, texts, sessions[0].caller.account_sid)
        yield from ((session, frame, event) for session in sessions)


def _deliver(letters: list[Letter], ended: list[Session], ticket: Ticket | None) -> None:
    """To the caller's own sockets after the answer to its request (its ticket), to all others at once.

    A transfer reaches both its parties after the answer, or one could answer it before the other has heard of it.
    """
    owner = ticket.owner if ticket is not None else ""
    is_transfer = any(event.type.startswith(TRANSFER) for _, _, event in letters)
    for session, frame, event in letters:
        waits = is_transfer or session.address.sid == owner
        session.tell(frame, event.type, str(event.data.get("reservation_sid", "")), ticket if waits else None)
    for session in ended:
        session.end(GONE, f"{session.address.sid} was deleted")
