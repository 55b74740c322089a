"""What can be written, where each name is visible, and where an error is seen."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.expressions import And, ExpressionError, Operator, Or, Path, Root, Scope, compile_expression
from pointsman.expressions.lexer import MAX_LENGTH

from . import strategies

ERRORS = [
    (Scope.TASK, "skill-level > 3", 7, "extraneous input 'evel' at character 7, expecting an operator (==, !=, <, "),
    (Scope.TASK, "skill-l > 3", 5, "extraneous input '-' at character 5, expecting an operator"),
    (Scope.TASK, "", 0, "unexpected end at character 0, expecting a path, a constant, a list or '('"),
    (Scope.TASK, "   ", 3, "unexpected end at character 3"),
    (Scope.TASK, "type ==", 7, "unexpected end at character 7, expecting a path, a constant or a list"),
    (Scope.TASK, "AND type == 'a'", 0, "extraneous input 'AND'"),
    (Scope.TASK, "type == 'a' AND", 15, "unexpected end"),
    (Scope.TASK, "(type == 'a'", 12, "expecting AND, OR or ')'"),
    (Scope.TASK, "type == 'a')", 11, "extraneous input ')' at character 11, expecting AND, OR or the end"),
    (Scope.TASK, "type = = 'a'", 7, "extraneous input '='"),
    (Scope.TASK, "type", 4, "expecting an operator"),
    (Scope.TASK, "true", 4, "expecting an operator"),
    (Scope.TASK, "type IN ['a'", 12, "expecting ',' or ']'"),
    (Scope.TASK, "type IN ['a',]", 13, "expecting a path or a constant"),
    (Scope.TASK, "type IN [['a']]", 9, "expecting a path or a constant"),
    (Scope.TASK, "type == 'a", 8, "a string without an end at character 8, expecting a closing '"),
    (Scope.TASK, 'type == "a\\"', 8, 'expecting a closing "'),
    (Scope.TASK, "NOT type == 'a'", 0, "extraneous input 'NOT'"),
    (Scope.TASK, "type NOT 'a'", 5, "extraneous input 'NOT'"),
    (Scope.TASK, "type LIKE 'a%'", 5, "extraneous input 'LIKE'"),
    (Scope.TASK, "a <> 1", 3, "extraneous input '>'"),
    (Scope.TASK, "a == 1 && b == 1", 7, "extraneous input '&&'"),
    (Scope.TASK, "waiting! = true", 7, "extraneous input '!'"),
    (Scope.TASK, "type == 'a', 'b'", 11, "extraneous input ','"),
    (Scope.TASK, "a == b == c", 7, "extraneous input '=='"),
    (Scope.TASK, "(a) == 1", 2, "extraneous input ')'"),
    (Scope.TASK, "a. == 1", 2, "expecting a name after '.'"),
    (Scope.TASK, "a['x'] == 1", 2, "expecting an index such as [0]"),
    (Scope.TASK, "a[-1] == 1", 2, "expecting an index such as [0]"),
    (Scope.TASK, "été == 1", 0, "extraneous input 'é'"),
    (Scope.TASK, "a == " + "9" * 65, 5, "a number too long"),
    (Scope.TASK, "a == 1 " + "b" * 60 + " c", 7, f"'{'b' * 40}...'"),
    (Scope.TASK, "taskrouter == 1", 0, "a name after 'taskrouter.'"),
    (Scope.TARGET, "language == 'en'", 0, "a path that starts with task., worker. or taskrouter."),
    (Scope.TARGET, "1 == 1 AND workers.available == 0", 11, "unknown name 'workers.available' at character 11"),
    (Scope.TARGET, "worker == 1", 0, "expecting a name after 'worker.'"),
    (Scope.TARGET, "task[0] == 1", 0, "expecting a name after 'task.'"),
    (Scope.QUEUE, "task.a == 1", 0, "expecting a path that starts with workers."),
    (Scope.QUEUE, "1 == workers.foo", 5, "unknown name 'workers.foo'"),
    (Scope.QUEUE, "workers.a.b == 1", 0, "expecting one name after 'workers.'"),
]


@pytest.mark.parametrize(("scope", "text", "position", "says"), ERRORS)
def test_error_says_where_and_what(scope, text, position, says):
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, scope)
    assert caught.value.position == position
    assert says in caught.value.message
    assert f"at character {position}, expecting " in str(caught.value)


@pytest.mark.parametrize(
    ("text", "operator"),
    [
        ("a = 1", Operator.EQUAL),
        ("a==-1", Operator.EQUAL),
        ("a has 1", Operator.HAS),
        ("a Has 1", Operator.HAS),
        ("a >- 'x'", Operator.HAS),
        ("a>-b", Operator.HAS),
        ("a <- b", Operator.IN),
        ("1 in a", Operator.IN),
        ("1 IN[1]", Operator.IN),
        ("a not  in b", Operator.NOT_IN),
        ("a\tNOT\nIN b", Operator.NOT_IN),
        ("a contains 'x'", Operator.CONTAINS),
        ("a<-1", Operator.LESS),
        ("a>-.5", Operator.GREATER),
        ("a>=-1", Operator.AT_LEAST),
    ],
)
def test_spellings_of_operators(text, operator):
    assert compile_expression(text, Scope.TASK).tree.operator is operator


@pytest.mark.parametrize(
    ("literal", "value"),
    [
        ("1", 1),
        ("1.0", 1.0),
        (".1", 0.1),
        ("-3", -3),
        ("-.5", -0.5),
        ("0800", 800),
        ("true", True),
        ("false", False),
        ("null", None),
        ("NULL", None),
        ("'it\\'s'", "it's"),
        ('"say \\"hi\\""', 'say "hi"'),
        ("'it\"s'", 'it"s'),
        ("'back\\\\slash'", "back\\slash"),
        ("'a\\nb'", "a\nb"),
        ("'été'", "été"),
    ],
)
def test_constants(literal, value):
    constant = compile_expression(f"a == {literal}", Scope.TASK).tree.right
    assert (constant.value, type(constant.value)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("a.b[0].c == 1", Path(Root.WORKER, ("a", "b", 0, "c"))),
        ("routing.levels.988ENsk == 1", Path(Root.WORKER, ("routing", "levels", "988ENsk"))),
        ("a.in == 1", Path(Root.WORKER, ("a", "in"))),
        ("$x_1 == 1", Path(Root.WORKER, ("$x_1",))),
        ("worker.x == 1", Path(Root.WORKER, ("worker", "x"))),  # no prefix here: an attribute named worker
        ("taskrouter.x == 1", Path(Root.CLOCK, ("x",))),
        ("android == 1", Path(Root.WORKER, ("android",))),
        ("True == 1", Path(Root.WORKER, ("True",))),
    ],
)
def test_paths(text, path):
    assert compile_expression(text, Scope.WORKER).tree.left == path


def test_and_binds_tighter_and_parentheses_of_one_joiner_are_laid_flat():
    tree = compile_expression("a == 1 or (b == 1 OR c == 1) or d == 1 AND (e == 1 and f == 1)", Scope.TASK).tree
    assert isinstance(tree, Or)
    assert len(tree.parts) == 4
    assert isinstance(tree.parts[3], And)
    assert len(tree.parts[3].parts) == 3


def test_paths_of_an_expression_are_sorted_and_distinct():
    expression = compile_expression("worker.b == task.a AND task.c IN [worker.b, task.c[1]]", Scope.TARGET)
    assert [str(path) for path in expression.paths] == ["task.a", "task.c", "task.c[1]", "worker.b"]
    assert [str(path) for path in expression.task_paths] == ["task.a", "task.c", "task.c[1]"]
    assert expression.uses(Root.WORKER)
    assert not expression.uses_clock


def test_short_texts_are_compiled_once_per_scope():
    assert compile_expression("a == 1", Scope.TASK) is compile_expression("a == 1", Scope.TASK)
    assert compile_expression("a == 1", Scope.TASK) != compile_expression("a == 1", Scope.WORKER)


@given(strategies.trees)
@settings(max_examples=150)
def test_canonical_text_means_the_same_tree(tree):
    assert compile_expression(str(tree), Scope.TARGET).tree == tree


WORDS = r"""( ) [ ] , . - ! ' " \ a task.a worker.b[0] 1 -1 .5 'x' == = != < <- >- NOT IN HAS AND OR null é"""
SOUP = st.lists(st.sampled_from(WORDS.split()), max_size=25)


