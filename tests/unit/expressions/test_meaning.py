"""What expressions answer at run time: fine points of the rules, and random ones against the naive evaluator."""

import pytest
from hypothesis import given, settings

from pointsman.expressions import Scope, compile_expression

from . import naive, strategies

TASK = {
    "n": 5,
    "one": 1,
    "s": "10",
    "t": True,
    "nul": None,
    "list": ["a", 1, None, False, ["a"]],
    "empty": [],
    "obj": {"k": 1},
    "huge": 10**400,
    "digits": "9" * 5000,
}

ANSWERS = [
    ("t == 1", False),
    ("t != 1", True),
    ("one == true", False),
    ("t > 0", False),
    ("t >= true", False),
    ("n == 5.00", True),
    ("n != 5.0", False),
    ("n != '5'", True),
    ("s > 9", True),
    ("9 < s", True),
    ("s > '9'", False),
    ("s <= 10 AND s >= 10.0", True),
    ("s == 10", False),
    ("'1e3' > 1", False),
    ("'' < 1", False),
    ("'a' < 'b'", True),
    ("nul <= null", False),
    ("missing == nul", True),
    ("missing != null", False),
    ("list != null", True),
    ("obj != missing", True),
    ("null != list", True),
    ("list != 'a'", False),
    ("obj != 1", False),
    ("obj == obj", False),
    ("list == null", False),
    ("list HAS 1.0", True),
    ("list HAS true", False),
    ("list HAS false", True),
    ("list HAS 0", False),
    ("list HAS null", False),
    ("list HAS list[4]", False),
    ("'a' HAS 'a'", False),
    ("list IN list", False),
    ("list NOT IN list", False),
    ("obj NOT IN list", False),
    ("null NOT IN list", True),
    ("'a' NOT IN 'b'", False),
    ("'a' NOT IN missing", False),
    ("'a' NOT IN obj", False),
    ("'a' NOT IN empty", True),
    ("n IN [one, n]", True),
    ("[1, 2] HAS one", True),
    ("[] == []", False),
    ("s CONTAINS ''", True),
    ("s CONTAINS 1", False),
    ("missing CONTAINS ''", False),
    ("list[1] == 1", True),
    ("list[4][0] == 'a'", True),
    ("list.a == null", True),
    ("obj[0] == null", True),
    ("s[0] == null", True),
    ("obj.k.deeper == null", True),
    ("huge > 1.5", True),
    ("huge == huge", True),
    ("huge > '1'", True),
    ("digits > 1", False),
]


@pytest.mark.parametrize(("text", "expected"), ANSWERS)
def test_fine_points(text, expected):
    assert compile_expression(text, Scope.TASK).matches(TASK, {}, {}, {}) is expected


def test_deeply_nested_documents_do_no_harm():
    deep = leaf = []
    for _ in range(100_000):
        leaf.append([])
        leaf = leaf[0]
    for text in ("a == a", "a != a", "a HAS a", "a IN a", "a HAS 'x'", "'x' NOT IN a", "a < a", "a[0][0] == a[0]"):
        assert compile_expression(text, Scope.TASK).matches({"a": deep}, {}, {}, {}) is (text == "'x' NOT IN a")


def test_text_of_a_user_never_becomes_code():
    text = "a == '\\'\"); raise SystemExit #' OR __import__ == k1 OR a.__class__ == descend"
    expression = compile_expression(text, Scope.TASK)
    assert expression.matches({"a": "'\"); raise SystemExit #", "k1": 1}, {}, {}, {})
    assert not expression.matches({"a": 1, "k1": 1, "descend": 2}, {}, {}, {})


@given(strategies.trees, strategies.documents, strategies.workers, strategies.clocks)
@settings(max_examples=500)
def test_compiled_and_naive_agree(tree, task, worker, clock):
    expression = compile_expression(str(tree), Scope.TARGET)
    expected = naive.holds(tree, {"task": task, "worker": worker, "taskrouter": clock, "workers": {}})
    assert expression.matches(task, worker, clock, {}) is expected
