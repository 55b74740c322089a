"""What /metrics shows of routing, in the form that Prometheus reads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from pointsman import metrics

from .served import Floor

DOCS = Path(__file__).parents[2] / "docs"
NAMED = [each for each in vars(metrics).values() if isinstance(each, metrics.Metric)]


def shown(floor: Floor) -> dict[tuple[str, str], float]:
    """Values by name and the value of the label."""
    answer = floor.live.call("GET", "/metrics", login=None)
    families = text_string_to_metric_families(answer.raw.decode())
    samples = [sample for family in families for sample in family.samples]
    return {(sample.name, "".join(sample.labels.values())): sample.value for sample in samples}


def test_routing_can_be_watched(floor: Floor) -> None:
    before = shown(floor)
    floor.worker("Ann", "Available"), floor.worker("Bob")
    workflow = floor.workflow(default=floor.queue("Queue"))
    tasks = [floor.task(workflow) for _ in range(3)]
    floor.advance(7)
    tasks[0].reservations(tasks[0].reservations.list()[0].sid).update(reservation_status="accepted")
    after = shown(floor)

    def more(name: str, label: str = "") -> float:
        return after[name, label] - before.get((name, label), 0)

    assert [more("pointsman_tasks", status) for status in ("pending", "reserved", "assigned")] == [2, 0, 1]
    assert more("pointsman_workers", "true") == more("pointsman_workers", "false") == 1
    assert after["pointsman_oldest_wait_seconds", ""] >= 7
    assert more("pointsman_reservations_total", "created") == more("pointsman_reservations_total", "accepted") == 1
    assert more("pointsman_time_to_reservation_seconds_bucket", "1.0") == 1
    acceptance = "pointsman_time_to_acceptance_seconds"
    assert (more(f"{acceptance}_bucket", "5.0"), more(f"{acceptance}_bucket", "10.0")) == (0, 1)
    assert (more(f"{acceptance}_sum"), more(f"{acceptance}_count")) == (7, 1)
    assert more("pointsman_commit_facts_sum") >= 10 and more("pointsman_commit_seconds_count") >= 3
    assert after["pointsman_loop_stall_seconds_count", ""] >= 0


def test_every_name_is_shown_and_on_the_page(floor: Floor) -> None:
    names = {name for name, _ in shown(floor)}
    page = (DOCS / "OPERATING.md").read_text()
    for metric in NAMED:
        name = metric.name + {"counter": "_total", "histogram": "_bucket", "gauge": ""}[metric.kind]
        assert name in names
        assert f"`{metric.name}" in page, metric.name


@pytest.mark.parametrize("place", ["grafana-dashboard.json"])
def test_the_dashboard_asks_for_names_that_there_are(place: str) -> None:
    dashboard = json.loads((DOCS / place).read_text())
    asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    known = {metric.name for metric in NAMED}
    for expression in asked:
        (name,) = set(re.findall(r"pointsman_[a-z_]+", expression))
        assert re.sub(r"_(total|bucket|sum|count)$", "", name) in known, expression
    assert len(asked) >= 10
