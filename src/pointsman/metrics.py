"""What /metrics shows: every name stands here, its values come from whoever has them when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

Family = CounterMetricFamily | GaugeMetricFamily
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metric(NamedTuple):
    """A counter's name is shown with `_total` behind it."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str


CALLBACKS_DELIVERED = Metric("pointsman_callbacks_delivered", "counter", "Event callbacks that were answered with 2xx.")
CALLBACKS_FAILED = Metric("pointsman_callbacks_failed", "counter", "Event callbacks that were given up.")
CALLBACKS_PENDING = Metric("pointsman_callbacks_pending", "gauge", "Event callbacks that are on their way.")
CALLBACKS_ASIDE = Metric(
    "pointsman_callbacks_set_aside", "gauge", "Pending event callbacks that fail while others pass."
)

SOCKETS_OPEN = Metric("pointsman_sockets_open", "gauge", "WebSockets that are open.")
SOCKETS_OPENED = Metric("pointsman_sockets_opened", "counter", "WebSockets that were opened.")
SOCKETS_CUT = Metric("pointsman_sockets_cut", "counter", "WebSockets that were cut because their client did not read.")
FRAMES_SENT = Metric("pointsman_frames_sent", "counter", "Frames that were sent on WebSockets, heartbeats included.")

Source = Callable[[], Mapping[Metric, float]]


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


def _families(values: Mapping[Metric, float]) -> Iterator[Family]:
    for metric, value in values.items():
        if metric.kind == "counter":
            yield CounterMetricFamily(metric.name, metric.help, value)
        else:
            yield GaugeMetricFamily(metric.name, metric.help, value)
