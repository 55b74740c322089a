"""The engine of one account's stream. Nothing waits in it, so it has no timers and is always at rest."""

from __future__ import annotations

import msgspec

from pointsman.domain.facts import AccountCreated, AnyFact, KeyCreated, KeyDeleted
from pointsman.engine.account.tables import Account, Key, Picture, Tables
from pointsman.engine.core.stream import Ids, Listing, StreamEngine
from pointsman.engine.core.timers import Timer
from pointsman.settings import Settings


class AccountEngine(StreamEngine):
    def __init__(self, stream: str, settings: Settings, ids: Ids) -> None:
        super().__init__(stream, settings, ids)
        self.tables = Tables(Picture())

    def apply(self, seq: int, at: int, fact: AnyFact) -> None:
        match fact:
            case AccountCreated(sid, auth_token, friendly_name):
                self.tables.account = Account(sid, auth_token, friendly_name, at, at)
            case KeyCreated(sid, secret, friendly_name):
                self.tables.keys.add(Key(sid, seq, secret, friendly_name, at, at))
            case KeyDeleted(sid):
                self.tables.keys.remove(sid)
            case _:
                raise ValueError(f"{type(fact).__name__} is no fact of an account")

    def react(self, fact: AnyFact) -> None:
        return

    def settle(self, limit: int) -> bool:
        return True

    def fire(self, timer: Timer) -> None:
        raise ValueError(f"an account has no timer {timer.kind}")

    def park(self, timer: Timer, error: str) -> None:
        self.timers.clear(timer.kind, timer.sid)

    def ready(self) -> None:
        return

    def resume(self, down_since: int | None) -> None:
        return

    def snapshot(self) -> bytes:
        return msgspec.json.encode(Picture(self.tables.account, list(self.tables.keys)))

    def restore(self, seq: int, at: int, body: bytes) -> None:
        self.tables = Tables(msgspec.json.decode(body, type=Picture))
        self.head, self.now = seq, at

    def listing(self) -> Listing | None:
        account = self.tables.account
        if account is None:
            return None
        return Listing(account.sid, account.friendly_name, account.date_created, account.date_updated, False)
