"""The form that an event callback posts (events-voice-tokens.md 1.2, 1.3)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from pointsman.domain.entry import Event
from pointsman.domain.limits import SECOND
from pointsman.events.keys import attributes_of, told


def form_of(event: Event, *, sid: str, at: int, account_sid: str, texts: Mapping[int, str]) -> dict[str, str]:
    """All fields as texts; what has no value is absent.

    `sid` is the event's, `at` its time in microseconds; `texts` has the attribute texts by the seq that the body names.
    """
    form = {
        "EventType": event.type,
        "AccountSid": account_sid,
        "Sid": sid,
        "EventDescription": event.description,
        "ResourceType": event.resource_type,
        "ResourceSid": event.resource_sid,
        "Timestamp": str(at // SECOND),
        "TimestampMs": str(at // 1000),
    }
    form |= {field_name(name): text for name, text in told(event)}
    return form | {field_name(name): text for name, text in attributes_of(event, texts).items()}


@lru_cache(256)
def field_name(key: str) -> str:
    """task_add_on_attributes → TaskAddOnAttributes: the two spellings of a key differ in nothing else."""
    return "".join(part.capitalize() for part in key.split("_"))
