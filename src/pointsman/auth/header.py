"""The Authorization header: an account's or key's name and secret, or a token."""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64

from pointsman.auth.caller import Caller
from pointsman.auth.directory import Directory
from pointsman.auth.tokens import TOKEN_CHARACTERS, Tokens

LONGEST_HEADER = 2 * TOKEN_CHARACTERS
TOKEN_NAME = "token"
"""The name under which a token is given as the password of Basic authentication, in any case."""


def caller_of(header: str | None, directory: Directory, tokens: Tokens, ip: str = "") -> Caller | None:
    """The caller that a header proves; None if it is absent, malformed or wrong.

    `Basic name:secret`, `Basic Token:<token>` or `Bearer <token>`. Raises Refusal 401 for a token that does not count.
    """
    scheme, _, rest = (header or "").partition(" ")
    if scheme.lower() == "bearer" and "." in rest:
        return tokens.caller(rest.strip(), ip)
    credentials = _decoded(rest) if scheme.lower() == "basic" and len(rest) <= LONGEST_HEADER else None
    if credentials is None:
        return None
    name, _, secret = credentials.partition(b":")
    text = name.decode("latin-1")
    if text.lower() == TOKEN_NAME:
        return tokens.caller(secret.decode("latin-1"), ip)
    account_sid = directory.check(text, secret)
    return Caller(account_sid, text, ip=ip) if account_sid else None


def _decoded(encoded: str) -> bytes | None:
    try:
        return b64decode(encoded.strip(), validate=True)
    except (NotBase64, ValueError):
        return None
