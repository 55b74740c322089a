"""The credentials of every account, kept in memory so that a request costs no look into a stream."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from pointsman.engine.account.engine import AccountEngine

if TYPE_CHECKING:
    from pointsman.runtime.node import Node

SLICE = 1000
"""Directory rows of the journal that are read at a time."""


class Credential(msgspec.Struct, frozen=True, repr_omit_defaults=True):
    """What proves a name: an account's auth token or a key's secret."""

    account_sid: str
    secret: bytes


NOBODY = Credential("", b"\0")


class Directory:
    """Names (AC… and SK…) with their secrets. Whoever changes an account's keys loads the account again."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._by_name: dict[str, Credential] = {}
        self._names: dict[str, list[str]] = {}
        self.listeners: list[Callable[[], None]] = []
        """Told when an account was loaded: tokens that its keys signed may count no longer."""

    @property
    def accounts(self) -> list[str]:
        """The sids of all accounts."""
        return list(self._names)

    async def load_all(self) -> None:
        """Read every account of the journal."""
        after = ""
        while heads := await self._node.journal.streams(after, SLICE):
            for head in heads:
                if head.stream.startswith("AC") and "/" not in head.stream and head.head and not head.deleted:
                    await self.load(head.stream)
            after = heads[-1].stream
            if after[:2] > "AC":
                return

    async def load(self, account_sid: str) -> None:
        """Read one account again; its forgotten keys are no longer known."""
        found = await self._node.ask(account_sid, _credentials)
        for name in self._names.pop(account_sid, []):
            del self._by_name[name]
        self._names[account_sid] = list(found)
        self._by_name.update(found)
        for listener in self.listeners:
            listener()

    def secret_of(self, name: str) -> bytes | None:
        """The secret of an account or key, None if unknown: tokens are signed with it."""
        credential = self._by_name.get(name)
        return credential.secret if credential else None

    def credential(self, name: str) -> Credential | None:
        """The credential of an account or key as it is now, None if unknown or deleted."""
        return self._by_name.get(name)

    def check(self, name: str, secret: bytes) -> str | None:
        """The account that these credentials act for; None if they are wrong. Takes the same time either way."""
        credential = self._by_name.get(name, NOBODY)
        right = hmac.compare_digest(credential.secret, secret)
        return credential.account_sid if right and credential is not NOBODY else None


def _credentials(account: AccountEngine) -> dict[str, Credential]:
    owner = account.tables.account
    if owner is None:
        return {}
    found = {key.sid: Credential(owner.sid, key.secret.encode()) for key in account.tables.keys}
    return found | {owner.sid: Credential(owner.sid, owner.auth_token.encode())}
