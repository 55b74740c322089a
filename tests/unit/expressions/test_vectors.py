"""The documented and observed answers of the language, one line each."""

import pytest

from pointsman.expressions import ExpressionError, Scope, compile_expression

WORKER = {
    "skills": ["support", "sales"],
    "languages": ["en", "es"],
    "level": 3,
    "name": "Alice",
    "vip": True,
    "routing": {"skills": ["ChatText", "Phone"], "levels": {"ChatText": 5, "988ENsk": 2}},
    "email": "a@x.org",
    "roles": ["agent"],
}
TASK = {
    "type": "ticket",
    "customer_value": "Gold",
    "string_const": "foo",
    "object": {"array": ["a", "b", "c"], "attr": "bar"},
    "n": 5,
    "s5": "5",
    "f": 5.1,
    "flag": True,
    "nul": None,
    "empty": "",
    "arr": [1, 2, 3],
    "language": "en-CA",
}
TUESDAY = {"currentTime": 1015, "currentHour": "10", "currentMin": 15, "dayOfWeek": "Tue"}
LOAD = {
    "channel": {
        "voice": {"available_capacity_percentage": 0, "assigned_tasks": 1, "configured_capacity": 1},
        "chat": {"available_capacity_percentage": 100, "assigned_tasks": 0, "configured_capacity": 3},
    }
}

FILTER = [
    ("1 == 1", {}, True),
    ("1==1", {}, True),
    ("0 != 1", {}, True),
    ('"apple" != "orange"', {}, True),
    ("'apple' == \"apple\"", {}, True),
    ("customer_value == 'Gold' AND type == 'ticket'", TASK, True),
    ("customer_value == 'gold'", TASK, False),
    ("type=='lead'", TASK, False),
    ("type=='ticket'", TASK, True),
    ("type == 'ticket' AND customer_value IN ['Silver', 'Bronze']", TASK, False),
    ('string_const == "foo"', TASK, True),
    ('object.attr == "bar"', TASK, True),
    ('object.array[2] == "c"', TASK, True),
    ('object.array[0] == "c"', TASK, False),
    ('object.array[9] == "c"', TASK, False),
    ('object.array HAS "b"', TASK, True),
    ('"z" NOT IN object.array', TASK, True),
    ('"b" NOT IN object.array', TASK, False),
    ('object.array == "a"', TASK, False),
    ("arr > 1", TASK, False),
    ('object.array CONTAINS "a"', TASK, False),
    ("object.array == object.array", TASK, False),
    ('"a" IN "abc"', TASK, False),
    ("n > 1", TASK, True),
    ("n >= 5", TASK, True),
    ("n <= 4", TASK, False),
    ("n < 5.5", TASK, True),
    ("n == 5.0", TASK, True),
    ("n == .5", {"n": 0.5}, True),
    ("n == 5 AND flag == true", TASK, True),
    ("flag == false", TASK, False),
    ("flag != true", TASK, False),
    ("n == '5'", TASK, False),
    ("s5 == 5", TASK, False),
    ("s5 > 4", TASK, True),
    ("type > 4", TASK, False),
    ("preferred_agents != null", {}, False),
    ("targetWorker != null AND callToQueue == null", {"targetWorker": "client:x"}, True),
    ("nul == null", TASK, True),
    ("missing == 'x'", TASK, False),
    ("missing != 'x'", TASK, True),
    ("empty == ''", TASK, True),
    ("missing > 0", TASK, False),
    ("missing IN ['a']", TASK, False),
    ("'a' IN missing", TASK, False),
    ("missing NOT IN ['a']", TASK, True),
    ('language CONTAINS "en"', TASK, True),
    ("(to IN ['+1','+2'] AND language CONTAINS \"en-CA\")", {"to": "+2", "language": "en-CA"}, True),
    ("channelType IN []", {"channelType": "web"}, False),
    ('(language == "en" OR language == "fr") AND skill_rating >= 5.1', {"language": "fr", "skill_rating": 5.1}, True),
    ("a == 1 OR b == 1 AND c == 1", {"a": 1}, True),
    ("(a == 1 OR b == 1) AND c == 1", {"a": 1}, False),
    ("callBackData.attempts == 1", {}, False),
    ('manual == 1 AND channel == "chat"', {"manual": 1, "channel": "chat"}, True),
]
TARGET_WORKERS = [
    ("1=0", {}, False),
    ("1==0", {}, False),
    ("(skills HAS 'support') AND (languages HAS 'english')", WORKER, False),
    ("(skills HAS 'support') AND (languages HAS 'en')", WORKER, True),
    ('skills HAS "support"', WORKER, True),
    ('level HAS "support"', WORKER, False),
]
TARGET = [
    ("worker.waitingOfflineContact != true", {}, {"waitingOfflineContact": True}, False),
    ("task.worker_sid = worker.sid", {"worker_sid": "WK1"}, {"sid": "WK1"}, True),
    ("worker.id IN task.preferred_agents", {}, {"id": "agent04"}, False),
    (
        "worker.activity_name in ['Generally Available', 'High Value Tasks']",
        {},
        {"activity_name": "High Value Tasks"},
        True,
    ),
    ("worker.sid NOT IN task.workerSidsInConversation", {"workerSidsInConversation": ["WK1"]}, {"sid": "WK2"}, True),
    ("'Hold for Transfers' NOT IN worker.routing.skills", {}, WORKER, True),
    ("worker.routing.levels.ChatText > 4", {}, WORKER, True),
    ("worker.routing.levels.988ENsk == 2", {}, WORKER, True),
    ("worker.channel.voice.available_capacity_percentage == 100", {}, LOAD, False),
    ("worker.channel.chat.assigned_tasks <= 1", {}, LOAD, True),
    ("worker.contact_uri != task.ignoreWorkerContactUri", {}, {"contact_uri": "client:a"}, True),
    ("1 == 0", {}, {}, False),
]
SKIP_IF = [
    ("workers.available == 0", {"available": 0, "unavailable": 2}, True),
    ("1==1", {"available": 9}, True),
    ("workers.WAxx < 2", {"WAxx": 1}, True),
    ("workers.unavailable > 3", {"unavailable": 3}, False),
]
CLOCK = [
    ("taskrouter.currentHour > 8 AND taskrouter.currentHour < 18", True),
    ("taskrouter.currentHour >= 10 AND taskrouter.currentTime < 1016", True),
    ("taskrouter.currentHour > 0800", False),
    ("taskrouter.dayOfWeek = 'Sat'", False),
    ("taskrouter.dayOfWeek IN ['Mon', 'Tue']", True),
]
REFUSED = [
    "type ==",
    "AND type == 'a'",
    "type == 'a' AND",
    "(type == 'a'",
    "type = = 'a'",
    "type",
    "type IN ['a'",
    "type == 'a",
    "",
    "NOT type == 'a'",
    "type LIKE 'a%'",
    "a <> 1",
    "skill-level > 3",
]


