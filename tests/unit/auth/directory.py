"""A directory of two accounts and their keys, on a node that can lose them again."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
from typing import Any

from pointsman.auth.directory import Directory
from pointsman.auth.tokens import Tokens
from pointsman.domain.entry import SYSTEM
from pointsman.engine.account import accounts, keys
from pointsman.engine.account.engine import AccountEngine
from pointsman.journal.memory import MemoryJournal
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

NOW = 1_800_000_000
"""The server's time in seconds: years ahead of the machine's, so that a look at the wrong clock shows."""

OURS, THEIRS = "AC" + "a" * 32, "AC" + "b" * 32
KEY, THEIR_KEY = "SK" + "a" * 32, "SK" + "b" * 32
AUTH_TOKEN, SECRET = "our-auth-token--" * 4, "our-key-secret--" * 4
THEIR_TOKEN, THEIR_SECRET = "their-auth-token" * 4, "their-key-secret" * 4
WORKSPACE, WORKER, QUEUE = "WS" + "1" * 32, "WK" + "2" * 32, "WQ" + "3" * 32


class Desk:
    """The tokens of a server, its clock, and hands to take keys away."""

    def __init__(self) -> None:
        self.clock = VirtualClock(NOW * 1_000_000)
        self.loop = asyncio.new_event_loop()
        self.journal = MemoryJournal()
        self.node = Node(self.journal, Settings(), self.clock, SeededIds(1))
        self.directory = Directory(self.node)
        self.tokens = Tokens(self.directory, self.clock)
        self.loop.run_until_complete(self._open())

    async def _open(self) -> None:
        await self.journal.start()
        await self.node.start()
        for account, token, key, secret in (
            (OURS, AUTH_TOKEN, KEY, SECRET),
            (THEIRS, THEIR_TOKEN, THEIR_KEY, THEIR_SECRET),
        ):

            def create(
                engine: AccountEngine, account: str = account, token: str = token, key: str = key, secret: str = secret
            ) -> None:
                accounts.create(engine, sid=account, auth_token=token, friendly_name="")
                keys.create(engine, friendly_name="", sid=key, secret=secret)

            await self.node.create(account, SYSTEM, create)
        await self.directory.load_all()

    def delete_key(self, account: str, key: str) -> None:
        async def delete() -> None:
            await self.node.tell(account, SYSTEM, lambda engine: keys.delete(engine, key))
            await self.directory.load(account)

        self.loop.run_until_complete(delete())

    def close(self) -> None:
        self.loop.run_until_complete(self.node.stop())
        self.loop.run_until_complete(self.journal.close())
        self.loop.close()


def part(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def forged(claims: Any, secret: str = SECRET, digest: str = "sha256", **header: Any) -> str:
    """A token signed by hand, by none of the libraries: whatever is put into it stays."""
    alg = {"sha256": "HS256", "sha384": "HS384", "sha512": "HS512"}[digest]
    text = f"{part({'alg': alg, 'typ': 'JWT'} | header)}.{part(claims)}"
    return f"{text}.{part(hmac.new(secret.encode(), text.encode(), digest).digest())}"


def access_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good AccessToken; a change to None leaves a claim out."""
    grant = {"workspace_sid": WORKSPACE, "worker_sid": WORKER, "role": "worker"}
    claims = {"iss": KEY, "sub": OURS, "exp": NOW + 60, "grants": {"identity": "ann", "task_router": grant}} | changes
    return {name: value for name, value in claims.items() if value is not None}


def capability_claims(**changes: Any) -> dict[str, Any]:
    """The claims of a good capability token."""
    claims = {
        "iss": OURS,
        "account_sid": OURS,
        "exp": NOW + 60,
        "version": "v1",
        "workspace_sid": WORKSPACE,
        "worker_sid": WORKER,
        "channel": WORKER,
        "policies": [],
    } | changes
    return {name: value for name, value in claims.items() if value is not None}
