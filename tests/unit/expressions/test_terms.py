"""Taking a target expression apart changes nothing of what it says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.expressions import ExpressionError, Operator, Root, Scope, compile_expression, keyed_by, lookup, split

from . import naive, strategies


def terms_of(text):
    return split(compile_expression(text, Scope.TARGET))


def text_of(term):
    return None if term is None else term.text


def shares_key(keyed, task, worker):
    return not set(keyed.worker_keys(worker)).isdisjoint(keyed.task_keys(task))


@given(strategies.conjunctions, strategies.documents, strategies.workers, strategies.clocks)
@settings(max_examples=500)
def test_all_terms_together_are_the_whole(tree, task, worker, clock):
    terms = terms_of(str(tree))
    answer = all(term is None or term.matches(task, worker, clock, {}) for term in (terms.static, terms.residual))
    answer = answer and (terms.live is None or terms.live.matches(task, worker, clock, {}))
    answer = answer and (terms.keyed is None or shares_key(terms.keyed, task, worker))
    assert answer is naive.holds(tree, {"task": task, "worker": worker, "taskrouter": clock})


SIDES = ["worker.a {} task.a", "task.a {} worker.a"]


@given(st.sampled_from(SIDES), st.sampled_from(["==", "IN", "HAS"]), strategies.leaves, strategies.leaves)
@settings(max_examples=600)
def test_a_keyed_term_is_true_if_and_only_if_a_key_is_shared(sides, operator, of_task, of_worker):
    expression = compile_expression(sides.format(operator), Scope.TARGET)
    keyed, task, worker = split(expression).keyed, {"a": of_task}, {"a": of_worker}
    for keys in (keyed.worker_keys(worker), keyed.task_keys(task)):
        assert len(set(keys)) == len(keys)
    expected = naive.holds(expression.tree, {"task": task, "worker": worker})
    assert shares_key(keyed, task, worker) is expected


@pytest.mark.parametrize(
    ("text", "task", "worker"),
    [
        ("worker.a HAS task.a", "en", ["en", "es"]),
        ("task.a IN worker.a", "en", ["en", "es"]),
        ("task.a HAS worker.a", ["en", "es"], "en"),
        ("worker.a IN task.a", ["en", "es"], "en"),
    ],
)
def test_the_array_stands_on_the_side_that_the_operator_says(text, task, worker):
    keyed = terms_of(text).keyed
    assert shares_key(keyed, {"a": task}, {"a": worker})
    assert not shares_key(keyed, {"a": worker}, {"a": task})


@given(strategies.conjunctions)
@settings(max_examples=200)
def test_each_term_depends_on_what_its_place_allows(tree):
    terms = terms_of(str(tree))
    if terms.static:
        assert not terms.static.task_paths
        assert not any(path.live for path in terms.static.paths)
    if terms.residual:
        assert terms.residual.task_paths
        assert not any(path.live for path in terms.residual.paths)
    if terms.live:
        assert any(path.live for path in terms.live.paths)
    if terms.keyed:
        assert not terms.keyed.worker_path.live


def test_terms_of_a_typical_target():
    terms = terms_of(
        "worker.languages HAS task.language AND worker.level >= task.level AND worker.team = 'A' AND 1 == 1"
        " AND worker.channel.voice.assigned_tasks == 0 AND taskrouter.currentTime < task.until"
        " AND (worker.x == 1 OR worker.team == task.team)"
    )
    assert text_of(terms.static) == 'worker.team == "A" AND 1 == 1'
    assert (str(terms.keyed.worker_path), str(terms.keyed.task_path)) == ("worker.languages", "task.language")
    assert terms.keyed.operator is Operator.HAS
    assert text_of(terms.residual) == "worker.level >= task.level AND (worker.x == 1 OR worker.team == task.team)"
    assert [str(path) for path in terms.residual.task_paths] == ["task.level", "task.team"]
    live = "worker.channel.voice.assigned_tasks == 0 AND taskrouter.currentTime < task.until"
    assert text_of(terms.live) == live
    assert [str(path) for path in terms.live.task_paths] == ["task.until"]
    assert terms.live.uses_clock


def test_spelling_does_not_change_the_text_of_a_term():
    one, other = terms_of("worker.a='x' and (worker.b in[1])"), terms_of('( worker.a == "x" ) AND worker.b IN [ 1 ]')
    assert one.static.text == other.static.text


def test_an_equality_is_preferred_and_the_rest_is_residual():
    terms = terms_of("worker.skills HAS task.skill AND task.id = worker.id AND worker.team == task.team")
    assert str(terms.keyed.worker_path) == "worker.id"
    assert terms.keyed.operator is Operator.EQUAL
    assert text_of(terms.residual) == "worker.skills HAS task.skill AND worker.team == task.team"


@pytest.mark.parametrize(
    "text",
    [
        "worker.a != task.a",
        "worker.a NOT IN task.a",
        "task.a == task.b",
        "worker.a == task.a OR 1 == 1",
        "worker.a IN [task.a]",
    ],
)
def test_what_cannot_be_keyed_is_residual(text):
    terms = terms_of(text)
    assert terms.keyed is None
    assert text_of(terms.residual) == text


@pytest.mark.parametrize(
    "text", ["worker.activity_name == task.activity", "worker.activity_sid IN task.a", "task.a == taskrouter.dayOfWeek"]
)
def test_live_names_are_never_keyed(text):
    terms = terms_of(text)
    assert (terms.static, terms.keyed, terms.residual, text_of(terms.live)) == (None, None, None, text)
    assert terms.live.uses_clock is ("taskrouter" in text)


def test_only_target_expressions_have_terms():
    with pytest.raises(ValueError, match="target"):
        split(compile_expression("a == 1", Scope.TASK))


def test_keys_keep_types_apart():
    keyed = terms_of("worker.a == task.a").keyed
    key = {name: keyed.task_keys({"a": value}) for name, value in [("one", 1), ("float", 1.0), ("true", True)]}
    assert key["one"] == key["float"] != key["true"]
    assert keyed.task_keys({"a": "1"}) != key["one"]
    assert keyed.task_keys({"a": [1]}) == keyed.task_keys({"a": {}}) == ()
    assert keyed.task_keys({}) == keyed.worker_keys({"a": None}) == (None,)


def test_a_known_worker_is_found_by_value_and_null_finds_nobody():
    keyed = keyed_by("worker.sid", "task.originalRouting.workerSid")
    assert shares_key(keyed, {"originalRouting": {"workerSid": "WK1"}}, {"sid": "WK1"})
    assert not shares_key(keyed, {"originalRouting": {"workerSid": "WK2"}}, {"sid": "WK1"})
    assert keyed.task_keys({}) == keyed.task_keys({"originalRouting": {"workerSid": None}}) == ()
    with pytest.raises(ExpressionError):
        keyed_by("worker.sid", "worker.sid")


def test_lookup_reads_the_document_a_path_is_rooted_in():
    (path,) = compile_expression("task.a[1].b == 1", Scope.TARGET).paths
    assert path.root is Root.TASK
    assert lookup({"a": [0, {"b": 7}]}, path) == 7
    assert lookup({"a": [0]}, path) is None
    assert lookup({}, path) is None
