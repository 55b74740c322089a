"""WebSockets: who may open one, and what happens until it closes.

`/v1/wschannels` speaks the dialect of the SDK's versions 2 and 3, and the token says which worker it is for;
`/v1/wschannels/{account}/{sid}` speaks that of version 1.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from pointsman.auth.caller import Caller
from pointsman.auth.permissions import permit
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations import presence
from pointsman.operations.scope import WorkspaceScope
from pointsman.realtime.hub import Hub
from pointsman.realtime.session import Address, Send, Session, Wishes, mark_of
from pointsman.runtime.node import Unavailable
from pointsman.web.body import parse_form
from pointsman.web.errors import CORS_HEADERS, error_body
from pointsman.web.house import House
from pointsman.web.parameters import Parameters

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]

ROOT = "/v1/wschannels"
MESSAGES_MOST, MINUTE = 1000, 60.0
"""Clients have nothing to say on a socket; who says so much in a minute has gone wrong."""
NORMAL, UNSUPPORTED, TALKATIVE = 1000, 1003, 1008
TRIES, TRY_AGAIN_SECONDS = 60, 1.0
"""For telling that a worker is gone, while nothing can be written."""


class Sockets:
    """The ASGI application of WebSockets."""

    def __init__(self, house: House, hub: Hub) -> None:
        self._house = house
        self._hub = hub

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()  # the client wants to connect
        try:
            session = await self._admit(scope)
            self._hub.add(session)
            try:
                await self._serve(session, receive, send)
            except OSError:  # the client went away during the handshake
                pass
            finally:
                last = self._hub.drop(session)
        except Refusal as refusal:  # none comes after the handshake
            return await refuse(send, refusal)
        except Unavailable:
            return await refuse(send, Refusal("The server cannot answer at present", status=503, code=20503))
        if last:
            await self._worker_gone(session)

    async def _serve(self, session: Session, receive: Receive, send: Send) -> None:
        """Until the socket closes. What is decided from now on is sent behind the init frame."""
        if session.address.dialect == 2:
            session.send(self._init(session))
        await self._worker_there(session)
        await send({"type": "websocket.accept"})
        if session.wishes.closes_others:
            self._hub.close_others(session)
        pumping = asyncio.create_task(session.pump(send))
        try:
            await listen(session, receive)
        finally:
            session.end(NORMAL, "")
            await _finish(pumping)

    async def _admit(self, scope: Scope) -> Session:
        """The session of a handshake. Raises Refusal 401, 403, 404, 429."""
        query = Parameters(parse_form(scope["query_string"]))
        path = scope["path"].rstrip("/")
        below = path.removeprefix(ROOT)
        if not path.startswith(ROOT) or (below and (below[0] != "/" or below.count("/") != 2)):
            raise not_found(path.removeprefix("/v1")[:300])
        token = query.text("token") or ""
        client = scope.get("client")
        caller = self._house.tokens.caller(token, client[0] if client else "")
        permit(caller, "GET", path.removeprefix("/v1/"), {})
        address = self._address(caller, below)
        wishes = _wishes(caller, address, query)
        workspace = WorkspaceScope(self._house.node, caller, caller.workspace_sid)
        await workspace.ask(lambda ws: _check_exists(ws, address.sid))
        self._hub.admit(address)
        return Session(address, caller, wishes, mark_of(token), scope.get("abort", _no_abort))

    def _address(self, caller: Caller, below: str) -> Address:
        if below:
            return Address(caller.workspace_sid, below.rpartition("/")[2], 1)
        if not caller.worker_sid:
            raise Refusal("The token names no worker, so there is no channel to open", status=403, code=20006)
        return Address(caller.workspace_sid, caller.worker_sid, 2)

    def _init(self, session: Session) -> str:
        """The first frame: only now does the SDK ask for anything. `token_lifetime` is in milliseconds."""
        payload = {
            "channel_id": session.address.sid,
            "account_sid": session.caller.account_sid,
            "workspace_sid": session.address.workspace_sid,
            "token_lifetime": max(0, session.caller.expires_at - self._house.node.clock.now()) * 1000 // SECOND,
        }
        return msgspec.json.encode({"event_type": "init", "payload": payload}).decode()

    async def _worker_there(self, session: Session) -> None:
        if session.address.sid.startswith("WK"):
            wishes = session.wishes
            await presence.connected(
                self._scope(session),
                session.address.sid,
                offline=wishes.offline_if_disconnected,
                disconnect_activity_sid=wishes.disconnect_activity_sid,
            )

    async def _worker_gone(self, session: Session) -> None:
        """The worker's last socket has closed, and not because the server stops."""
        for _ in range(TRIES):
            if not session.address.sid.startswith("WK") or self._hub.closing or self._hub.hears(session.address):
                return
            try:
                return await presence.disconnected(self._scope(session), session.address.sid)
            except Refusal:  # the workspace is gone
                return
            except Unavailable:
                await asyncio.sleep(TRY_AGAIN_SECONDS)

    def _scope(self, session: Session) -> WorkspaceScope:
        return WorkspaceScope(self._house.node, session.caller, session.address.workspace_sid)


