"""Typed readers of a request's parameters; whatever cannot be read is refused with 400/20001 naming the parameter.

A parameter that is absent reads as None; so does an empty one, but for texts. A parameter that nobody asks for is
ignored.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from pointsman.domain.refusal import Refusal, stale
from pointsman.web.body import parse_form, raw_body

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
TRUE = frozenset({"true", "1", "yes"})
FALSE = frozenset({"false", "0", "no"})

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}")
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_VERSION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')


class Parameters:
    """The fields of a form or a query string."""

    def __init__(self, fields: dict[str, list[str]]) -> None:
        self.fields = fields

    def text(self, name: str) -> str | None:
        """The last value, as it is."""
        values = self.fields.get(name)
        return values[-1] if values else None

    def required(self, name: str) -> str:
        """A text that must be there; it may be empty."""
        value = self.text(name)
        if value is None:
            raise Refusal(f"Missing required parameter {name} in the post body")
        return value

    def sid(self, name: str, *prefixes: str) -> str | None:
        """A sid with one of the prefixes."""
        value = self.text(name)
        if not value:
            return None
        if not _SID.fullmatch(value) or value[:2] not in prefixes:
            raise Refusal(f"Value '{value[:100]}' provided for {name} has an invalid format")
        return value

    def whole(self, name: str) -> int | None:
        """A whole number of at most 18 digits."""
        value = self.text(name)
        if not value:
            return None
        if not _WHOLE.fullmatch(value):
            raise Refusal(f"{name} must be a whole number, but is '{value[:100]}'")
        return int(value)

    def number(self, name: str) -> float | None:
        """A decimal number."""
        value = self.text(name)
        if not value:
            return None
        try:
            return float(value)
        except ValueError:
            raise Refusal(f"{name} must be a number, but is '{value[:100]}'") from None

    def boolean(self, name: str) -> bool | None:
        """true, 1, yes or false, 0, no, in any case."""
        value = self.text(name)
        if not value:
            return None
        word = value.lower()
        if word not in TRUE | FALSE:
            raise Refusal(f"{name} must be true or false, but is '{value[:100]}'")
        return word in TRUE

    def truth(self, name: str) -> bool | None:
        """true, 1 or yes; anything else is false (rest-api.md 7)."""
        value = self.text(name)
        return value.lower() in TRUE if value else None

    def date(self, name: str) -> int | None:
        """ISO 8601 with or without a time, UTC unless it says otherwise; in microseconds."""
        value = self.text(name)
        if not value:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            raise Refusal(f"{name} must be an ISO 8601 date, but is '{value[:100]}'") from None
        return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH) // MICROSECOND

    def choice(self, name: str, choices: tuple[str, ...]) -> str | None:
        """One of the given words."""
        value = self.text(name)
        if not value:
            return None
        return _chosen(name, value, choices)

    def choices(self, name: str, choices: tuple[str, ...]) -> frozenset[str] | None:
        """Some of the given words: the parameter repeated, or separated by commas."""
        values = [part.strip() for value in self.fields.get(name, []) for part in value.split(",")]
        return frozenset(_chosen(name, value, choices) for value in values if value) or None


def _chosen(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise Refusal(f"{name} must be one of {', '.join(choices)}, but is '{value[:100]}'")
    return value


def is_json(req: Any) -> bool:
    """The client says that its body is JSON."""
    return (req.content_type or "").lower().startswith("application/json")


async def form_of(req: Any) -> Parameters:
    """The parameters of a POST: a form, whatever the Content-Type says. JSON is refused, or it would have no effect.

    Read once: permissions ask for it before the operation does.
    """
    known: Parameters | None = getattr(req.context, "form", None)
    if known is not None:
        return known
    raw = await raw_body(req)
    if raw and is_json(req):
        raise Refusal("The body must be a form (application/x-www-form-urlencoded), not JSON", status=415, code=20415)
    req.context.form = Parameters(parse_form(raw))
    form: Parameters = req.context.form
    return form


def query_of(req: Any) -> Parameters:
    """The parameters of a GET."""
    return Parameters(parse_form(req.scope["query_string"]))


def if_match(req: Any, sid: str) -> int | None:
    """The version that If-Match names, quoted or bare; None without one or with `*`. 412 for what is no version."""
    header = req.get_header("If-Match")
    if header is None or header.strip() == "*":
        return None
    named = _VERSION.fullmatch(header.strip())
    if named is None:
        raise Refusal(
            f"If-Match names no version of {sid[:100]}: {header[:100]}", status=412, code=stale("", 0, 0).code
        )
    return int(named[1])
