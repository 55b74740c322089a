"""An account's stream."""

from __future__ import annotations

from pointsman.domain.facts.base import Fact


class AccountCreated(Fact, frozen=True):
    sid: str
    auth_token: str
    friendly_name: str = ""


class KeyCreated(Fact, frozen=True):
    sid: str
    secret: str
    friendly_name: str = ""


class KeyDeleted(Fact, frozen=True):
    sid: str


AccountFact = AccountCreated | KeyCreated | KeyDeleted
