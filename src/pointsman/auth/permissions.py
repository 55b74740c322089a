"""What the bearer of a token may do: the table of roles, and the policies of capability tokens.

Twilio documents no table of roles. A worker does what its SDK does for it, to itself, its reservations and its tasks; a
supervisor reads the workspace, moves workers and supervises reservations besides; an admin has the whole workspace.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import msgspec

from pointsman.auth.caller import ADMIN, CAPABILITY, SUPERVISOR, WORKER, Caller
from pointsman.auth.policies import SEGMENTS_MOST, Fields, Policy, allowed, matches, segments_of, texts_of
from pointsman.domain.refusal import Refusal

ACCESS_DENIED = 20006
SELF = "{self}"
"""In a rule's path: the token's own worker."""

WORKER_FIELDS = frozenset({"ActivitySid", "Attributes", "RejectPendingReservations"})
TASK_FIELDS = frozenset({"AssignmentStatus", "Attributes", "Reason", "VirtualStartTime"})


class Lookup(msgspec.Struct, frozen=True):
    """What only the engine can tell: whether the task, and the reservation if one is named, are this worker's.

    `changes` if the request would change something; a worker may read more than it may change.
    """

    worker_sid: str
    task_sid: str = ""
    reservation_sid: str = ""
    changes: bool = False


class Asked(NamedTuple):
    """A request as the rules see it; `path` holds the segments below the workspace."""

    caller: Caller
    method: str
    path: list[str]
    fields: Fields

    def field(self, name: str) -> str:
        """A parameter's text; empty if it is absent. Values that differ are denied: which one counts is not ours."""
        texts = set(texts_of(self.fields, name))
        if len(texts) > 1:
            raise _Denied(f"{name} has several values")
        return texts.pop() if texts else ""


class _Denied(Exception):
    """A rule speaks of the request, but not with these parameters; the text says why."""


Check = Callable[[Asked], Lookup | None]


def _freely(asked: Asked) -> None:
    return None


def _only(names: frozenset[str]) -> Check:
    def check(asked: Asked) -> None:
        if more := asked.fields.keys() - names:
            known = ", ".join(sorted(names))
            raise _Denied(f"it may set {known} only, not {sorted(map(str, more))[0][:100]}")

    return check


def _own_task(asked: Asked) -> Lookup:
    if asked.method == "POST":
        _only(TASK_FIELDS)(asked)
    return Lookup(asked.caller.worker_sid, asked.path[1], changes=asked.method == "POST")


def _own_reservation(asked: Asked) -> Lookup:
    return Lookup(asked.caller.worker_sid, asked.path[1], asked.path[3], changes=asked.method == "POST")


def _own_among_others(asked: Asked) -> Lookup:
    if asked.field("WorkerSid") != asked.caller.worker_sid:
        raise _Denied("it may list a task's reservations with WorkerSid naming its own worker only")
    return Lookup(asked.caller.worker_sid, asked.path[1])


def _routed_to_itself(asked: Asked) -> None:
    if asked.field("RoutingTarget") != asked.caller.worker_sid:
        raise _Denied("it may create tasks with RoutingTarget naming its own worker only")


def _named_task(asked: Asked) -> Lookup:
    """Transfers and conference participants: task and reservation stand in the parameters."""
    return Lookup(asked.caller.worker_sid, asked.field("TaskSid"), asked.field("ReservationSid"), changes=True)


def _supervises(asked: Asked) -> None:
    if asked.field("Instruction").lower() != "supervise" or asked.field("Supervisor") != asked.caller.worker_sid:
        raise _Denied("of others' reservations it may supervise them only, with Supervisor naming its own worker")


class Rule(NamedTuple):
    """Requests that a role may make; `path` is a pattern below the workspace."""

    methods: tuple[str, ...]
    path: str
    check: Check = _freely


GET, POST = ("GET",), ("POST",)
OWN = f"Workers/{SELF}"

