"""One socket's session: what is to be sent waits in a bounded queue, so that nobody waits for a peer that is slow."""

from __future__ import annotations

import asyncio
import hashlib
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from pointsman.auth.caller import Caller
from pointsman.realtime.opening import Opening
from pointsman.web.tickets import Ticket

QUEUE_FRAMES = 1000
QUEUE_CHARACTERS = 1024 * 1024
HEARTBEAT = " "

Send = Callable[[dict[str, Any]], Awaitable[None]]


class Address(msgspec.Struct, frozen=True):
    """What a session listens to: a worker, a workspace or a task queue (`sid`), in the dialect 1 or 2."""

    workspace_sid: str
    sid: str
    dialect: int


class Wishes(msgspec.Struct, frozen=True):
    """What a client asks for in its handshake."""

    closes_others: bool = False
    offline_if_disconnected: bool = False
    disconnect_activity_sid: str | None = None


def mark_of(token: str) -> bytes:
    """What a token is known by; not the token itself, which nobody shall find here."""
    return hashlib.blake2b(token.encode(), digest_size=16).digest()


class Session:
    """Frames leave in the order in which they were sent here. `gone` is the close code and reason, once it ends."""

    __slots__ = (
        "_characters",
        "_frames",
        "_held",
        "_wakeup",
        "abort",
        "address",
        "beat",
        "caller",
        "cut",
        "gone",
        "is_closing",
        "opening",
        "sent",
        "token_mark",
        "wishes",
    )

    def __init__(
        self, address: Address, caller: Caller, wishes: Wishes, token_mark: bytes, abort: Callable[[], None]
    ) -> None:
        self.address = address
        self.caller = caller
        self.wishes = wishes
        self.token_mark = token_mark
        self.gone: tuple[int, str] | None = None
        self.is_closing = False
        """It had a heartbeat to close."""
        self.cut = False
        """It was cut because its peer did not read."""
        self.opening = Opening() if address.dialect == 2 else None
        self.beat: asyncio.TimerHandle | None = None
        self.sent = 0
        self.abort = abort
        """Cuts the connection at once."""
        self._frames: deque[str] = deque()
        self._held: deque[tuple[tuple[Ticket, ...], str]] = deque()
        self._characters = 0
        self._wakeup = asyncio.Event()

    def send(self, frame: str, gates: tuple[Ticket, ...] = ()) -> None:
        """Send, never blocking: when all gates are open, and behind what waits for such ones."""
        if self.gone is not None:
            return
        if len(self._frames) + len(self._held) >= QUEUE_FRAMES or self._characters > QUEUE_CHARACTERS:
            return self._cut_off()
        self._characters += len(frame)
        if gates or self._held:
            self._held.append((gates, frame))
            for gate in gates:
                gate.when_open(self._let_go)
        else:
            self._frames.append(frame)
            self._wakeup.set()

    def tell(self, frame: str, event_type: str, reservation_sid: str, ticket: Ticket | None) -> None:
        """A frame of an event; with a ticket after the answer of the request that caused it."""
        gates = () if ticket is None or ticket.is_open else (ticket,)
        if self.opening is not None and self.opening.holds(event_type, reservation_sid):
            gates = (*gates, self.opening.gate)
        self.send(frame, gates)

    def end(self, code: int, reason: str) -> None:
        """Close it, after what is still to be sent."""
        if self.gone is None:
            self.gone = (code, reason)
            self._wakeup.set()

    async def pump(self, send: Send) -> None:
        """Send until the session ends, then close the socket."""
        frames = self._frames
        while True:
            while frames:
                frame = frames.popleft()
                self._characters -= len(frame)
                await send({"type": "websocket.send", "text": frame})
                self.sent += 1
            if self.gone is not None:
                code, reason = self.gone
                return await send({"type": "websocket.close", "code": code, "reason": reason})
            self._wakeup.clear()
            await self._wakeup.wait()

    def _let_go(self) -> None:
        held = self._held
        while held and all(gate.is_open for gate in held[0][0]):
            self._frames.append(held.popleft()[1])
        self._wakeup.set()

    def _cut_off(self) -> None:
        """A close frame would wait behind what the peer does not read, so the connection is cut."""
        self._frames.clear()
        self._held.clear()
        self.cut = True
        self.end(1013, "too slow")
        self.abort()
