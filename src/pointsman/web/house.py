"""What every resource works with."""

from __future__ import annotations

import msgspec

from pointsman.auth.directory import Directory
from pointsman.auth.tokens import Tokens
from pointsman.history.deliveries import DeliveryBook
from pointsman.history.history import History
from pointsman.metrics import Metrics
from pointsman.operations.live_statistics import LiveStatistics
from pointsman.runtime.node import Node
from pointsman.settings import Settings


class House(msgspec.Struct, frozen=True):
    """The running server behind the door."""

    node: Node
    settings: Settings
    directory: Directory
    tokens: Tokens
    history: History
    live_statistics: LiveStatistics
    deliveries: DeliveryBook | None = None
    """How event callbacks fare; None if nobody delivers any."""
    metrics: Metrics = msgspec.field(default_factory=Metrics)
