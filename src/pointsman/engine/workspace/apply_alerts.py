"""Folding alerts: the newest are kept."""

from __future__ import annotations

from pointsman.domain import facts
from pointsman.domain.limits import ALERTS_MOST
from pointsman.domain.nouns import Alert
from pointsman.engine.workspace.folding import folds
from pointsman.engine.workspace.tables import Tables, alert_sid


@folds(facts.AlertRaised)
def _(t: Tables, seq: int, at: int, f: facts.AlertRaised) -> None:
    assert t.workspace is not None
    t.alerts.add(
        Alert(
            sid=alert_sid(t.workspace.sid, seq),
            number=seq,
            code=f.code,
            level=f.level,
            text=f.text,
            date_created=at,
            date_updated=at,
            task_sid=f.task_sid,
            worker_sid=f.worker_sid,
            reservation_sid=f.reservation_sid,
            task_queue_sid=f.task_queue_sid,
            workflow_sid=f.workflow_sid,
            url=f.url,
        )
    )
    while len(t.alerts) > ALERTS_MOST:
        t.alerts.remove(next(iter(t.alerts)).sid)


@folds(facts.AlertRepeated)
def _(t: Tables, seq: int, at: int, f: facts.AlertRepeated) -> None:
    alert = t.alerts.get(f.sid)
    if alert is not None:  # a version that keeps more may have written this
        alert.count += 1
        alert.date_updated = at
