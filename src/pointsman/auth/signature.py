"""Signatures of tokens: JWS with HMAC, and nothing else, through PyJWT."""

from __future__ import annotations

import warnings
from typing import Any

import jwt

ALGORITHMS = ("HS256", "HS384", "HS512")

# A short secret is the operator's choice; PyJWT would say so on stderr at each place that signs or checks.
warnings.filterwarnings("ignore", category=jwt.InsecureKeyLengthWarning)

_jws = jwt.PyJWS(algorithms=ALGORITHMS)


def signed(claims: dict[str, Any], secret: str, headers: dict[str, Any]) -> str:
    """A token."""
    return jwt.encode(claims, secret, algorithm=ALGORITHMS[0], headers=headers)


def opened(token: str) -> tuple[dict[str, Any], bytes]:
    """Header and payload of a token, not verified. Raises ValueError if it is none."""
    try:
        parts = _jws.decode_complete(token, options={"verify_signature": False})
    except (jwt.PyJWTError, TypeError, RecursionError):
        raise ValueError("not a JWT") from None
    return parts["header"], parts["payload"]


def is_signed_with(token: str, secret: bytes) -> bool:
    """Whether the token's signature was made with the secret, by one of our algorithms."""
    try:
        _jws.decode(token, secret, algorithms=ALGORITHMS)
    except jwt.PyJWTError:
        return False
    return True