@given(st.text(max_size=60) | SOUP.map(" ".join) | SOUP.map("".join), st.sampled_from(Scope))
@settings(max_examples=400)
def test_any_text_is_an_expression_or_a_clear_error(text, scope):
    try:
        answer = compile_expression(text, scope).matches({"a": 1}, {"b": [1]}, {}, {})
    except ExpressionError as error:
        assert 0 <= error.position <= len(text)
    else:
        assert isinstance(answer, bool)


def test_nesting_is_limited():
    assert compile_expression("(" * 100 + "1 == 1" + ")" * 100, Scope.TASK).matches({}, {}, {}, {})
    with pytest.raises(ExpressionError) as caught:
        compile_expression("(" * 101 + "1 == 1" + ")" * 101, Scope.TASK)
    assert caught.value.position == 100
    for deep in ("(" * 50_000, "(" * 100_000 + "1 == 1" + ")" * 100_000, "[" * 50_000):
        with pytest.raises(ExpressionError):
            compile_expression(deep, Scope.TASK)


def test_groups_side_by_side_are_not_nested():
    assert compile_expression(" AND ".join(["(1 == 1)"] * 300), Scope.TASK).matches({}, {}, {}, {})


def test_alternating_nesting_compiles_up_to_the_limit():
    text = "(" * 100 + "a == 1" + "".join(f" {'OR' if depth % 2 else 'AND'} b == 1)" for depth in range(100))
    expression = compile_expression(text, Scope.TASK)
    assert expression.matches({"b": 1}, {}, {}, {})
    assert not expression.matches({"a": 1}, {}, {}, {})


@pytest.mark.parametrize("unit", ["a == 1 AND ", "'", '"\\', "(", "a.", "a[0]", "9", "- ", "-a", "NOT ", " ", "&"])
def test_long_texts_are_refused_and_texts_at_the_limit_take_linear_time(unit):
    with pytest.raises(ExpressionError, match="too many"):
        compile_expression((unit * 1_000_000)[:1_000_000], Scope.TASK)
    with pytest.raises(ExpressionError):
        compile_expression((unit * MAX_LENGTH)[: MAX_LENGTH - 2] + "!!", Scope.TASK)


def test_a_long_expression_below_the_limit_works():
    numbers = ", ".join(f"'+1555{number:07}'" for number in range(4000))
    expression = compile_expression(f"from IN [{numbers}]", Scope.TASK)
    assert expression.matches({"from": "+15550003999"}, {}, {}, {})
    chain = compile_expression(" OR ".join(f"a == {number}" for number in range(3000)), Scope.TASK)
    assert chain.matches({"a": 2999}, {}, {}, {})
    assert not chain.matches({"a": 3000}, {}, {}, {})
