"""The event_data of the Events resource: snake_case keys, and every value a text (events-voice-tokens.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.domain.entry import Event
from pointsman.events.keys import told

ACTORS = {"AC": "account", "SK": "key", "WK": "worker", "WS": "workspace"}


def event_data(event: Event, texts: Mapping[str, str]) -> dict[str, str]:
    """The event's data as texts, attributes in place of their references; what has no value is left out."""
    return dict(told(event)) | dict(texts)


def actor_of(actor: str, workspace_sid: str) -> tuple[str, str]:
    """Type and sid of whoever brought an event about; the workspace for what the server did by itself."""
    sid = actor or workspace_sid
    return ACTORS.get(sid[:2], "workspace"), sid


def source_of(source: str) -> str:
    """Twilio names itself as the source of its own doing."""
    return "twilio" if source in ("", "system") else source