async def listen(session: Session, receive: Receive) -> None:
    """Until the socket closes. What clients say is ignored: no SDK says anything."""
    loop = asyncio.get_running_loop()
    said, since = 0, loop.time()
    while (event := await receive())["type"] != "websocket.disconnect":
        said += 1
        if event.get("bytes") is not None:
            session.end(UNSUPPORTED, "Only text is understood")
        elif said > MESSAGES_MOST:
            if loop.time() - since < MINUTE:
                session.end(TALKATIVE, "Too many messages")
            said, since = 0, loop.time()


async def refuse(send: Send, refusal: Refusal) -> None:
    """Answer the handshake with an HTTP error, in the shape of all errors."""
    body = error_body(refusal.status, refusal.code, refusal.message)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    headers += [(name.lower().encode(), value.encode()) for name, value in CORS_HEADERS.items()]
    await send({"type": "websocket.http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def _finish(pumping: asyncio.Task[None]) -> None:
    """The connection is gone; what was still to be sent goes with it."""
    try:
        await asyncio.wait_for(pumping, 1)
    except (OSError, RuntimeError, TimeoutError):  # uvicorn says so when it is asked to send
        pass


def _wishes(caller: Caller, address: Address, query: Parameters) -> Wishes:
    """What the query asks for. Each dialect has its own way to say where the worker goes when it is disconnected."""
    closes_others = query.truth("closeExistingSessions") or False
    if address.dialect == 2:
        return Wishes(closes_others, query.truth("setWorkerOfflineIfDisconnected") or False)
    activity = query.sid("disconnectActivitySid", "WA")
    return Wishes(closes_others, disconnect_activity_sid=activity if _may_set(caller, address.sid, activity) else None)


def _may_set(caller: Caller, worker_sid: str, activity_sid: str | None) -> bool:
    """Whether the caller may set this activity by a request, too; if not, it shall not do so by going away."""
    path = f"Workspaces/{caller.workspace_sid}/Workers/{worker_sid}"
    try:
        permit(caller, "POST", path, {"ActivitySid": [activity_sid or ""]})
    except Refusal:
        return False
    return True


def _check_exists(ws: WorkspaceEngine, sid: str) -> None:
    """Raises 404 for a worker, task queue or workspace that is not there."""
    kind = sid[:2]
    if kind == "WK":
        ws.worker(sid)
    elif kind == "WQ":
        ws.task_queue(sid)
    elif sid != ws.stream:
        raise not_found(f"/wschannels/{ws.workspace().account_sid}/{sid[:100]}")


def _no_abort() -> None:
    """A server that cannot cut connections."""
