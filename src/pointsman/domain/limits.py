"""Sizes and ranges that Twilio documents (rest-api.md 17), and the checks that enforce them."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import msgspec

from pointsman.domain.refusal import Refusal

SECOND = 1_000_000
"""Engine time is in microseconds."""

ATTRIBUTES_CHARACTERS = 4096
ATTRIBUTES_DEPTH = 64
CONFIGURATION_BYTES = 1_038_576
FRIENDLY_NAME_CHARACTERS = 64
QUEUE_NAME_CHARACTERS = 255
URL_CHARACTERS = 2048
EXPRESSION_CHARACTERS = 65_536
TASK_TIMEOUT_SECONDS = 86_400
TASK_TIMEOUT_MOST_SECONDS = 1_209_600
RESERVATION_TIMEOUT_SECONDS = 120
RESERVATION_TIMEOUT_MOST_SECONDS = 86_400
ASSIGNED_MOST_SECONDS = 86_400
PRIORITY_MOST = 2_147_483_647
RESERVED_WORKERS_MOST = 50
ASSIGNMENT_COUNT_MOST = 1_000
TRANSFERS_MOST = 100
"""Transfers of one task, ours: a task's life is bounded by days, what a client does to it must be, too."""
TRANSFER_ATTEMPTS_MOST = 1_000
"""Sets of reservations that one transfer to a queue may use up, ours."""
CAPACITY_MOST = 2_147_483_647
REASON_CHARACTERS = 4096
ALERTS_MOST = 1_000
ALERT_CHARACTERS = 1_000

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_name(field: str, value: str, most: int = FRIENDLY_NAME_CHARACTERS) -> str:
    """A non-blank name of at most `most` characters; 400/20001 otherwise."""
    if not value.strip():
        raise Refusal(f"{field} must not be empty")
    if _CONTROL.search(value):
        raise Refusal(f"{field} must not contain control characters")
    if len(value) > most:
        raise Refusal(f"{field} must be at most {most} characters long, but has {len(value)}")
    return value


def check_text(field: str, value: str, most: int) -> str:
    """A text of at most `most` characters, possibly empty; 400/20001 otherwise."""
    if len(value) > most:
        raise Refusal(f"{field} must be at most {most} characters long, but has {len(value)}")
    return value


def check_url(field: str, value: str) -> str:
    """An http or https URL with a host, or empty for none; 400/20001 otherwise."""
    check_text(field, value, URL_CHARACTERS)
    if value:
        try:
            parts = urlsplit(value)
            valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            valid = False
        if not valid or _CONTROL.search(value) or " " in value:
            raise Refusal(f"{field} must be an http or https URL, but is '{value[:100]}'")
    return value


def check_number(field: str, value: int, least: int, most: int) -> int:
    """An integer in a closed range; 400/20001 otherwise."""
    if not least <= value <= most:
        raise Refusal(f"{field} must be between {least} and {most}, but is {value}")
    return value


def check_choice(field: str, value: str, choices: tuple[str, ...]) -> str:
    """One of the given words; 400/20001 otherwise."""
    if value not in choices:
        raise Refusal(f"{field} must be one of {', '.join(choices)}, but is '{value[:100]}'")
    return value


def check_attributes(text: str) -> dict[str, Any]:
    """The object that an Attributes text holds; 400/20001 if it is no JSON object or too long."""
    check_text("Attributes", text, ATTRIBUTES_CHARACTERS)
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"Attributes is not valid JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refusal("Attributes must be a JSON object")
    if _depth_exceeds(value, ATTRIBUTES_DEPTH):
        raise Refusal(f"Attributes must not be nested deeper than {ATTRIBUTES_DEPTH} levels")
    return value


def _depth_exceeds(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    inner = value.values() if isinstance(value, dict) else value
    return any(_depth_exceeds(item, levels - 1) for item in inner)
