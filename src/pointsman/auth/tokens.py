"""Signed tokens (JWT): AccessTokens with a TaskRouter grant, and the older capability tokens with policies.

An AccessToken is signed with an API key's secret and names the key (`iss`) and its account (`sub`); a capability token
is signed with the auth token and names the account. What a token is, its payload says: `grants` or `policies`.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import Any

import msgspec

from pointsman.auth.caller import ADMIN, CAPABILITY, SUPERVISOR, WORKER, Caller
from pointsman.auth.directory import Credential, Directory
from pointsman.auth.policies import read_policies
from pointsman.auth.signature import ALGORITHMS, is_signed_with, opened
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.runtime.clock import Clock

TOKEN_CHARACTERS = 8192
REMEMBERED = 4096
"""Verified tokens that are kept; the one that was not seen for longest goes first."""
LATEST_SECOND = 99_999_999_999
"""Expiry later than this counts as this, so that it stays a number of microseconds."""
VERSION = "v1"

INVALID, HEADER, ISSUER, EXPIRED, GRANTS, SIGNATURE = 20101, 20102, 20103, 20104, 20106, 20107
MEANINGS = {
    INVALID: "Invalid Access Token",
    HEADER: "Invalid Access Token header",
    ISSUER: "Invalid Access Token issuer/subject",
    EXPIRED: "Access Token expired or expiration date invalid",
    GRANTS: "Invalid Access Token grants",
    SIGNATURE: "Invalid Access Token signature",
}

_WORKSPACE_SID = re.compile(r"WS[0-9a-f]{32}")
_WORKER_SID = re.compile(r"WK[0-9a-f]{32}")


class _Grant(msgspec.Struct):
    workspace_sid: str = ""
    worker_sid: str | None = None
    role: str | None = None


class _Grants(msgspec.Struct):
    task_router: _Grant | None = None


class _AccessClaims(msgspec.Struct):
    iss: str
    sub: str
    exp: int | float
    grants: _Grants


class _CapabilityClaims(msgspec.Struct):
    iss: str
    exp: int | float
    account_sid: str
    workspace_sid: str
    policies: list[Any]
    version: str = VERSION
    channel: str = ""
    worker_sid: str | None = None


class _Verified(msgspec.Struct, frozen=True):
    caller: Caller
    credential: Credential


class Tokens:
    """Callers by token. Each token is verified once, and again when what it was signed with has changed."""

    def __init__(self, directory: Directory, clock: Clock) -> None:
        self._directory = directory
        self._clock = clock
        self._verified: OrderedDict[str, _Verified] = OrderedDict()

    def caller(self, token: object, ip: str = "") -> Caller:
        """Whom the token lets speak. Raises Refusal 401, with a code from 20101 to 20107.

        `token` may be whatever came; what is no token is refused. Expiry follows the server's clock; `iat` and `nbf`
        are ignored, or tokens would not fit a virtual clock.
        """
        if not isinstance(token, str) or not token.isascii():
            raise _refusal(INVALID, "it is not a JWT")
        found = self._verified.get(token)
        if found is None or self._directory.credential(found.caller.issuer) != found.credential:
            self._verified.pop(token, None)
            found = self._verify(token)
        if self._clock.now() >= found.caller.expires_at:
            self._verified.pop(token, None)
            raise _refusal(EXPIRED, f"it expired at {found.caller.expires_at // SECOND}, and it is past that now")
        self._remember(token, found)
        return msgspec.structs.replace(found.caller, ip=ip) if ip else found.caller

    def _remember(self, token: str, verified: _Verified) -> None:
        self._verified[token] = verified
        self._verified.move_to_end(token)
        if len(self._verified) > REMEMBERED:
            self._verified.popitem(last=False)

    def _verify(self, token: str) -> _Verified:
        claims = _read(token)
        credential = self._directory.credential(claims.iss)
        if isinstance(claims, _AccessClaims):
            credential = _checked(credential, claims.iss, "SK", "API key", claims.sub, "sub")
        else:
            credential = _checked(credential, claims.iss, "AC", "account", claims.account_sid, "account_sid")
        if not is_signed_with(token, credential.secret):
            raise _refusal(SIGNATURE, f"it was not signed with the secret of {claims.iss}")
        expires_at = int(max(0, min(claims.exp, LATEST_SECOND)) * SECOND)
        if isinstance(claims, _AccessClaims):
            caller = _of_grant(claims, credential, expires_at)
        else:
            caller = _of_policies(claims, credential, expires_at)
        return _Verified(caller, credential)


def _read(token: str) -> _AccessClaims | _CapabilityClaims:
    """The claims, not yet verified."""
    if len(token) > TOKEN_CHARACTERS:
        raise _refusal(INVALID, f"it is longer than {TOKEN_CHARACTERS} characters")
    try:
        header, payload = opened(token)
    except ValueError:
        raise _refusal(INVALID, "it is not a JWT") from None
    if header.get("alg") not in ALGORITHMS:
        raise _refusal(HEADER, f"its alg must be one of {', '.join(ALGORITHMS)}")
    try:
        keys = msgspec.json.decode(payload, type=dict[str, msgspec.Raw]).keys()
        if "grants" in keys:
            return msgspec.json.decode(payload, type=_AccessClaims)
        if "policies" in keys:
            return msgspec.json.decode(payload, type=_CapabilityClaims)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise _refusal(INVALID, f"its payload cannot be read: {str(error)[:200]}") from None
    raise _refusal(INVALID, "it has neither grants nor policies")


def _checked(
    credential: Credential | None, issuer: str, prefix: str, kind: str, account_sid: str, claim: str
) -> Credential:
    """The credential, if the issuer is of the right kind, known, and of the account that the token names."""
    if not issuer.startswith(prefix) or credential is None:
        raise _refusal(ISSUER, f"iss must be the sid of an {kind} of this server, but is '{issuer[:100]}'")
    if credential.account_sid != account_sid:
        raise _refusal(ISSUER, f"{claim} must be the account that {issuer} belongs to, but is '{account_sid[:100]}'")
    return credential


def _of_grant(claims: _AccessClaims, credential: Credential, expires_at: int) -> Caller:
    grant = claims.grants.task_router
    if grant is None:
        raise _refusal(GRANTS, "it has no task_router grant")
    workspace_sid, worker_sid = _checked_sids(grant.workspace_sid, grant.worker_sid or "")
    role = grant.role if grant.role in (SUPERVISOR, ADMIN) else WORKER
    if role != ADMIN and not worker_sid:
        raise _refusal(GRANTS, f"without a worker_sid its role must be {ADMIN}")
    return Caller(
        account_sid=credential.account_sid,
        actor=worker_sid or claims.iss,
        source="sdk",
        workspace_sid=workspace_sid,
        worker_sid=worker_sid,
        role=role,
        expires_at=expires_at,
        issuer=claims.iss,
    )


def _of_policies(claims: _CapabilityClaims, credential: Credential, expires_at: int) -> Caller:
    if claims.version != VERSION:
        raise _refusal(GRANTS, f"its version must be {VERSION}, but is '{claims.version[:100]}'")
    named = claims.worker_sid or (claims.channel if claims.channel.startswith("WK") else "")
    workspace_sid, worker_sid = _checked_sids(claims.workspace_sid, named)
    try:
        policies = read_policies(claims.policies)
    except ValueError as error:
        raise _refusal(GRANTS, str(error)) from None
    return Caller(
        account_sid=credential.account_sid,
        actor=worker_sid or claims.iss,
        source="sdk",
        workspace_sid=workspace_sid,
        worker_sid=worker_sid,
        role=CAPABILITY,
        policies=policies,
        expires_at=expires_at,
        issuer=claims.iss,
    )


def _checked_sids(workspace_sid: str, worker_sid: str) -> tuple[str, str]:
    if not _WORKSPACE_SID.fullmatch(workspace_sid):
        raise _refusal(GRANTS, f"workspace_sid must be WS and 32 digits of 0-9a-f, but is '{workspace_sid[:100]}'")
    if worker_sid and not _WORKER_SID.fullmatch(worker_sid):
        raise _refusal(GRANTS, f"worker_sid must be WK and 32 digits of 0-9a-f, but is '{worker_sid[:100]}'")
    return workspace_sid, worker_sid


def _refusal(code: int, detail: str) -> Refusal:
    return Refusal(f"{MEANINGS[code]}: {detail}", status=401, code=code)
