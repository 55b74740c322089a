"""order_by and the paths of known workers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.expressions import ExpressionError, parse_order_by, parse_task_path

from . import strategies


def asked_in_order(text, workers):
    order = parse_order_by(text)
    return [worker["name"] for worker in sorted(workers, key=order.sort_values)]


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("", ""),
        ("  ", ""),
        ("worker.a", "worker.a ASC"),
        ("worker.a desc", "worker.a DESC"),
        ("worker.a ASC,worker.b.c   DESC", "worker.a ASC, worker.b.c DESC"),
        ("worker.routing.levels.988ENsk DESC", "worker.routing.levels.988ENsk DESC"),
        ("worker.asc ASC, worker.a[0]", "worker.asc ASC, worker.a[0] ASC"),
    ],
)
def test_canonical_text(text, canonical):
    assert parse_order_by(text).text == canonical
    assert parse_order_by(canonical) == parse_order_by(text)


def test_workers_without_an_integer_come_last_in_both_directions():
    values = {"low": 1, "high": 5, "text": "7", "real": 2.5, "bool": True, "null": None, "list": [9]}
    workers = [{"name": name, "level": value} for name, value in values.items()] + [{"name": "none"}]
    last = ["text", "real", "bool", "null", "list", "none"]
    assert asked_in_order("worker.level ASC", workers) == ["low", "high", *last]
    assert asked_in_order("worker.level DESC", workers) == ["high", "low", *last]


def test_clauses_count_from_left_to_right():
    workers = [{"name": "A", "x": 1, "y": {"z": 1}}, {"name": "B", "x": 2}, {"name": "C", "x": 1, "y": {"z": 3}}]
    assert asked_in_order("worker.x ASC, worker.y.z DESC", workers) == ["C", "A", "B"]
    assert asked_in_order("worker.y.z", workers) == ["A", "C", "B"]


def test_load_is_live_and_attributes_are_not():
    assert parse_order_by("worker.a, worker.channel.chat.assigned_tasks").live
    assert not parse_order_by("worker.a").live


@given(st.lists(strategies.workers, max_size=5))
def test_any_documents_can_be_sorted(workers):
    order = parse_order_by("worker.a DESC, worker.b.c, worker.c[0]")
    assert len(sorted(workers, key=order.sort_values)) == len(workers)


@pytest.mark.parametrize(
    ("text", "position", "says"),
    [
        ("task.a ASC", 0, "expecting a path that starts with worker."),
        ("a", 0, "unknown name 'a'"),
        ("worker", 0, "expecting a name after 'worker.'"),
        ("worker.a UP", 9, "extraneous input 'UP' at character 9, expecting ASC, DESC, ',' or the end"),
        ("worker.a ASC worker.b", 13, "expecting ',' or the end"),
        ("worker.a ASC,", 13, "unexpected end"),
        (", worker.a", 0, "extraneous input ','"),
        ("worker.a 'ASC'", 9, "expecting ASC"),
        (", ".join(["worker.a"] * 11), 98, "too many clauses"),
    ],
)
def test_order_by_refused(text, position, says):
    with pytest.raises(ExpressionError) as caught:
        parse_order_by(text)
    assert caught.value.position == position
    assert says in caught.value.message


def test_ten_clauses_are_allowed():
    assert len(parse_order_by(", ".join(["worker.a"] * 10)).clauses) == 10


def test_task_path():
    assert parse_task_path("task.a.b").segments == ("a", "b")


@pytest.mark.parametrize(
    ("text", "position"),
    [("", 0), ("a.b", 0), ("worker.a", 0), ("task", 0), ("task.", 5), ("task.a == 1", 7), ("'task.a'", 0), ("1", 0)],
)
def test_task_path_refused(text, position):
    with pytest.raises(ExpressionError) as caught:
        parse_task_path(text)
    assert caught.value.position == position
