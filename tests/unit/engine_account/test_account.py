"""An account and its keys: commands, refusals, replay and snapshot."""

from __future__ import annotations

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.domain.facts import TaskRemoved
from pointsman.domain.refusal import Refusal
from pointsman.engine.account import accounts, keys
from pointsman.engine.account.engine import AccountEngine
from pointsman.settings import Settings

ACCOUNT = "AC" + "0" * 32
NOON = 10**15


class CountedIds:
    def __init__(self) -> None:
        self.drawn = 0

    def __call__(self, prefix: str) -> str:
        self.drawn += 1
        return f"{prefix}{self.drawn:032x}"


def fresh() -> AccountEngine:
    return AccountEngine(ACCOUNT, Settings(), CountedIds())


@pytest.fixture
def engine() -> AccountEngine:
    engine = fresh()
    engine.begin(NOON, SYSTEM)
    accounts.create(engine, sid=ACCOUNT, auth_token="t" * 32, friendly_name="Main")
    return engine


def test_an_account_is_created_once(engine: AccountEngine) -> None:
    account = engine.tables.account
    assert account is not None
    assert (account.sid, account.auth_token, account.friendly_name, account.date_created) == (
        ACCOUNT,
        "t" * 32,
        "Main",
        NOON,
    )
    with pytest.raises(Refusal) as refused:
        accounts.create(engine, sid=ACCOUNT, auth_token="u" * 32)
    assert refused.value.status == 400
    assert engine.head == 1


def test_a_key_is_drawn_or_given(engine: AccountEngine) -> None:
    drawn = keys.create(engine, friendly_name="drawn")
    given = keys.create(engine, sid="SK" + "f" * 32, secret="s" * 32)
    assert drawn.sid.startswith("SK") and len(drawn.sid) == 34 and len(drawn.secret) == 32
    assert (given.sid, given.secret, given.friendly_name) == ("SK" + "f" * 32, "s" * 32, "")
    assert list(engine.tables.keys) == [drawn, given]
    with pytest.raises(Refusal):
        keys.create(engine, sid=given.sid)
    with pytest.raises(Refusal):
        keys.create(engine, friendly_name="x" * 10_000)
    assert len(engine.tables.keys) == 2


def test_a_deleted_key_is_gone_and_cannot_be_deleted_again(engine: AccountEngine) -> None:
    sid = keys.create(engine).sid
    keys.delete(engine, sid)
    assert sid not in engine.tables.keys
    with pytest.raises(Refusal) as refused:
        keys.delete(engine, sid)
    assert (refused.value.status, refused.value.code) == (404, 20404)


def test_keys_are_bounded(engine: AccountEngine) -> None:
    for _ in range(keys.KEYS_MOST):
        keys.create(engine)
    with pytest.raises(Refusal):
        keys.create(engine)


def test_replay_and_snapshot_give_the_same_tables(engine: AccountEngine) -> None:
    first = keys.create(engine, friendly_name="kept")
    second = keys.create(engine)
    engine.begin(NOON + 5, SYSTEM)
    keys.delete(engine, second.sid)
    entries = engine.take()
    replayed, restored = fresh(), fresh()
    for seq, entry in enumerate(entries, 1):
        replayed.replay(seq, entry)
    restored.restore(2, NOON, _snapshot_at(2, entries))
    for seq, entry in enumerate(entries[2:], 3):
        restored.replay(seq, entry)
    for copy in (replayed, restored):
        copy.ready()
        assert (copy.head, copy.now) == (4, NOON + 5)
        assert copy.snapshot() == engine.snapshot()
        assert copy.listing() == engine.listing()
        assert [key.sid for key in copy.tables.keys] == [first.sid]


def _snapshot_at(seq: int, entries: list) -> bytes:
    earlier = fresh()
    for number, entry in enumerate(entries[:seq], 1):
        earlier.replay(number, entry)
    return earlier.snapshot()


def test_a_fact_of_a_workspace_is_none_of_an_account(engine: AccountEngine) -> None:
    with pytest.raises(ValueError, match="no fact of an account"):
        engine.record(TaskRemoved("WT" + "0" * 32))


def test_before_its_creation_an_account_is_not_listed() -> None:
    assert fresh().listing() is None
