"""The form of an event callback, until events/ has it."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.domain.entry import Event
from pointsman.events.event_data import event_data
from pointsman.history.events import ATTRIBUTES


def form_of(event: Event, *, sid: str, at: int, account_sid: str, texts: Mapping[int, str]) -> dict[str, str]:
    seqs = {name: seq for key, name in ATTRIBUTES.items() if isinstance(seq := event.data.get(key), int)}
    attributes = {name: texts[seq] for name, seq in seqs.items() if seq in texts}
    form = {_pascal(name): text for name, text in event_data(event, attributes).items()}
    form |= {
        "Sid": sid,
        "EventType": event.type,
        "AccountSid": account_sid,
        "EventDescription": event.description,
        "ResourceType": event.resource_type,
        "ResourceSid": event.resource_sid,
        "Timestamp": str(at // 1_000_000),
        "TimestampMs": str(at // 1_000),
    }
    return {name: text for name, text in form.items() if text}


def _pascal(name: str) -> str:
    return "".join([part.capitalize() for part in name.split("_")])


def wants(events_filter: str | None, event_type: str) -> bool:
    names = {name.strip() for name in (events_filter or "").split(",")} - {""}
    return not names or event_type in names
