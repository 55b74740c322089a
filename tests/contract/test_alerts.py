"""/pointsman/v1/Workspaces/{WS}/Alerts: newest first, in pages, for the workspace's own account."""

from __future__ import annotations

from typing import Any

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.engine.workspace import alerts

from .rest_live import Live
from .served import Floor


def path(floor: Floor) -> str:
    return f"/pointsman/v1/Workspaces/{floor.sid}/Alerts"


def complain(live: Live, floor: Floor, *texts: str, **sids: str) -> None:
    def command(ws: Any) -> None:
        for text in texts:
            alerts.raise_alert(ws, 11200, text, url="https://hooks.example.com/assign", **sids)

    live.run(live.application.node.tell(floor.sid, SYSTEM, command))


def shown(live: Live, url: str) -> Any:
    answer = live.call("GET", url)
    assert answer.status == 200, answer
    return answer.body


def test_an_alert_names_what_it_is_about(served: Live, floor: Floor) -> None:
    complain(served, floor, "refused", "refused", task_sid="WT" + "1" * 32, workflow_sid="WW" + "2" * 32)
    body = shown(served, path(floor))
    (alert,) = body["alerts"]
    created, sid = alert.pop("date_created"), alert.pop("sid")
    assert created.endswith("Z") and sid.startswith("NO") and len(sid) == 34
    assert alert.pop("date_updated") == created
    assert alert.pop("account_sid").startswith("AC")
    assert alert == {
        "workspace_sid": floor.sid,
        "code": 11200,
        "level": "error",
        "text": "refused",
        "count": 2,
        "task_sid": "WT" + "1" * 32,
        "worker_sid": None,
        "reservation_sid": None,
        "task_queue_sid": None,
        "workflow_sid": "WW" + "2" * 32,
        "request_url": "https://hooks.example.com/assign",
        "url": f"{served.url}{path(floor)}/{sid}",
    }
    assert shown(served, alert["url"])["text"] == "refused"


def test_pages_are_newest_first_and_stay_right_while_alerts_come(served: Live, floor: Floor) -> None:
    complain(served, floor, *(f"cause {number}" for number in range(7)))
    page = shown(served, path(floor) + "?PageSize=3")
    texts = [alert["text"] for alert in page["alerts"]]
    complain(served, floor, "new")
    while url := page["meta"]["next_page_url"]:
        assert url.startswith(served.url + path(floor))
        page = shown(served, url)
        texts += [alert["text"] for alert in page["alerts"]]
    assert texts == [f"cause {number}" for number in range(6, -1, -1)]
    assert page["meta"]["key"] == "alerts"
    back = shown(served, page["meta"]["previous_page_url"])
    assert [alert["text"] for alert in back["alerts"]] == ["cause 3", "cause 2", "cause 1"]


@pytest.mark.parametrize("query", ["?PageToken=PAnonsense", "?PageSize=0", "?PageSize=1001", "?Page=2"])
def test_what_is_no_page_is_refused(served: Live, floor: Floor, query: str) -> None:
    assert served.call("GET", path(floor) + query).status == 400


def test_strangers_and_other_methods(served: Live, floor: Floor) -> None:
    assert served.call("GET", path(floor), login=None).status == 401
    assert served.call("GET", f"/pointsman/v1/Workspaces/WS{'9' * 32}/Alerts").status == 404
    assert served.call("GET", f"{path(floor)}/NO{'9' * 32}").status == 404
    assert served.call("POST", path(floor), {"Text": "mine"}).status == 405
    assert served.call("DELETE", f"{path(floor)}/NO{'9' * 32}").status == 405
