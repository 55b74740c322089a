"""Minting: what is in the tokens that we make, and what is refused."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from click.testing import CliRunner
from twilio.jwt.access_token import AccessToken
from twilio.jwt.taskrouter import TaskRouterCapabilityToken

from pointsman.auth.minting import access_token, capability_token, policy
from pointsman.cli.main import main

from .directory import AUTH_TOKEN, KEY, NOW, OURS, QUEUE, SECRET, WORKER, WORKSPACE

GOOD: dict[str, Any] = {
    "account_sid": OURS,
    "key_sid": KEY,
    "key_secret": SECRET,
    "workspace_sid": WORKSPACE,
    "worker_sid": WORKER,
}
CAPABLE: dict[str, Any] = {
    "account_sid": OURS,
    "auth_token": AUTH_TOKEN,
    "workspace_sid": WORKSPACE,
    "worker_sid": WORKER,
}
ENVIRONMENT = {
    "POINTSMAN_ACCOUNT_SID": OURS,
    "POINTSMAN_AUTH_TOKEN": AUTH_TOKEN,
    "POINTSMAN_API_KEY_SID": KEY,
    "POINTSMAN_API_KEY_SECRET": SECRET,
}


def claims_of(token: str, secret: str = SECRET) -> dict[str, Any]:
    timeless: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(token, secret, algorithms=["HS256"], options=timeless)
    return claims


def test_the_official_library_reads_our_tokens() -> None:
    payload = AccessToken.from_jwt(access_token(**GOOD, role="supervisor", identity="ann"), SECRET).payload
    grant = {"workspace_sid": WORKSPACE, "worker_sid": WORKER, "role": "supervisor"}
    assert payload["grants"] == {"identity": "ann", "task_router": grant}
    assert (payload["iss"], payload["sub"]) == (KEY, OURS)
    assert jwt.get_unverified_header(access_token(**GOOD))["cty"] == "twilio-fpa;v=1"
    capability = TaskRouterCapabilityToken.from_jwt(capability_token(**CAPABLE), AUTH_TOKEN).payload
    named = {name: capability[name] for name in ("account_sid", "workspace_sid", "worker_sid", "channel", "version")}
    assert named == {
        "account_sid": OURS,
        "workspace_sid": WORKSPACE,
        "worker_sid": WORKER,
        "channel": WORKER,
        "version": "v1",
    }


def test_time_to_live() -> None:
    claims = claims_of(access_token(**GOOD, ttl=5, now=NOW + 0.9))
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 5)
    assert access_token(**GOOD, now=NOW) != access_token(**GOOD, now=NOW), "each is another, in the same second too"


def test_policies_are_added() -> None:
    extra = policy("https://x/v1/Workspaces/*/Workers", "POST", allow=False, post_filter={"A": 1})
    claims = claims_of(capability_token(**CAPABLE, policies=[extra], now=NOW), AUTH_TOKEN)
    assert claims["policies"][-1] == {
        "url": "https://x/v1/Workspaces/*/Workers",
        "method": "POST",
        "allow": False,
        "query_filter": {},
        "post_filter": {"A": 1},
    }


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"account_sid": "AC1"}, "account_sid: expected AC"),
        ({"key_sid": OURS}, "key_sid: expected SK"),
        ({"key_secret": ""}, "key_secret"),
        ({"workspace_sid": ""}, "workspace_sid: expected WS"),
        ({"worker_sid": "WK" + "G" * 32}, "worker_sid: expected WK"),
        ({"worker_sid": ""}, "worker_sid: needed"),
        ({"role": "boss"}, "role: expected"),
        ({"ttl": 0}, "ttl: expected"),
        ({"ttl": 86_401}, "ttl: expected"),
    ],
)
def test_what_no_access_token_is_made_of(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        access_token(**(GOOD | wrong))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"account_sid": KEY}, "account_sid: expected AC"),
        ({"auth_token": ""}, "auth_token"),
        ({"task_queue_sid": QUEUE}, "one of them"),
        ({"worker_sid": QUEUE}, "worker_sid: expected WK"),
        ({"ttl": 10**9}, "ttl: expected"),
    ],
)
def test_what_no_capability_token_is_made_of(wrong: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        capability_token(**(CAPABLE | wrong))


def run(*arguments: str, **changes: str) -> Any:
    return CliRunner().invoke(main, ["token", *arguments], env=ENVIRONMENT | changes)


def test_the_command_prints_a_token_and_nothing_else() -> None:
    result = run(
        "--workspace-sid", WORKSPACE, "--worker-sid", WORKER, "--identity", "ann", "--ttl", "9", "--now", str(NOW)
    )
    assert result.exit_code == 0
    assert result.output.count("\n") == 1
    claims = claims_of(result.output.strip())
    assert claims["grants"]["identity"] == "ann"
    assert (claims["iat"], claims["exp"]) == (NOW, NOW + 9)


def test_the_command_prints_capability_tokens() -> None:
    result = run("--capability", "--workspace-sid", WORKSPACE, "--task-queue-sid", QUEUE, "--allow-updates")
    claims = claims_of(result.output.strip(), AUTH_TOKEN)
    assert claims["taskqueue_sid"] == QUEUE
    assert "POST" in {policy["method"] for policy in claims["policies"] if "TaskQueues" in policy["url"]}


@pytest.mark.parametrize(
    ("arguments", "changes", "said"),
    [
        ([], {}, "--workspace-sid"),
        (["--workspace-sid", "WS1"], {}, "workspace_sid: expected WS"),
        (["--workspace-sid", WORKSPACE], {}, "worker_sid: needed"),
        (["--workspace-sid", WORKSPACE, "--role", "admin"], {"POINTSMAN_API_KEY_SECRET": ""}, "API_KEY_SECRET: set"),
        (["--workspace-sid", WORKSPACE, "--role", "admin"], {"POINTSMAN_API_KEY_SID": ""}, "API_KEY_SID: set"),
        (["--workspace-sid", WORKSPACE, "--capability"], {"POINTSMAN_AUTH_TOKEN": ""}, "AUTH_TOKEN: set"),
        (["--workspace-sid", WORKSPACE, "--role", "admin"], {"POINTSMAN_ACCOUNT_SID": ""}, "ACCOUNT_SID: set"),
        (["--workspace-sid", WORKSPACE, "--task-queue-sid", QUEUE], {}, "belong to --capability"),
        (["--workspace-sid", WORKSPACE, "--ttl", "90000"], {}, "--ttl"),
        (["--workspace-sid", WORKSPACE, "--now", "inf"], {}, "--now"),
    ],
)
def test_the_command_says_what_is_wrong(arguments: list[str], changes: dict[str, str], said: str) -> None:
    result = run(*arguments, **changes)
    assert result.exit_code == 2
    assert said in result.output
    assert SECRET not in result.output
