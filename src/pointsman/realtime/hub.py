"""The hub: all sessions, by what they listen to."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterator

from pointsman.auth.caller import Caller
from pointsman.auth.directory import Directory
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.metrics import FRAMES_SENT, SOCKETS_CUT, SOCKETS_OPEN, SOCKETS_OPENED, Metric
from pointsman.realtime.opening import Opening
from pointsman.realtime.session import HEARTBEAT, Address, Session, mark_of
from pointsman.runtime.clock import Clock

HEARTBEAT_SECONDS = 15.0
LAST_SECONDS = 5.0
"""What has ended and is not closed so long after its next heartbeat is cut."""
GOING_AWAY, REPLACED, EXPIRED, GONE = 1001, 4001, 4003, 4004
KICKED_MOST = 10_000
TOO_MANY = 20429

Key = tuple[str, str]
"""Workspace and what is listened to in it."""


class Hub:
    """`opened` and `cut` count sockets since the start, `open` those that are there now."""

    def __init__(self, clock: Clock, directory: Directory, sessions_per_channel: int) -> None:
        self._clock = clock
        self._directory = directory
        self._most = sessions_per_channel
        self._rooms: dict[str, dict[str, list[Session]]] = {}
        self._kicked: OrderedDict[tuple[Key, bytes], None] = OrderedDict()
        self.closing = False
        self.open = 0
        self.opened = 0
        self.cut = 0
        self._frames = 0

    def figures(self) -> dict[Metric, float]:
        """For /metrics."""
        frames = self._frames + sum(session.sent for session in self.sessions())
        return {SOCKETS_OPEN: self.open, SOCKETS_OPENED: self.opened, SOCKETS_CUT: self.cut, FRAMES_SENT: frames}

    def listened_to(self, workspace_sid: str) -> dict[str, list[Session]] | None:
        """The sessions of a workspace by what they listen to; None if there are none."""
        return self._rooms.get(workspace_sid)

    def sessions(self) -> Iterator[Session]:
        for room in self._rooms.values():
            for group in room.values():
                yield from group

    def admit(self, address: Address) -> None:
        """Raises Refusal 429 when a channel has as many sessions as it may, 503 when the server stops."""
        if self.closing:
            raise Refusal("The server is stopping", status=503, code=20503)
        if len(self._group(address)) >= self._most:
            message = (
                f"{address.sid} has {self._most} open sockets already; close some, or raise max_sockets_per_channel"
            )
            raise Refusal(message, status=429, code=TOO_MANY)

    def add(self, session: Session) -> None:
        """Let it hear what is decided from now on."""
        address = session.address
        self._rooms.setdefault(address.workspace_sid, {}).setdefault(address.sid, []).append(session)
        self.renew(address.workspace_sid, address.sid, session.caller)
        self.open += 1
        self.opened += 1
        self._beat_later(session)

    def opening(self, workspace_sid: str, sid: str, token: str) -> list[Opening]:
        """The new sockets of this token, whose SDK is reading its state."""
        group = self._rooms.get(workspace_sid, {}).get(sid, ())
        opening = [session for session in group if session.opening and not session.opening.gate.is_open]
        mark = mark_of(token) if opening else b""
        return [session.opening for session in opening if session.opening and session.token_mark == mark]

    def hears(self, address: Address) -> bool:
        """True if somebody listens there."""
        return bool(self._group(address))

    def close_others(self, session: Session) -> None:
        """The sessions of the same channel make way for this one.

        One that was closed so itself comes back without closing others, or two clients would never rest.
        """
        key = _key(session.address)
        if (key, session.token_mark) in self._kicked:
            return
        for other in self._group(session.address):
            if other is not session:
                self._kicked[key, other.token_mark] = None
                other.end(REPLACED, "Closed by a newer session")
        while len(self._kicked) > KICKED_MOST:
            self._kicked.popitem(last=False)

    def drop(self, session: Session) -> bool:
        """Forget a session; True if it was the last of its channel."""
        address = session.address
        if session.beat is not None:
            session.beat.cancel()
        group = self._group(address)
        if session not in group:
            return False
        group.remove(session)
        self.open -= 1
        self._frames += session.sent
        self.cut += session.cut
        if group:
            return False
        room = self._rooms[address.workspace_sid]
        del room[address.sid]
        if not room:
            del self._rooms[address.workspace_sid]
        return True

    def renew(self, workspace_sid: str, sid: str, caller: Caller) -> None:
        """A token was seen for this channel: the sessions of the same client stay as long as it counts.

        The same is one with the same address and key: a stolen token gains nothing from its owner's next one.
        """
        for session in self._rooms.get(workspace_sid, {}).get(sid, ()):
            known = session.caller
            if (known.issuer, known.ip) == (caller.issuer, caller.ip) and known.expires_at < caller.expires_at:
                session.caller = caller

    def next_expiry(self) -> int | None:
        """When the next session may have to end (µs)."""
        return min((session.caller.expires_at for session in self.sessions() if session.gone is None), default=None)

    async def expire(self) -> None:
        """End what has expired; a virtual clock waits for this on its way."""
        self.look_at_tokens()

    def look_at_tokens(self) -> None:
        """End what has expired, and what a deleted key had signed."""
        for session in list(self.sessions()):
            self._look_at_token(session)

    async def close(self, seconds: float) -> None:
        """End all sessions, and wait for their sockets a while."""
        self.closing = True
        for session in list(self.sessions()):
            session.end(GOING_AWAY, "The server is stopping")
        try:
            async with asyncio.timeout(seconds):
                while self.open:
                    await asyncio.sleep(0.01)
        except TimeoutError:
            pass

    def _group(self, address: Address) -> list[Session]:
        return self._rooms.get(address.workspace_sid, {}).get(address.sid, [])

    def _look_at_token(self, session: Session) -> None:
        if session.caller.expires_at <= self._clock.now():
            session.end(EXPIRED, "The access token has expired")
        elif self._directory.credential(session.caller.issuer) is None:
            session.end(EXPIRED, "The access token was withdrawn")

    def _beat_later(self, session: Session) -> None:
        left = (session.caller.expires_at - self._clock.now()) / SECOND
        seconds = LAST_SECONDS if session.gone is not None else min(HEARTBEAT_SECONDS, max(0.05, left))
        session.beat = asyncio.get_running_loop().call_later(seconds, self._beat, session)

    def _beat(self, session: Session) -> None:
        if session.gone is not None and session.is_closing:
            return session.abort()
        self._look_at_token(session)
        session.is_closing = session.gone is not None
        session.send(HEARTBEAT)
        self._beat_later(session)


def _key(address: Address) -> Key:
    return address.workspace_sid, address.sid
