"""The event_data of the Events resource: snake_case keys, and every value a text (events-voice-tokens.md 1.4)."""

from __future__ import annotations

from collections.abc import Mapping

from pointsman.domain.entry import Event, Value
from pointsman.domain.limits import SECOND

REFERENCES = frozenset({"task_attributes_seq", "worker_attributes_seq"})
TIMES = frozenset({"task_date_created", "task_queue_entered_date", "task_virtual_start_time"})
"""Keys whose values are times: unix seconds on the wire."""

ACTORS = {"AC": "account", "SK": "key", "WK": "worker", "WS": "workspace"}


def event_data(event: Event, texts: Mapping[str, str]) -> dict[str, str]:
    """The event's data as texts, attributes in place of their references; what has no value is left out."""
    data = {name: _text(name, value) for name, value in event.data.items() if name not in REFERENCES}
    return {name: text for name, text in data.items() if text is not None} | dict(texts)


def actor_of(actor: str, workspace_sid: str) -> tuple[str, str]:
    """Type and sid of whoever brought an event about; the workspace for what the server did by itself."""
    sid = actor or workspace_sid
    return ACTORS.get(sid[:2], "workspace"), sid


def source_of(source: str) -> str:
    """Twilio names itself as the source of its own doing."""
    return "twilio" if source in ("", "system") else source


def _text(name: str, value: Value) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name in TIMES:
        return str(value // SECOND)
    return None if value is None else str(value)