WORKER_RULES = (
    Rule(GET, "Activities/**"),
    Rule(GET, f"{OWN}/**"),
    Rule(POST, OWN, _only(WORKER_FIELDS)),
    Rule(POST, f"{OWN}/Reservations/*"),
    Rule(POST, f"{OWN}/Transfers/**", _named_task),
    Rule(POST, f"{OWN}/CustomerParticipant", _named_task),
    Rule(POST, f"{OWN}/HoldWorkerParticipant", _named_task),
    Rule(POST, f"{OWN}/KickWorkerParticipant", _named_task),
    Rule(POST, f"{OWN}/WorkerParticipant", _named_task),
    Rule(POST, "Tasks", _routed_to_itself),
    Rule(GET + POST, "Tasks/*", _own_task),
    Rule(GET, "Tasks/*/Reservations", _own_among_others),
    Rule(GET + POST, "Tasks/*/Reservations/*", _own_reservation),
)
SUPERVISOR_RULES = (
    Rule(GET, "**"),
    Rule(POST, "TaskQueues/RealTimeStatistics"),
    Rule(POST, "Workers/*", _only(WORKER_FIELDS)),
    Rule(POST, "Tasks/*/Reservations/*", _supervises),
    *WORKER_RULES,
)
ADMIN_RULES = (
    Rule(("GET", "POST"), "**"),
    Rule(("DELETE",), "*/**"),
)
ROLES: dict[str, tuple[Rule, ...]] = {WORKER: WORKER_RULES, SUPERVISOR: SUPERVISOR_RULES, ADMIN: ADMIN_RULES}


def permit(caller: Caller, method: str, path: str, fields: Fields) -> Lookup | None:
    """Let a request pass, or raise Refusal 403/20006.

    `path` is below /v1 (`Workspaces/WS…/Workers/WK…`, `wschannels/AC…/WK…`), `fields` are a form's lists of texts or an
    RPC's JSON values. What is answered must still be looked up in the engine: `operations.ownership` does.
    """
    if not caller.role:
        return None
    segments = segments_of(path)
    if len(segments) > SEGMENTS_MOST:
        raise _refusal(caller, method, path)
    if segments[0] == "wschannels":
        _permit_channel(caller, method, path, segments, fields)
        return None
    if segments[0] != "Workspaces" or len(segments) < 2:
        raise _refusal(caller, method, path)
    if segments[1] != caller.workspace_sid:
        raise _refusal(caller, method, path, f"it is for workspace {caller.workspace_sid}")
    if caller.policies is not None:
        _permit_by_policies(caller, caller.policies, method, path, fields)
        return None
    return _permit_by_role(Asked(caller, method.upper(), segments[2:], fields), path)


def _permit_by_role(asked: Asked, path: str) -> Lookup | None:
    reason = ""
    for rule in ROLES.get(asked.caller.role, ()):
        if asked.method in rule.methods and matches(_pattern(rule.path, asked.caller), asked.path):
            try:
                return rule.check(asked)
            except _Denied as denied:
                reason = str(denied)
    raise _refusal(asked.caller, asked.method, path, reason)


def _permit_by_policies(caller: Caller, policies: tuple[Policy, ...], method: str, path: str, fields: Fields) -> None:
    if not allowed(policies, method, path, fields):
        raise _refusal(caller, method, path, "no policy of it allows this with these parameters, or one denies it")


def _permit_channel(caller: Caller, method: str, path: str, segments: list[str], fields: Fields) -> None:
    """`wschannels` is the channel that the token itself names; below it stand the account and a sid."""
    own = (caller.account_sid, caller.worker_sid or caller.workspace_sid)
    if caller.policies is not None:
        if segments[1:2] != [caller.account_sid]:
            raise _refusal(caller, method, path, f"it is for account {caller.account_sid}")
        _permit_by_policies(caller, caller.policies, method, path, fields)
    elif len(segments) > 1 and tuple(segments[1:]) != own:
        raise _refusal(caller, method, path, f"its channel is {'/'.join(own)}")


def _pattern(path: str, caller: Caller) -> list[str]:
    return [caller.worker_sid if part == SELF else part for part in path.split("/")]


def _refusal(caller: Caller, method: str, path: str, reason: str = "") -> Refusal:
    kind = "A capability token" if caller.role == CAPABILITY else f"A token with the role {caller.role}"
    detail = f": {reason}" if reason else ""
    return Refusal(f"{kind} may not {method[:10]} /{path[:300]}{detail}", status=403, code=ACCESS_DENIED)
