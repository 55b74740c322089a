"""EventsFilter: which events a workspace's callback is told of."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(1024)
def wanted_types(events_filter: str | None) -> frozenset[str] | None:
    """The event types that a filter names, comma-separated; None, which is also what an empty filter means, is all.

    A name that is no event type is taken and matches nothing: a filter of such names alone wants no event.
    """
    names = frozenset(name.strip() for name in (events_filter or "").split(","))
    return (names - {""}) or None


def wants(events_filter: str | None, event_type: str) -> bool:
    """True if a callback with this filter is told of events of this type."""
    types = wanted_types(events_filter)
    return types is None or event_type in types
