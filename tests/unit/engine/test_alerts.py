"""Alerts: kept newest thousand, counted when they repeat within a minute, the same after a rebuild."""

from pointsman.domain.facts import AlertRaised, AlertRepeated
from pointsman.engine.workspace import alerts

from .driver import Centre
from .test_rebuild import alike, rebuilt

URL = "https://hooks.example.com/assign"


def complain(c, seconds, code=11200, text="refused", url=URL, **sids):
    return c.at(seconds, alerts.raise_alert, code, text, url=url, **sids)


def counts(c):
    return [(alert.code, alert.count) for alert in c.ws.tables.alerts]


def recorded(c):
    return [type(entry.fact) for entry in c.entries if isinstance(entry.fact, AlertRaised | AlertRepeated)]


def test_the_same_within_a_minute_is_one_alert_that_counts():
    c = Centre()
    first = complain(c, 0, task_sid="WT" + "1" * 32)
    complain(c, 30, task_sid="WT" + "2" * 32)
    complain(c, 59.999)
    assert counts(c) == [(11200, 3)]
    assert (first.task_sid, first.date_updated - first.date_created) == ("WT" + "1" * 32, 59_999_000)
    complain(c, 60)
    assert counts(c) == [(11200, 3), (11200, 1)]


def test_another_code_cause_url_or_workflow_is_another_alert():
    c = Centre()
    complain(c, 0)
    complain(c, 1, code=11205)
    complain(c, 1, text="timed out")
    complain(c, 1, url=URL + "/2")
    complain(c, 1, workflow_sid="WW" + "1" * 32)
    complain(c, 2)
    assert counts(c) == [(11200, 2), (11205, 1), (11200, 1), (11200, 1), (11200, 1)]


def test_warnings_are_told_from_errors():
    c = Centre()
    assert [complain(c, 0, code=code).level for code in (11200, 40001, 40005, 55555)] == [
        "error",
        "warning",
        "warning",
        "error",
    ]


def test_only_the_newest_thousand_are_kept():
    c = Centre()
    for number in range(1005):
        complain(c, 0, text=f"cause {number}")
    kept = [alert.text for alert in c.ws.tables.alerts]
    assert kept == [f"cause {number}" for number in range(5, 1005)]
    assert len({alert.sid for alert in c.ws.tables.alerts}) == 1000


def test_sids_are_of_twilios_form():
    c = Centre()
    sid = complain(c, 0).sid
    assert len(sid) == 34 and sid.startswith("NO") and int(sid[2:], 16)


def test_long_texts_are_cut():
    c = Centre()
    alert = complain(c, 0, text="x" * 5000, url="http://h/" + "y" * 5000)
    assert (len(alert.text), len(alert.url)) == (1000, 2048)
    assert complain(c, 1, text="x" * 5000, url="http://h/" + "y" * 5000).count == 2


def test_alerts_outlive_a_rebuild_and_go_on_counting():
    c = Centre()
    complain(c, 0)
    snapshot = (c.ws.head, c.ws.now, c.ws.snapshot())
    complain(c, 10)
    for twin in (rebuilt(c), rebuilt(c, snapshot)):
        alike(c, twin)
        complain(twin, 20)
        assert counts(twin) == [(11200, 3)]
        assert recorded(twin) == [AlertRaised, AlertRepeated, AlertRepeated]
