"""A workspace's state: records by sid. Everything else in memory is an index that can be rebuilt from here."""

from __future__ import annotations

import hashlib

import msgspec

from pointsman.domain.nouns import (
    Activity,
    Alert,
    Reservation,
    Task,
    TaskChannel,
    TaskQueue,
    Transfer,
    Worker,
    Workflow,
    Workspace,
)
from pointsman.engine.core.roll import Roll


class Picture(msgspec.Struct):
    """The tables as a snapshot stores them. Fields are only ever added, with defaults."""

    workspace: Workspace | None = None
    activities: list[Activity] = []
    task_channels: list[TaskChannel] = []
    workers: list[Worker] = []
    task_queues: list[TaskQueue] = []
    workflows: list[Workflow] = []
    tasks: list[Task] = []
    reservations: list[Reservation] = []
    grace_until: int = 0
    parked: list[tuple[str, str]] = []
    alerts: list[Alert] = []
    transfers: list[Transfer] = []


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Picture)


class Tables:
    def __init__(self, picture: Picture | None = None) -> None:
        self._fill(picture or Picture())

    def _fill(self, picture: Picture) -> None:
        self.workspace = picture.workspace
        self.activities = Roll({row.sid: row for row in picture.activities})
        self.task_channels = Roll({row.sid: row for row in picture.task_channels})
        self.workers = Roll({row.sid: row for row in picture.workers})
        self.task_queues = Roll({row.sid: row for row in picture.task_queues})
        self.workflows = Roll({row.sid: row for row in picture.workflows})
        self.tasks = Roll({row.sid: row for row in picture.tasks})
        self.reservations = Roll({row.sid: row for row in picture.reservations})
        self.grace_until = picture.grace_until
        self.transfers = Roll({row.sid: row for row in picture.transfers})
        self.parked: dict[tuple[str, str], None] = dict.fromkeys(picture.parked)
        self.alerts = Roll({row.sid: row for row in picture.alerts})

    def clear(self) -> None:
        """The workspace is deleted with all that is in it (ruling 19)."""
        self._fill(Picture())

    def encode(self) -> bytes:
        return _ENCODER.encode(
            Picture(
                workspace=self.workspace,
                activities=list(self.activities),
                task_channels=list(self.task_channels),
                workers=list(self.workers),
                task_queues=list(self.task_queues),
                workflows=list(self.workflows),
                tasks=list(self.tasks),
                reservations=list(self.reservations),
                grace_until=self.grace_until,
                parked=list(self.parked),
                alerts=list(self.alerts),
                transfers=list(self.transfers),
            )
        )

    @classmethod
    def decode(cls, body: bytes) -> Tables:
        return cls(_DECODER.decode(body))


def worker_channel_sid(worker_sid: str, task_channel_sid: str) -> str:
    """Derived, not drawn: a new TaskChannel gives every worker a channel without a sid for each in the fact."""
    return "WC" + hashlib.sha256(f"{worker_sid}{task_channel_sid}".encode()).hexdigest()[:32]


def alert_sid(stream: str, seq: int) -> str:
    """Derived, not drawn: 16 hex digits of the stream's hash, 16 of the seq of the fact."""
    return f"NO{hashlib.sha256(stream.encode()).hexdigest()[:16]}{seq:016x}"
