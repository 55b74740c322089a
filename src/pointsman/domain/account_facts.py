"""The facts of an account's stream; what holds for all facts stands in facts.py."""

from __future__ import annotations

from pointsman.domain.fact import Fact


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
