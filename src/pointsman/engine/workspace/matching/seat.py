"""A worker as the matcher sees it: document, load and places in pools, all derived from the tables."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

import msgspec

from pointsman.domain.nouns import Activity, Reservation, Worker, WorkerChannel

if TYPE_CHECKING:
    from pointsman.engine.workspace.matching.pool import Place
    from pointsman.engine.workspace.matching.roster import Roster


class Seat:
    __slots__ = ("activity", "document", "names", "places", "reservations", "rosters", "single_tasking", "worker")

    def __init__(self, worker: Worker, activity: Activity, names: dict[str, str], single_tasking: bool) -> None:
        self.worker = worker
        self.activity = activity
        self.names = names
        """TaskChannel sids to unique names; shared by all seats."""
        self.single_tasking = single_tasking
        self.reservations: dict[str, Reservation] = {}
        self.rosters: dict[str, Roster] = {}
        self.places: dict[str, list[Place]] = {}
        """Places in the pools of each queue that the worker is a member of, by the queue's sid."""
        self.document: dict[str, Any] = {}
        self.read_attributes()

    @property
    def queues(self) -> dict[str, Roster]:
        """The queues of which the worker is a member, by sid, in no order that a decision may depend on."""
        return self.rosters

    def all_places(self) -> Iterator[Place]:
        return chain.from_iterable(self.places.values())

    def tidy(self) -> None:
        """Give up the places in pools that are forgotten."""
        for sid, places in self.places.items():
            self.places[sid] = [place for place in places if not place.pool.forgotten]

    def read_attributes(self) -> None:
        """Build the document anew. System fields win over attributes of the same name (routing.md 6.3)."""
        self.document = msgspec.json.decode(self.worker.attributes)
        self.document["sid"] = self.worker.sid
        self.document["friendly_name"] = self.worker.friendly_name
        self.take_activity(self.activity)
        self.document["channel"] = {}
        self.read_channels()

    def take_activity(self, activity: Activity) -> None:
        self.activity = activity
        self.document["activity_sid"] = activity.sid
        self.document["activity_name"] = activity.friendly_name

    def read_channels(self) -> None:
        self.document["channel"] = {
            self.names[sid]: self._channel_document(channel) for sid, channel in self.worker.channels.items()
        }

    def read_channel(self, task_channel_sid: str) -> None:
        channel = self.worker.channels.get(task_channel_sid)
        if channel is not None:
            self.document["channel"][self.names[task_channel_sid]] = self._channel_document(channel)

    def _channel_document(self, channel: WorkerChannel) -> dict[str, int]:
        return {
            "configured_capacity": channel.configured_capacity,
            "assigned_tasks": self.assigned(channel.task_channel_sid),
            "available_capacity_percentage": self.percentage(channel),
        }

    def percentage(self, channel: WorkerChannel) -> int:
        """Free capacity in whole percent (ruling 10)."""
        capacity = channel.configured_capacity
        if capacity <= 0:
            return 0
        return max(0, (capacity - self.open(channel.task_channel_sid)) * 100 // capacity)

    def open(self, task_channel_sid: str) -> int:
        """Pending, accepted and wrapping reservations on a channel: they take capacity."""
        count = 0
        for held in self.reservations.values():
            count += held.task_channel_sid == task_channel_sid
        return count

    def assigned(self, task_channel_sid: str) -> int:
        """Accepted reservations on a channel (ruling 10)."""
        count = 0
        for held in self.reservations.values():
            count += held.status == "accepted" and held.task_channel_sid == task_channel_sid
        return count

    def pending(self) -> list[Reservation]:
        return [held for held in self.reservations.values() if held.status == "pending"]

    def ready(self, task_channel_sid: str) -> bool:
        """True if a task of this channel may be offered now (routing.md 7.3)."""
        if not self.activity.available:
            return False
        channel = self.worker.channels.get(task_channel_sid)
        if channel is None or not channel.available:
            return False
        if self.single_tasking:
            return not self.reservations
        return self.open(task_channel_sid) < channel.configured_capacity
