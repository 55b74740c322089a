"""What /metrics shows: every name stands here, its values come from whoever has them when they are asked for."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import accumulate
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector

Family = CounterMetricFamily | GaugeMetricFamily | HistogramMetricFamily
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """A counter's name is shown with `_total` behind it. With a `label`, there is a value for each of its words."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    label: str = ""


CALLBACKS_DELIVERED = Metric("pointsman_callbacks_delivered", "counter", "Event callbacks that were answered with 2xx.")
CALLBACKS_FAILED = Metric("pointsman_callbacks_failed", "counter", "Event callbacks that were given up.")
CALLBACKS_PENDING = Metric("pointsman_callbacks_pending", "gauge", "Event callbacks that are on their way.")
CALLBACKS_ASIDE = Metric(
    "pointsman_callbacks_set_aside", "gauge", "Pending event callbacks that fail while others pass."
)
TASKS = Metric("pointsman_tasks", "gauge", "Unfinished tasks of all workspaces.", "status")
OLDEST_WAIT = Metric("pointsman_oldest_wait_seconds", "gauge", "Age of the oldest task that is pending or reserved.")
WORKERS = Metric("pointsman_workers", "gauge", "Workers by whether their activity is available.", "available")
RESERVATIONS = Metric("pointsman_reservations", "counter", "Reservations created, and what became of them.", "outcome")
TO_RESERVATION = Metric("pointsman_time_to_reservation_seconds", "histogram", "Age of tasks when they are reserved.")
TO_ACCEPTANCE = Metric("pointsman_time_to_acceptance_seconds", "histogram", "Age of tasks when they are accepted.")
COMMIT_FACTS = Metric("pointsman_commit_facts", "histogram", "Facts that one write to the journal took.")
COMMIT_SECONDS = Metric("pointsman_commit_seconds", "histogram", "How long one write to the journal took.")
LOOP_STALLS = Metric("pointsman_loop_stall_seconds", "histogram", "How late the event loop woke, looked at each 0.1 s.")
HISTORY_BEHIND = Metric(
    "pointsman_history_behind", "gauge", "Facts that statistics and the event index do not know yet."
)
SOCKETS_OPEN = Metric("pointsman_sockets_open", "gauge", "WebSockets that are open.")
SOCKETS_OPENED = Metric("pointsman_sockets_opened", "counter", "WebSockets that were opened.")
SOCKETS_CUT = Metric("pointsman_sockets_cut", "counter", "WebSockets that were cut because their client did not read.")
FRAMES_SENT = Metric("pointsman_frames_sent", "counter", "Frames that were sent on WebSockets, heartbeats included.")

WAITS = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600)
SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000)
MOMENTS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5)


class Histogram:
    """How many values there were up to each bound, and their sum."""

    __slots__ = ("_bounds", "_counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self._bounds = bounds
        self._counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self._counts[bisect_left(self._bounds, value)] += 1
        self.total += value

    def buckets(self) -> list[tuple[str, float]]:
        """(upper bound, how many up to it), rising."""
        bounds = [*map(str, map(float, self._bounds)), "+Inf"]
        return list(zip(bounds, accumulate(self._counts), strict=True))


Value = float | Histogram | Mapping[str, float]
Source = Callable[[], Mapping[Metric, Value]]


class Metrics(Collector):
    """The sources of one server's figures."""

    def __init__(self) -> None:
        self.sources: list[Source] = []
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def collect(self) -> Iterable[Family]:
        for source in self.sources:
            yield from _families(source())

    def text(self) -> bytes:
        """In the text format of Prometheus."""
        return generate_latest(self._registry)


def _families(values: Mapping[Metric, Value]) -> Iterator[Family]:
    for metric, value in values.items():
        if isinstance(value, Histogram):
            yield HistogramMetricFamily(metric.name, metric.help, value.buckets(), value.total)
            continue
        kind = CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        if isinstance(value, Mapping):
            family = kind(metric.name, metric.help, labels=[metric.label])
            for word, number in value.items():
                family.add_metric([word], number)
            yield family
        else:
            yield kind(metric.name, metric.help, value)
