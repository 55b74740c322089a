"""Events: what happened in a workspace, newest first."""

from __future__ import annotations

import msgspec

from pointsman.domain.entry import event_place, event_sid
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal, not_found
from pointsman.events.event_data import actor_of, event_data, source_of
from pointsman.history import events
from pointsman.history.history import History
from pointsman.operations.paging import Cursor, Page, PageRequest, decode_token, encode_token, invalid_token
from pointsman.operations.scope import View, WorkspaceScope
from pointsman.operations.statistics_window import GRACE

MINUTE = 60 * SECOND
DAY = 86_400 * SECOND
MINUTES = 15


class EventQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which events; None does not narrow. Dates in microseconds, of which the second counts."""

    start_date: int | None = None
    end_date: int | None = None
    minutes: int | None = None
    event_type: str | None = None
    reservation_sid: str | None = None
    task_sid: str | None = None
    task_queue_sid: str | None = None
    worker_sid: str | None = None
    workflow_sid: str | None = None
    task_channel: str | None = None
    sid: str | None = None


NAMED = ("reservation_sid", "task_sid", "task_queue_sid", "worker_sid", "workflow_sid")


def view(scope: WorkspaceScope, found: events.Found) -> View:
    """The neutral view of an event."""
    event, origin, at = found.event, found.entry.origin, found.entry.at
    actor_type, actor_sid = actor_of(origin.actor, scope.sid)
    return {
        "sid": event_sid(scope.sid, *found.place),
        "account_sid": scope.caller.account_sid,
        "workspace_sid": scope.sid,
        "event_type": event.type,
        "description": event.description,
        "event_date": at,
        "event_date_ms": at // 1000,
        "event_data": event_data(event, found.texts),
        "resource_type": event.resource_type,
        "resource_sid": event.resource_sid,
        "actor_type": actor_type,
        "actor_sid": actor_sid,
        "source": source_of(origin.source),
        "source_ip_address": origin.ip or None,
    }


async def fetch(scope: WorkspaceScope, sid: str) -> View:
    await scope.ask(lambda ws: None)
    place = event_place(scope.sid, sid)
    found = await events.at(scope.node.journal, scope.sid, events.Place(*place)) if place else None
    if found is None:
        raise not_found(f"/Workspaces/{scope.sid}/Events/{sid[:100]}")
    return view(scope, found)


async def listing(
    scope: WorkspaceScope, request: PageRequest, query: EventQuery, history: History | None = None
) -> Page:
    """One page; a page with few items may still have a next one, when much had to be looked through."""
    now = await scope.ask(lambda ws: ws.now)
    retention = scope.node.settings.retention_days * DAY
    filter = _filter(scope.sid, query, now, retention)
    if filter is None:
        return Page([])
    before = _place(scope.sid, request.token)
    found, following = await events.newest(scope.node.journal, scope.sid, filter, before, request.size, history)
    token = encode_token(Cursor(tuple(following))) if following else None
    return Page([view(scope, each) for each in found], token)


def _place(stream: str, token: str | None) -> events.Place | None:
    if token is None:
        return None
    if token.startswith("PAEV"):
        place = event_place(stream, token[2:])
        if place is None:
            raise invalid_token()
        return events.Place(*place)
    return events.Place(*decode_token(token, 2).key)


def _filter(stream: str, query: EventQuery, now: int, retention: int) -> events.EventFilter | None:
    """The filter of a query; None if nothing can match it."""
    place = event_place(stream, query.sid) if query.sid is not None else None
    if query.sid is not None and place is None:
        return None
    since, until = _window(query, now, retention)
    data = {name: value for name in NAMED if (value := getattr(query, name)) is not None}
    return events.EventFilter(
        since=since,
        until=until,
        event_type=query.event_type,
        data=data,
        task_channel=query.task_channel,
        place=events.Place(*place) if place else None,
    )


def _window(query: EventQuery, now: int, retention: int) -> tuple[int, int]:
    """StartDate to EndDate, or the last minutes before EndDate or now; all that is kept for EndDate or Sid alone."""
    until = now if query.end_date is None else query.end_date + SECOND - 1
    if query.start_date is not None:
        if query.minutes is not None:
            raise Refusal("Minutes cannot be used together with StartDate")
        if query.start_date // SECOND < now // SECOND - retention // SECOND - GRACE:
            raise Refusal(f"StartDate must not be more than {retention // DAY} days ago", code=14241)
        return query.start_date, until
    if query.minutes is None and (query.end_date is not None or query.sid is not None):
        return now - retention, until
    minutes = MINUTES if query.minutes is None else query.minutes
    if not 0 < minutes <= retention // MINUTE:
        raise Refusal(f"Minutes must be between 1 and {retention // MINUTE}, but is {minutes}")
    return until - minutes * MINUTE, until