@pytest.mark.parametrize(("text", "task", "expected"), FILTER)
def test_filter(text, task, expected):
    assert compile_expression(text, Scope.TASK).matches(task, {}, {}, {}) is expected


@pytest.mark.parametrize(("text", "worker", "expected"), TARGET_WORKERS)
def test_target_workers(text, worker, expected):
    assert compile_expression(text, Scope.WORKER).matches({}, worker, {}, {}) is expected


@pytest.mark.parametrize(("text", "task", "worker", "expected"), TARGET)
def test_target(text, task, worker, expected):
    assert compile_expression(text, Scope.TARGET).matches(task, worker, {}, {}) is expected


@pytest.mark.parametrize(("text", "counts", "expected"), SKIP_IF)
def test_skip_if(text, counts, expected):
    assert compile_expression(text, Scope.QUEUE).matches({}, {}, {}, counts) is expected


@pytest.mark.parametrize(("text", "expected"), CLOCK)
@pytest.mark.parametrize("scope", [Scope.TASK, Scope.WORKER, Scope.TARGET])
def test_clock(text, expected, scope):
    own = {"taskrouter": {"currentHour": "23", "currentTime": 2300, "dayOfWeek": "Sun"}}  # never shadows the clock
    assert compile_expression(text, scope).matches(own, own, TUESDAY, {}) is expected


@pytest.mark.parametrize("text", REFUSED)
@pytest.mark.parametrize("scope", [Scope.TASK, Scope.WORKER])
def test_refused(text, scope):
    with pytest.raises(ExpressionError):
        compile_expression(text, scope)
