"""Accounts: who owns workspaces and keys."""

from __future__ import annotations

from pointsman.auth.caller import Caller
from pointsman.domain.refusal import not_found
from pointsman.engine.account.engine import AccountEngine
from pointsman.operations.scope import View
from pointsman.runtime.node import Node


def check(caller: Caller, account_sid: str) -> None:
    """Another account than the caller's is not found; nor is any for a token, which is for one workspace only."""
    if account_sid != caller.account_sid or caller.role:
        raise not_found(f"/Accounts/{account_sid[:100]}")


async def fetch(node: Node, caller: Caller, account_sid: str) -> View:
    """The caller's account. Its auth token is shown to itself alone, or any key would be as good as the token."""
    check(caller, account_sid)

    def query(engine: AccountEngine) -> View:
        account = engine.tables.account
        if account is None:
            raise not_found(f"/Accounts/{account_sid}")
        return {
            "sid": account.sid,
            "owner_account_sid": account.sid,
            "friendly_name": account.friendly_name,
            "auth_token": account.auth_token if caller.actor == account.sid else None,
            "status": "active",
            "type": "Full",
            "date_created": account.date_created,
            "date_updated": account.date_updated,
        }

    return await node.ask(account_sid, query)
