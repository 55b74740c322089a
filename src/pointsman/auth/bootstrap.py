"""The first account and its first key."""

from __future__ import annotations

import secrets

import msgspec

from pointsman.auth.directory import Directory
from pointsman.domain.entry import Origin
from pointsman.engine.account import accounts, keys
from pointsman.engine.account.engine import AccountEngine
from pointsman.runtime.node import Node
from pointsman.settings import Settings

ORIGIN = Origin(source="bootstrap")


class BootstrapError(Exception):
    """The credentials that were given do not fit those of the data file; the text says what to do."""


class FirstCredentials(msgspec.Struct, frozen=True):
    """Credentials that were generated: to be shown once."""

    account_sid: str
    auth_token: str
    key_sid: str = ""
    key_secret: str = ""


async def bootstrap(node: Node, directory: Directory, settings: Settings) -> FirstCredentials | None:
    """Make sure that somebody can speak. Answers the credentials if they were generated, None otherwise.

    An account or key of the settings that the journal does not have is created; one that it has must have the same
    secret, else BootstrapError.
    """
    generated = None
    if settings.account_sid is not None:
        assert settings.auth_token is not None
        await _ensure_account(node, directory, settings.account_sid, settings.auth_token)
    elif not directory.accounts:
        generated = _drawn()
        await _ensure_account(node, directory, generated.account_sid, generated.auth_token)
    if settings.api_key_sid is not None:
        assert settings.api_key_secret is not None
        account_sid = settings.account_sid or directory.accounts[0]
        await _ensure_key(node, directory, account_sid, settings.api_key_sid, settings.api_key_secret)
    elif generated is not None:
        await _ensure_key(node, directory, generated.account_sid, generated.key_sid, generated.key_secret)
    return generated


def _drawn() -> FirstCredentials:
    return FirstCredentials(
        account_sid="AC" + secrets.token_hex(16),
        auth_token=secrets.token_hex(16),
        key_sid="SK" + secrets.token_hex(16),
        key_secret=secrets.token_hex(16),
    )


async def _ensure_account(node: Node, directory: Directory, sid: str, token: str) -> None:
    known = directory.secret_of(sid)
    if known is None:

        def create(account: AccountEngine) -> None:
            accounts.create(account, sid=sid, auth_token=token, friendly_name="")

        await node.create(sid, ORIGIN, create)
        await directory.load(sid)
    elif known != token.encode():
        raise BootstrapError(
            f"{sid} is in the data file with another auth token than POINTSMAN_AUTH_TOKEN; an auth token cannot be "
            "changed: give the one that the account was created with, or leave both variables unset"
        )


async def _ensure_key(node: Node, directory: Directory, account_sid: str, sid: str, secret: str) -> None:
    known = directory.secret_of(sid)
    if known is None:

        def create(account: AccountEngine) -> None:
            keys.create(account, friendly_name="", sid=sid, secret=secret)

        await node.tell(account_sid, ORIGIN, create)
        await directory.load(account_sid)
    elif known != secret.encode() or directory.check(sid, known) != account_sid:
        raise BootstrapError(
            f"{sid} is in the data file with another secret or account than POINTSMAN_API_KEY_SECRET and "
            "POINTSMAN_ACCOUNT_SID say; delete the key, or give the right ones"
        )
