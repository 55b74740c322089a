"""Commands on API keys."""

from __future__ import annotations

from pointsman.domain.facts import KeyCreated, KeyDeleted
from pointsman.domain.limits import FRIENDLY_NAME_CHARACTERS, check_text
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.account.engine import AccountEngine
from pointsman.engine.account.tables import Key

KEYS_MOST = 1_000


def create(engine: AccountEngine, *, friendly_name: str = "", sid: str | None = None, secret: str | None = None) -> Key:
    """A key that acts for the account; sid and secret are drawn unless given. 32 characters of secret."""
    check_text("FriendlyName", friendly_name, FRIENDLY_NAME_CHARACTERS)
    if len(engine.tables.keys) >= KEYS_MOST:
        raise Refusal(f"An account has at most {KEYS_MOST} keys")
    sid = sid or engine.ids("SK")
    if sid in engine.tables.keys:
        raise Refusal(f"Key {sid} already exists")
    engine.record(KeyCreated(sid, secret or engine.ids(""), friendly_name))
    return engine.tables.keys[sid]


def delete(engine: AccountEngine, sid: str) -> None:
    if sid not in engine.tables.keys:
        raise not_found(f"/Accounts/{engine.stream}/Keys/{sid[:100]}")
    engine.record(KeyDeleted(sid))
