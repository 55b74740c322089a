"""Making tokens, for development and for tests: what a back end does with one of Twilio's helper libraries.

    from pointsman.auth.minting import access_token

    token = access_token(
        account_sid="AC…", key_sid="SK…", key_secret="…", workspace_sid="WS…", worker_sid="WK…", role="worker"
    )

No server is needed. `now` is for servers on a virtual clock.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable, Mapping
from time import time
from typing import Any

from pointsman.auth.caller import ADMIN, SUPERVISOR, WORKER
from pointsman.auth.signature import signed

TTL_SECONDS = 3600
TTL_MOST_SECONDS = 86_400
TASKROUTER = "https://taskrouter.twilio.com/v1"
CHANNELS = "https://event-bridge.twilio.com/v1/wschannels"
KINDS = {
    "account_sid": "AC",
    "key_sid": "SK",
    "workspace_sid": "WS",
    "worker_sid": "WK",
    "task_queue_sid": "WQ",
}
REQUIRED = {"required": True}

PolicyFields = dict[str, Any]


def access_token(
    *,
    account_sid: str,
    key_sid: str,
    key_secret: str,
    workspace_sid: str,
    worker_sid: str = "",
    role: str = WORKER,
    identity: str = "",
    ttl: int = TTL_SECONDS,
    now: float | None = None,
) -> str:
    """An AccessToken with a TaskRouter grant, signed with an API key's secret; for the SDK's versions 2 and 3.

    `ttl` is in seconds, `now` in seconds since the epoch. Raises ValueError naming what is wrong.
    """
    _check(account_sid=account_sid, key_sid=key_sid, workspace_sid=workspace_sid, worker_sid=worker_sid or None)
    if role not in (WORKER, SUPERVISOR, ADMIN):
        raise ValueError(f"role: expected {WORKER}, {SUPERVISOR} or {ADMIN}, got {role[:100]!r}")
    if role != ADMIN and not worker_sid:
        raise ValueError(f"worker_sid: needed unless the role is {ADMIN}")
    grant = {"workspace_sid": workspace_sid, "worker_sid": worker_sid, "role": role}
    second, expiry = _times(ttl, now)
    claims = {
        "jti": f"{key_sid}-{second}-{secrets.token_hex(4)}",
        "iss": key_sid,
        "sub": account_sid,
        "iat": second,
        "exp": expiry,
        "grants": {"identity": identity or worker_sid or role, "task_router": {k: v for k, v in grant.items() if v}},
    }
    return _signed(claims, key_secret, "key_secret", {"cty": "twilio-fpa;v=1"})


def capability_token(
    *,
    account_sid: str,
    auth_token: str,
    workspace_sid: str,
    worker_sid: str = "",
    task_queue_sid: str = "",
    updates: bool = False,
    policies: Iterable[Mapping[str, Any]] = (),
    ttl: int = TTL_SECONDS,
    now: float | None = None,
) -> str:
    """A capability token, signed with the auth token, for a worker, a task queue or else the workspace; for version 1.

    It may open its channel and read itself, what belongs to it and, for a worker, Activities and Tasks. With `updates`
    it may also set the worker's activity and answer its reservations, or change the queue or the workspace. `policies`
    are added; `policy` makes them. Raises ValueError naming what is wrong.
    """
    _check(
        account_sid=account_sid,
        workspace_sid=workspace_sid,
        worker_sid=worker_sid or None,
        task_queue_sid=task_queue_sid or None,
    )
    if worker_sid and task_queue_sid:
        raise ValueError("worker_sid, task_queue_sid: a capability token is for one of them")
    channel = worker_sid or task_queue_sid or workspace_sid
    names = {"worker_sid": worker_sid, "taskqueue_sid": task_queue_sid}
    second, expiry = _times(ttl, now)
    claims = {
        "iss": account_sid,
        "iat": second,
        "exp": expiry,
        "version": "v1",
        "friendly_name": channel,
        "account_sid": account_sid,
        "workspace_sid": workspace_sid,
        "channel": channel,
        "policies": [
            policy(f"{CHANNELS}/{account_sid}/{channel}"),
            policy(f"{CHANNELS}/{account_sid}/{channel}", "POST"),
            *_usual_policies(workspace_sid, worker_sid, task_queue_sid, updates),
            *map(dict, policies),
        ],
    } | {name: sid for name, sid in names.items() if sid}
    return _signed(claims, auth_token, "auth_token", {})


def policy(
    url: str,
    method: str = "GET",
    *,
    allow: bool = True,
    query_filter: Mapping[str, Any] | None = None,
    post_filter: Mapping[str, Any] | None = None,
) -> PolicyFields:
    """One policy of a capability token. In the URL `*` is one segment and `**` any number of them."""
    return {
        "url": url,
        "method": method,
        "allow": allow,
        "query_filter": dict(query_filter or {}),
        "post_filter": dict(post_filter or {}),
    }


def _usual_policies(workspace_sid: str, worker_sid: str, task_queue_sid: str, updates: bool) -> list[PolicyFields]:
    workspace = f"{TASKROUTER}/Workspaces/{workspace_sid}"
    if not worker_sid:
        own = f"{workspace}/TaskQueues/{task_queue_sid}" if task_queue_sid else workspace
        reads = [policy(f"{own}/**")]
        return [*reads, policy(f"{own}/**", "POST")] if updates else reads
    worker = f"{workspace}/Workers/{worker_sid}"
    reads = [policy(f"{workspace}/Activities"), policy(f"{workspace}/Tasks/**"), policy(f"{worker}/**")]
    if not updates:
        return reads
    return [
        *reads,
        policy(worker, "POST", post_filter={"ActivitySid": REQUIRED}),
        policy(f"{workspace}/Tasks/**", "POST"),
        policy(f"{worker}/Reservations/**", "POST"),
    ]


def _check(**sids: str | None) -> None:
    for name, sid in sids.items():
        if sid is not None and not re.fullmatch(KINDS[name] + "[0-9a-f]{32}", sid):
            raise ValueError(f"{name}: expected {KINDS[name]} and 32 digits of 0-9a-f, got {sid[:100]!r}")


def _times(ttl: int, now: float | None) -> tuple[int, int]:
    if not 1 <= ttl <= TTL_MOST_SECONDS:
        raise ValueError(f"ttl: expected 1 to {TTL_MOST_SECONDS} seconds, got {ttl}")
    second = int(time() if now is None else now)
    return second, second + ttl


def _signed(claims: dict[str, Any], secret: str, name: str, headers: dict[str, str]) -> str:
    if not secret:
        raise ValueError(f"{name}: expected a secret, got none")
    return signed(claims, secret, headers)
