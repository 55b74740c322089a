"""Alerts: what Twilio writes into its debugger is kept in the workspace, the newest thousand of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pointsman.domain.facts import AlertRaised, AlertRepeated
from pointsman.domain.limits import ALERT_CHARACTERS, ALERTS_MOST, SECOND, URL_CHARACTERS
from pointsman.domain.nouns import Alert
from pointsman.engine.workspace.tables import alert_sid

if TYPE_CHECKING:
    from pointsman.engine.workspace.engine import WorkspaceEngine

REPEAT = 60 * SECOND
"""The same within so long is one alert."""
WARNINGS = frozenset({40001, 40005})
"""Codes of Twilio's that are warnings; all others are errors (rest-api.md 19)."""


def raise_alert(
    ws: WorkspaceEngine,
    code: int,
    text: str,
    *,
    task_sid: str = "",
    worker_sid: str = "",
    reservation_sid: str = "",
    task_queue_sid: str = "",
    workflow_sid: str = "",
    url: str = "",
) -> Alert:
    """Raise an alert, or count it to the same one of the last minute: same code, cause, URL and workflow.

    `text` is the cause, and says nothing of the one task or worker: their sids have fields of their own.
    """
    ws.workspace()
    text, url = text[:ALERT_CHARACTERS], url[:URL_CHARACTERS]
    for alert in ws.tables.alerts.before(ws.head + 1, ALERTS_MOST):
        if alert.date_created + REPEAT <= ws.now:
            break
        if (alert.code, alert.text, alert.url, alert.workflow_sid) == (code, text, url, workflow_sid):
            ws.record(AlertRepeated(alert.sid))
            return alert
    level = "warning" if code in WARNINGS else "error"
    ws.record(AlertRaised(code, level, text, task_sid, worker_sid, reservation_sid, task_queue_sid, workflow_sid, url))
    return ws.tables.alerts[alert_sid(ws.stream, ws.head)]
