"""API keys of an account. Every change is followed by the directory of credentials."""

from __future__ import annotations

from pointsman.auth.caller import Caller
from pointsman.auth.directory import Directory
from pointsman.domain.refusal import Refusal, not_found
from pointsman.engine.account import keys as commands
from pointsman.engine.account.engine import AccountEngine
from pointsman.engine.account.tables import Key
from pointsman.operations.accounts import check
from pointsman.operations.paging import Cursor, Page, PageRequest, decode_token, page_from
from pointsman.operations.scope import View
from pointsman.runtime.node import Node


def view(key: Key) -> View:
    """The neutral view of a key, without its secret."""
    return {
        "sid": key.sid,
        "friendly_name": key.friendly_name,
        "date_created": key.date_created,
        "date_updated": key.date_updated,
    }


def _check_manager(caller: Caller, account_sid: str) -> None:
    """A key must not outlive its withdrawal through keys that it made: only the auth token makes and deletes them."""
    check(caller, account_sid)
    if caller.actor != account_sid:
        raise Refusal(
            "Keys are created and deleted with the account's auth token, not with a key", status=403, code=20403
        )


async def create(node: Node, directory: Directory, caller: Caller, account_sid: str, *, friendly_name: str) -> View:
    """A new key; this answer alone holds its secret."""
    _check_manager(caller, account_sid)

    def command(engine: AccountEngine) -> View:
        key = commands.create(engine, friendly_name=friendly_name)
        return view(key) | {"secret": key.secret}

    created = await node.tell(account_sid, caller.origin(), command)
    await directory.load(account_sid)
    return created


async def fetch(node: Node, caller: Caller, account_sid: str, sid: str) -> View:
    check(caller, account_sid)

    def query(engine: AccountEngine) -> View:
        key = engine.tables.keys.get(sid)
        if key is None:
            raise not_found(f"/Accounts/{account_sid}/Keys/{sid[:100]}")
        return view(key)

    return await node.ask(account_sid, query)


async def delete(node: Node, directory: Directory, caller: Caller, account_sid: str, sid: str) -> None:
    """The key stops to count at once."""
    _check_manager(caller, account_sid)
    await node.tell(account_sid, caller.origin(), lambda engine: commands.delete(engine, sid))
    await directory.load(account_sid)


async def listing(node: Node, caller: Caller, account_sid: str, request: PageRequest) -> Page:
    check(caller, account_sid)
    cursor = decode_token(request.token, 1) if request.token is not None else None

    def query(engine: AccountEngine) -> Page:
        keys, wanted = engine.tables.keys, request.size + 1
        place = cursor or Cursor((0,))
        found = keys.before(place.key[0], wanted) if place.back else keys.after(place.key[0], wanted)
        return page_from([((key.number,), view(key)) for key in found], cursor, request.size)

    return await node.ask(account_sid, query)
