"""Tokens: which ones let somebody speak, for how long, and what is said to all others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import SyncGrant, TaskRouterGrant, VoiceGrant
from twilio.jwt.taskrouter.capabilities import WorkerCapabilityToken

from pointsman.auth import tokens as module
from pointsman.auth.caller import Caller
from pointsman.auth.minting import access_token, capability_token
from pointsman.domain.refusal import Refusal

from .directory import (
    AUTH_TOKEN,
    KEY,
    NOW,
    OURS,
    QUEUE,
    SECRET,
    THEIR_KEY,
    THEIR_SECRET,
    THEIR_TOKEN,
    THEIRS,
    WORKER,
    WORKSPACE,
    Desk,
    access_claims,
    capability_claims,
    forged,
    part,
)

VALID_UNTIL = NOW + 60


def official(**options: Any) -> AccessToken:
    grant = TaskRouterGrant(workspace_sid=WORKSPACE, worker_sid=WORKER, role="worker")
    return AccessToken(OURS, KEY, SECRET, grants=[grant], identity="ann", valid_until=VALID_UNTIL, **options)


def refused(desk: Desk, token: object) -> tuple[int, int]:
    with pytest.raises(Refusal) as caught:
        desk.tokens.caller(token)
    assert "Access Token" in caught.value.message
    return caught.value.status, caught.value.code


def test_an_access_token_of_the_official_library(desk: Desk) -> None:
    assert desk.tokens.caller(official().to_jwt(), "1.2.3.4") == Caller(
        OURS,
        WORKER,
        source="sdk",
        ip="1.2.3.4",
        workspace_sid=WORKSPACE,
        worker_sid=WORKER,
        role="worker",
        expires_at=VALID_UNTIL * 1_000_000,
        issuer=KEY,
    )


def test_other_grants_and_headers_are_tolerated(desk: Desk) -> None:
    token = official(region="ie1")
    token.add_grant(SyncGrant(service_sid="IS1"))
    token.add_grant(VoiceGrant(outgoing_application_sid="AP1"))
    assert desk.tokens.caller(token.to_jwt()).worker_sid == WORKER


def test_a_capability_token_of_the_official_library(desk: Desk) -> None:
    token = WorkerCapabilityToken(OURS, AUTH_TOKEN, WORKSPACE, WORKER, valid_until=VALID_UNTIL)
    caller = desk.tokens.caller(token.to_jwt())
    assert (caller.account_sid, caller.actor, caller.source, caller.role) == (OURS, WORKER, "sdk", "capability")
    assert (caller.workspace_sid, caller.worker_sid) == (WORKSPACE, WORKER)
    assert caller.policies is not None
    assert len(caller.policies) == 6


def test_what_we_mint_ourselves(desk: Desk) -> None:
    made = access_token(
        account_sid=OURS, key_sid=KEY, key_secret=SECRET, workspace_sid=WORKSPACE, role="admin", now=NOW
    )
    caller = desk.tokens.caller(made)
    assert (caller.actor, caller.role, caller.worker_sid) == (KEY, "admin", "")
    assert caller.expires_at == (NOW + 3600) * 1_000_000
    signer = {"account_sid": OURS, "auth_token": AUTH_TOKEN, "workspace_sid": WORKSPACE, "now": NOW}
    assert desk.tokens.caller(capability_token(**signer, worker_sid=WORKER)).actor == WORKER
    assert desk.tokens.caller(capability_token(**signer, task_queue_sid=QUEUE)).actor == OURS
    assert desk.tokens.caller(capability_token(**signer)).worker_sid == ""


@pytest.mark.parametrize("digest", ["sha256", "sha384", "sha512"])
def test_three_algorithms(desk: Desk, digest: str) -> None:
    assert desk.tokens.caller(forged(access_claims(), digest=digest)).worker_sid == WORKER


@pytest.mark.parametrize("role", ["worker", "", None, "agent", "Admin", "workspace"])
def test_a_role_that_nobody_knows_is_a_worker(desk: Desk, role: str | None) -> None:
    grant = {"workspace_sid": WORKSPACE, "worker_sid": WORKER, "role": role}
    assert desk.tokens.caller(forged(access_claims(grants={"task_router": grant}))).role == "worker"


@pytest.mark.parametrize("role", ["worker", "supervisor", "agent", ""])
def test_only_an_admin_needs_no_worker(desk: Desk, role: str) -> None:
    grant = {"workspace_sid": WORKSPACE, "role": role}
    assert refused(desk, forged(access_claims(grants={"task_router": grant}))) == (401, 20106)


def test_it_expires_by_the_servers_clock(desk: Desk) -> None:
    token = official().to_jwt()
    desk.clock.set(VALID_UNTIL * 1_000_000 - 1)
    assert desk.tokens.caller(token).worker_sid == WORKER
    desk.clock.set(VALID_UNTIL * 1_000_000)
    assert refused(desk, token) == (401, 20104), "though it was verified before"
    assert refused(desk, forged(access_claims(exp=NOW - 1))) == (401, 20104)


@pytest.mark.parametrize("exp", [NOW + 60.5, 10**15, 1e300, 2**63])
def test_expiry_may_be_any_number_ahead(desk: Desk, exp: float) -> None:
    assert desk.tokens.caller(forged(access_claims(exp=exp))).expires_at > NOW * 1_000_000


@pytest.mark.parametrize("exp", [0, -1, -(2**63), -1e300])
def test_expiry_long_ago(desk: Desk, exp: float) -> None:
    assert refused(desk, forged(access_claims(exp=exp))) == (401, 20104)


def test_not_before_and_issued_at_are_ignored(desk: Desk) -> None:
    assert desk.tokens.caller(forged(access_claims(nbf=NOW + 10**6, iat="yesterday"))).worker_sid == WORKER


def test_a_deleted_key_ends_its_tokens_at_once(desk: Desk) -> None:
    token = official().to_jwt()
    theirs = forged(access_claims(iss=THEIR_KEY, sub=THEIRS), THEIR_SECRET)
    assert desk.tokens.caller(token)
    assert desk.tokens.caller(theirs)
    desk.delete_key(OURS, KEY)
    assert refused(desk, token) == (401, 20103)
    assert desk.tokens.caller(theirs)


def test_no_more_tokens_are_remembered_than_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "REMEMBERED", 3)
    made = [forged(access_claims(jti=str(n))) for n in range(5)]
    for token in made + made:
        assert desk.tokens.caller(token).worker_sid == WORKER


GOOD = forged(access_claims())
HEAD, BODY, SEAL = GOOD.split(".")

CASES: dict[str, tuple[object, int]] = {
    "empty": ("", 20101),
    "a word": ("nonsense", 20101),
    "not a text": (12, 20101),
    "bytes": (GOOD.encode(), 20101),
    "nothing": (None, 20101),
    "not ASCII": (GOOD + "é", 20101),
    "half a character": (GOOD + "\ud800", 20101),
    "truncated in the payload": (f"{HEAD}.{BODY[:20]}", 20101),
    "truncated in the signature": (GOOD[:-3], 20107),
    "truncated in the middle of a byte": (GOOD[:-5], 20101),
    "without signature": (f"{HEAD}.{BODY}.", 20107),
    "with a part more": (GOOD + ".x", 20101),
    "huge": (forged(access_claims(more="x" * 10_000)), 20101),
    "deep payload": (f"{HEAD}.{part(b'[' * 3000)}.{SEAL}", 20101),
    "deep header": (f"{part(b'[' * 3000)}.{BODY}.{SEAL}", 20101),
    "a header that is a list": (f"{part([])}.{BODY}.{SEAL}", 20101),
    "a payload that is a list": (forged([1]), 20101),
    "a payload that is no JSON": (forged(b"\xff\xfe"), 20101),
    "a huge number": (forged(b'{"grants":{},"exp":' + b"9" * 6000 + b"}"), 20101),
    "alg none": (f"{part({'alg': 'none', 'typ': 'JWT'})}.{BODY}.", 20102),
    "alg None with the signature": (f"{part({'alg': 'None'})}.{BODY}.{SEAL}", 20102),
    "alg asymmetric": (forged(access_claims(), alg="RS256"), 20102),
    "alg of another length than signed": (forged(access_claims(), alg="HS512"), 20107),
    "alg a list": (forged(access_claims(), alg=["HS256"]), 20102),
    "alg missing": (f"{part({'typ': 'JWT'})}.{BODY}.{SEAL}", 20102),
    "signed with another secret": (forged(access_claims(), "x" * 32), 20107),
    "signed with the auth token": (forged(access_claims(), AUTH_TOKEN), 20107),
    "signed with an empty secret": (forged(access_claims(), ""), 20107),
    "issued by nobody": (forged(access_claims(iss="SK" + "0" * 32)), 20103),
    "issued by the account": (forged(access_claims(iss=OURS), AUTH_TOKEN), 20103),
    "another account's key": (forged(access_claims(iss=THEIR_KEY), THEIR_SECRET), 20103),
    "for another account": (forged(access_claims(sub=THEIRS)), 20103),
    "without exp": (forged(access_claims(exp=None)), 20101),
    "exp a text": (forged(access_claims(exp=str(NOW + 60))), 20101),
    "exp true": (forged(access_claims(exp=True)), 20101),
    "without iss": (forged(access_claims(iss=None)), 20101),
    "without sub": (forged(access_claims(sub=None)), 20101),
    "without grants": (forged(access_claims(grants=None)), 20101),
    "grants a list": (forged(access_claims(grants=[])), 20101),
    "no task_router grant": (forged(access_claims(grants={"voice": {}})), 20106),
    "no workspace": (forged(access_claims(grants={"task_router": {"worker_sid": WORKER}})), 20106),
    "a workspace that is none": (forged(access_claims(grants={"task_router": {"workspace_sid": "*"}})), 20106),
    "a worker that is none": (
        forged(access_claims(grants={"task_router": {"workspace_sid": WORKSPACE, "worker_sid": "*"}})),
        20106,
    ),
    "a capability signed with a key": (forged(capability_claims()), 20107),
    "a capability issued by a key": (forged(capability_claims(iss=KEY)), 20103),
    "a capability of another account": (forged(capability_claims(iss=THEIRS), THEIR_TOKEN), 20103),
    "a capability without account": (forged(capability_claims(account_sid=None), AUTH_TOKEN), 20101),
    "a capability without workspace": (forged(capability_claims(workspace_sid=None), AUTH_TOKEN), 20101),
    "a capability of version v2": (forged(capability_claims(version="v2"), AUTH_TOKEN), 20106),
    "policies an object": (forged(capability_claims(policies={}), AUTH_TOKEN), 20101),
    "a policy that is a text": (forged(capability_claims(policies=["x"]), AUTH_TOKEN), 20106),
    "a policy without url": (forged(capability_claims(policies=[{"method": "GET"}]), AUTH_TOKEN), 20106),
    "too many policies": (
        forged(capability_claims(policies=[{"url": "", "method": "GET"}] * 101), AUTH_TOKEN),
        20106,
    ),
    "a capability that is over": (forged(capability_claims(exp=NOW), AUTH_TOKEN), 20104),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_refused(desk: Desk, case: str) -> None:
    token, code = CASES[case]
    assert refused(desk, token) == (401, code)
    assert refused(desk, token) == (401, code), "the second time, too"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=20), inner, max_size=4),
    max_leaves=12,
)
claim_names = st.sampled_from(
    ["iss", "sub", "exp", "grants", "policies", "account_sid", "workspace_sid", "channel", "worker_sid", "version"]
)
policy_like = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(("url", "method", "allow", "query_filter", "post_filter"), json_values),
)


@pytest.fixture(scope="module")
def shared() -> Any:
    opened = Desk()
    yield opened
    opened.close()


def speaks_or_is_refused(desk: Desk, token: object) -> None:
    try:
        caller = desk.tokens.caller(token)
    except Refusal as refusal:
        assert refusal.status == 401
        assert 20101 <= refusal.code <= 20107
    else:
        assert (caller.account_sid, caller.workspace_sid) == (OURS, WORKSPACE)


@given(claims=st.dictionaries(claim_names, json_values, max_size=6))
def test_wrong_types_in_signed_claims_never_do_more_than_refuse(shared: Desk, claims: dict[str, Any]) -> None:
    speaks_or_is_refused(shared, forged(access_claims(**claims)))
    speaks_or_is_refused(shared, forged(capability_claims(**claims), AUTH_TOKEN))


@given(
    grant=st.dictionaries(st.sampled_from(["workspace_sid", "worker_sid", "role"]), json_values),
    policies=st.lists(policy_like | json_values, max_size=4),
)
def test_wrong_types_in_grants_and_policies(shared: Desk, grant: dict[str, Any], policies: list[Any]) -> None:
    speaks_or_is_refused(shared, forged(access_claims(grants={"task_router": grant})))
    speaks_or_is_refused(shared, forged(capability_claims(policies=policies), AUTH_TOKEN))


@given(header=st.dictionaries(st.sampled_from(["alg", "typ", "cty", "kid", "crit", "b64", "jwk"]), json_values))
def test_wrong_headers(shared: Desk, header: dict[str, Any]) -> None:
    speaks_or_is_refused(shared, forged(access_claims(), **header))


@given(text=st.text(max_size=200) | st.from_regex(r"[\w-]{0,40}\.[\w-]{0,40}\.[\w-]{0,40}", fullmatch=True))
def test_any_text(shared: Desk, text: str) -> None:
    with pytest.raises(Refusal):
        shared.tokens.caller(text)


@given(place=st.integers(0, len(GOOD) - 2), letter=st.sampled_from("ABCxyz019-_."))
def test_one_letter_changed_is_refused(shared: Desk, place: int, letter: str) -> None:
    changed = GOOD[:place] + letter + GOOD[place + 1 :]
    if changed != GOOD:
        with pytest.raises(Refusal):
            shared.tokens.caller(changed)
