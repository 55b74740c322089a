"""Random documents and random trees over few names and few values, so that they meet."""

from hypothesis import strategies as st

from pointsman.expressions import And, Comparison, Constant, ListLiteral, Operator, Or, Path, Root

NAMES = ("a", "b", "c")
LIVE = ("channel", "activity_sid", "activity_name")

texts = st.sampled_from(["", "a", "ab", "b", "5", "1", "1.0", ".5", "-3", "08", "1e3", 'q"uo\\te', "9" * 70])
scalars = st.none() | st.booleans() | st.sampled_from([0, 1, 5, -3, 0.5, 1.0, 8, 10**40]) | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=3),
    max_leaves=5,
)
leaves = st.one_of(values, scalars, st.lists(scalars, max_size=4))  # what keyed terms meet
documents = st.dictionaries(st.sampled_from(NAMES), values, max_size=3)
workers = st.dictionaries(st.sampled_from(NAMES + LIVE), values, max_size=5)
clocks = st.fixed_dictionaries({"currentHour": st.sampled_from(["08", "15"]), "currentTime": st.sampled_from([5, 800])})

constants = scalars.filter(lambda value: not isinstance(value, str) or len(value) < 64).map(Constant)


def _paths():
    deeper = st.lists(st.sampled_from(NAMES) | st.integers(0, 2), max_size=2)
    plain = st.tuples(st.sampled_from([Root.TASK, Root.WORKER]), st.sampled_from(NAMES), deeper)
    live = st.tuples(st.just(Root.WORKER), st.sampled_from(LIVE), deeper)
    clock = st.tuples(st.just(Root.CLOCK), st.sampled_from(["currentHour", "currentTime"]), st.just([]))
    choice = st.one_of(plain, plain, plain, plain, live, clock)  # mostly the plain ones
    return choice.map(lambda parts: Path(parts[0], (parts[1], *parts[2])))


paths = _paths()
lists = st.lists(constants | paths, max_size=3).map(lambda items: ListLiteral(tuple(items)))
operands = st.one_of(paths, paths, constants, lists)
comparisons = st.builds(Comparison, st.sampled_from(Operator), operands, operands)
mixed = st.builds(Comparison, st.sampled_from([Operator.EQUAL, Operator.IN, Operator.HAS]), paths, paths)


def _joined(kind, inner):
    other = inner.filter(lambda node: not isinstance(node, kind))  # the parser lays equal joiners flat
    return st.lists(other, min_size=2, max_size=4).map(lambda parts: kind(tuple(parts)))


trees = st.recursive(
    comparisons | mixed, lambda inner: st.one_of(_joined(And, inner), _joined(Or, inner)), max_leaves=6
)
conjunctions = _joined(And, comparisons | mixed | _joined(Or, comparisons)) | trees
