"""Remote calls of the SDK's versions 2 and 3: `POST /v1/wschannels`."""

from __future__ import annotations

from typing import Any

from pointsman.auth.caller import Caller
from pointsman.auth.permissions import permit
from pointsman.domain.refusal import Refusal, not_found
from pointsman.operations.scope import WorkspaceScope
from pointsman.realtime.envelope import Envelope, envelope_of
from pointsman.realtime.hub import Hub
from pointsman.realtime.operations import Call, Operation, fetch_worker, list_reservations, operation_of
from pointsman.realtime.paging import Places
from pointsman.web.answers import Request, Response, answer
from pointsman.web.errors import answer_error
from pointsman.web.house import House
from pointsman.web.parameters import if_match
from pointsman.web.tickets import current, take_ticket

METHODS = ("GET", "POST")


class Calls:
    """The resource behind `/v1/wschannels`."""

    def __init__(self, house: House, hub: Hub) -> None:
        self._house = house
        self._hub = hub
        self._places = Places()

    async def on_post(self, req: Request, resp: Response) -> None:
        try:
            envelope = await envelope_of(req)
            caller = admitted(self._house, self._hub, req, envelope, "wschannels")
            answer(resp, {"payload": await self._payload(req, caller, envelope)})
        except Refusal as refusal:  # without the header that would have a browser ask for a password
            answer_error(resp, refusal.status, refusal.message, refusal.code)

    async def _payload(self, req: Request, caller: Caller, envelope: Envelope) -> dict[str, Any]:
        if envelope.method not in METHODS:
            raise Refusal(f"method must be GET or POST, but is '{envelope.method[:20]}'")
        lookup = permit(caller, envelope.method, envelope.path, envelope.parameters.fields)
        room, _, below = envelope.path.partition("/")
        workspace, _, below = below.partition("/")
        operation, sids = operation_of(envelope.method, below.split("/"))
        if operation is None or room != "Workspaces":
            raise not_found(f"/{envelope.path[:300]}")
        scope = WorkspaceScope(self._house.node, caller, workspace, lookup)
        self._note_reading(caller, envelope.token, operation, sids)
        version = if_match(req, sids[-1] if sids else workspace)
        return await operation(Call(scope, self._places, sids, envelope.parameters, version))

    def _note_reading(self, caller: Caller, token: str, operation: Operation, sids: tuple[str, ...]) -> None:
        """What a new SDK reads of its own worker tells how far it has come."""
        ticket = current.get()
        if sids[:1] != (caller.worker_sid,) or ticket is None:
            return
        for opening in self._hub.opening(caller.workspace_sid, caller.worker_sid, token):
            if operation is fetch_worker:
                opening.reads_worker()
            elif operation is list_reservations:
                opening.reads_reservations(ticket)


def admitted(house: House, hub: Hub, req: Request, envelope: Envelope, channel: str) -> Caller:
    """Who calls through a channel, with a ticket for what the call causes. Raises Refusal 401, 403."""
    client: Any = req.scope.get("client")
    caller = house.tokens.caller(envelope.token, client[0] if client else "")
    permit(caller, "POST", channel, {})
    hub.renew(caller.workspace_sid, caller.worker_sid, caller)
    take_ticket(req.scope, caller, house.settings.caller_hold_ms / 1000)
    return caller
