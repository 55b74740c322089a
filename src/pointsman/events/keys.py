"""Which keys of an event's body are told to whom, and what kinds of values they hold (events-voice-tokens.md 1.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pointsman.domain.entry import Event, Value
from pointsman.domain.limits import SECOND

ATTRIBUTES = {"task_attributes_seq": "task_attributes", "worker_attributes_seq": "worker_attributes"}
"""Keys that name the fact with the text, and the key under which the text is told."""

TIMES = frozenset({"task_date_created", "task_queue_entered_date", "task_virtual_start_time", "transfer_started"})
"""Keys whose values are times: unix seconds on the wire."""

SOCKETS_ONLY = frozenset(
    {
        "task_date_updated",
        "task_assignment_count",
        "task_worker_sids",
        "worker_available",
        "worker_date_created",
        "worker_date_updated",
        "worker_last_status_change",
        "worker_channel_sid",
        "worker_channel_assigned_tasks",
        "worker_channel_date_created",
        "worker_channel_date_updated",
        "worker_channel_last_reserved_date",
        "reservation_status",
        "reservation_timeout",
        "reservation_reason_code",
        "reservation_date_created",
        "reservation_date_updated",
        "reservation_worker_previous_activity_sid",
        "task_transfer_date_created",
        "task_transfer_date_updated",
        "transfer_initiating_queue_sid",
        "transfer_initiating_workflow_sid",
    }
)
"""What sockets need and neither the Events resource nor a callback has."""

OUTGOING = "outgoing_"
"""Prefix of the keys, for sockets only, of a transfer that the holder of a reservation has under way."""

NOT_OF_RESERVATIONS = frozenset({"task_timeout", "task_age_in_queue"})
"""Told of tasks; the key sets seen of reservation.* are without them."""


def attributes_of(event: Event, texts: Mapping[int, str]) -> dict[str, str]:
    """The attribute texts that a body refers to, by the key they are told under; what was pruned is left out."""
    named = ((name, texts.get(seq)) for key, name in ATTRIBUTES.items() if isinstance(seq := event.data.get(key), int))
    return {name: text for name, text in named if text is not None}


def told(event: Event) -> Iterator[tuple[str, str]]:
    """Keys and texts for the Events resource and for callbacks, but for the attributes; no value, no key."""
    of_reservation = event.type.startswith("reservation.")
    for name, value in event.data.items():
        if value in (None, "") or name in ATTRIBUTES or name in SOCKETS_ONLY or name.startswith(OUTGOING):
            continue
        if not (of_reservation and name in NOT_OF_RESERVATIONS):
            yield name, _text(name, value)


def _text(name: str, value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and name in TIMES:
        return str(value // SECOND)
    return str(value)
