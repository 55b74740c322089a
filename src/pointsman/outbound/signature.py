"""X-Twilio-Signature, by which an application knows that a request comes from here (events-voice-tokens.md 2.6)."""

from __future__ import annotations

import hmac
from base64 import b64encode
from collections.abc import Mapping


def signature(auth_token: str, url: str, fields: Mapping[str, str]) -> str:
    """HMAC-SHA1 by the account's auth token of the URL, as sent, and the form's fields in the order of their names."""
    text = url + "".join([name + fields[name] for name in sorted(fields)])
    return b64encode(hmac.digest(auth_token.encode(), text.encode(), "sha1")).decode()
