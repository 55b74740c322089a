"""Commands on the account itself."""

from __future__ import annotations

from pointsman.domain.facts import AccountCreated
from pointsman.domain.refusal import Refusal
from pointsman.engine.account.engine import AccountEngine
from pointsman.engine.account.tables import Account


def create(engine: AccountEngine, *, sid: str, auth_token: str, friendly_name: str = "") -> Account:
    """The account of this stream. Its token is kept in clear: signatures are computed with it."""
    if engine.tables.account is not None:
        raise Refusal(f"Account {sid} already exists")
    engine.record(AccountCreated(sid, auth_token, friendly_name))
    assert engine.tables.account is not None
    return engine.tables.account
