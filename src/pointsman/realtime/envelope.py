"""The envelope of a remote call: `{"url", "method", "params", "token"}`, whatever the Content-Type says."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from pointsman.domain.refusal import Refusal
from pointsman.web.body import FIELDS_MOST, parse_form, raw_body
from pointsman.web.parameters import Parameters

URL_CHARACTERS = 4096
NAME_CHARACTERS = 200


class _Envelope(msgspec.Struct):
    url: str
    method: str
    token: str
    params: dict[str, msgspec.Raw] | None = None
    event_type: str | None = None


class Envelope(msgspec.Struct, frozen=True):
    """A call that can be read. `path` is below /v1, without a slash at either end."""

    path: str
    method: str
    token: str
    parameters: Parameters
    event_type: str | None


_decode = msgspec.json.Decoder(_Envelope).decode


async def envelope_of(req: Any) -> Envelope:
    """The envelope in a request's body. Raises Refusal 400, 413."""
    raw = await raw_body(req)
    try:
        given = _decode(raw)
        fields = _fields(given.params or {})
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8, wrong types, too deep
        raise Refusal(
            f"The body must be a JSON object with url, method, params and token: {str(error)[:200]}"
        ) from None
    path, query = _path_of(given.url)
    return Envelope(path, given.method.upper(), given.token, Parameters(query | fields), given.event_type)


def _path_of(url: str) -> tuple[str, dict[str, list[str]]]:
    """The path below /v1 and the query of a URL; SDKs name Twilio's hosts, or none at all."""
    if len(url) > URL_CHARACTERS:
        raise Refusal(f"url must not be longer than {URL_CHARACTERS} characters")
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Refusal(f"url cannot be read: {error}") from None
    path = parts.path.strip("/").removeprefix("v1/")
    return path, parse_form(parts.query.encode()) if parts.query else {}


def _fields(params: dict[str, msgspec.Raw]) -> dict[str, list[str]]:
    """The values as a form would have them. null is no value."""
    if len(params) > FIELDS_MOST:
        raise ValueError(f"params must not have more than {FIELDS_MOST} fields")
    if any(len(name) > NAME_CHARACTERS for name in params):
        raise ValueError(f"the names of params must not be longer than {NAME_CHARACTERS} characters")
    fields = {name: _texts(bytes(raw).strip()) for name, raw in params.items()}
    return {name: texts for name, texts in fields.items() if texts}


def _texts(raw: bytes) -> list[str]:
    if raw.startswith(b"["):
        items = msgspec.json.decode(raw, type=list[msgspec.Raw])
        if len(items) > FIELDS_MOST:
            raise ValueError(f"an array in params must not have more than {FIELDS_MOST} items")
        return [text for item in items if (text := _text(bytes(item).strip())) is not None]
    text = _text(raw)
    return [] if text is None else [text]


def _text(raw: bytes) -> str | None:
    """Strings as they are; objects, numbers and truths as the JSON that the client wrote."""
    if raw == b"null":
        return None
    return msgspec.json.decode(raw, type=str) if raw.startswith(b'"') else raw.decode()
