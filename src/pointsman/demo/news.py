"""What happened in the workspace since the last look, by the Events resource."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from pointsman.demo.client import Client

PAGES_MOST = 20
"""A look further back than this gives up: what is older is no news."""


@dataclass(frozen=True)
class News:
    """An event: its type, its time of day in UTC, and its data as texts."""

    type: str
    time: str
    data: dict[str, str]

    @property
    def customer(self) -> str:
        """Whom the task is about."""
        try:
            return str(json.loads(self.data.get("task_attributes", "{}")).get("customer", "?"))
        except (ValueError, AttributeError):  # somebody else's task
            return "?"


class Newspaper:
    """Reads the events of a workspace, each one once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._last = ""

    async def read(self) -> list[News]:
        """What is new, oldest first."""
        fresh: list[dict[str, Any]] = []
        page: dict[str, Any] | None = await self._client.page("/Events")
        for _ in range(PAGES_MOST):
            if page is None or self._take(page["events"], fresh):
                break
            page = await self._client.following(page)
        if fresh:
            self._last = fresh[0]["sid"]
        return [News(each["event_type"], each["event_date"][11:19], each["event_data"]) for each in reversed(fresh)]

    def _take(self, events: list[dict[str, Any]], fresh: list[dict[str, Any]]) -> bool:
        """Add what is new; answers whether something known was met."""
        for event in events:
            if event["sid"] == self._last:
                return True
            fresh.append(event)
        return False
