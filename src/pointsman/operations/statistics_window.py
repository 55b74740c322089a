"""What statistics may be asked for: the window, the channel, the thresholds."""

from __future__ import annotations

import re

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.history.figures import Window

MINUTE, DAY = 60, 86_400
MINUTES = 15
THRESHOLDS_MOST = 100
GRACE = 60
"""Seconds by which a window of all that is kept may be late: a client's clock, and the way here."""
TOO_OLD = 14241

_THRESHOLD = re.compile(r"[0-9]{1,9}")


class StatisticsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """The common parameters; None is the default. Dates in microseconds, of which the second counts."""

    minutes: int | None = None
    start_date: int | None = None
    end_date: int | None = None
    task_channel: str | None = None
    split_by_wait_time: str | None = None


class WorkerFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which workers; None does not narrow."""

    task_queue_sid: str | None = None
    task_queue_name: str | None = None
    friendly_name: str | None = None
    activity_name: str | None = None

    @property
    def narrows(self) -> bool:
        return any(value is not None for value in msgspec.structs.astuple(self))


def window_of(query: StatisticsQuery, now: int, retention_days: int) -> Window:
    """StartDate to EndDate, or the minutes before EndDate or now. 400 that says why for what makes no window."""
    if query.minutes is not None and (query.start_date is not None or query.end_date is not None):
        raise Refusal("Minutes cannot be used together with StartDate or EndDate")
    most = retention_days * DAY // MINUTE
    minutes = MINUTES if query.minutes is None else query.minutes
    if not 0 < minutes <= most:
        raise Refusal(f"Minutes must be between 1 and {most}, but is {minutes}")
    present = now // SECOND
    until = present if query.end_date is None else query.end_date // SECOND
    since = until - minutes * MINUTE if query.start_date is None else query.start_date // SECOND
    if since > until:
        end = "now, which is the EndDate if none is given" if query.end_date is None else "EndDate"
        raise Refusal(f"StartDate must not be later than {end}")
    if since < present - retention_days * DAY - GRACE:
        named = "StartDate" if query.start_date is not None else "EndDate"
        raise Refusal(f"{named} must not be more than {retention_days} days ago", code=TOO_OLD)
    return Window(since, until)


def thresholds_of(query: StatisticsQuery) -> list[int]:
    """The seconds of SplitByWaitTime, rising; 400 if it is no list of them."""
    parts = [part.strip() for part in (query.split_by_wait_time or "").split(",")]
    if parts == [""]:
        return []
    for part in parts:
        if not _THRESHOLD.fullmatch(part):
            raise Refusal(
                f"SplitByWaitTime must be a comma-separated list of whole seconds, but '{part[:100]}' is none"
            )
    if len(parts) > THRESHOLDS_MOST:
        raise Refusal(f"SplitByWaitTime must not have more than {THRESHOLDS_MOST} thresholds, but has {len(parts)}")
    return sorted({int(part) for part in parts})
