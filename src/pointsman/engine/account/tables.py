"""An account's state. Token and secrets are kept in clear, for signatures are computed with them."""

from __future__ import annotations

import msgspec

from pointsman.engine.core.roll import Roll


class Account(msgspec.Struct):
    sid: str
    auth_token: str
    friendly_name: str
    date_created: int
    date_updated: int


class Key(msgspec.Struct):
    sid: str
    number: int
    secret: str
    friendly_name: str
    date_created: int
    date_updated: int


class Picture(msgspec.Struct):
    """The tables as a snapshot stores them."""

    account: Account | None = None
    keys: list[Key] = []


class Tables:
    def __init__(self, picture: Picture) -> None:
        self.account = picture.account
        self.keys = Roll({key.sid: key for key in picture.keys})
