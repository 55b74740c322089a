"""Trees to Python functions: one lambda per expression.

Its source holds nothing but names made here; constants, keys and indexes are bound in its namespace, so that no text
of a user ever becomes code.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Final, TypeAlias

from .operators import OPERATIONS, Document, descend
from .parser import parse
from .syntax import And, Comparison, Condition, Constant, ListLiteral, Operand, Path, Root, Scope, paths_of

Matcher: TypeAlias = Callable[[Document, Document, Document, Document], bool]

_CACHED: Final = 2048
_CACHED_LENGTH: Final = 2048  # longer texts are compiled each time, so that the cache cannot eat the memory


@dataclass(frozen=True)
class Expression:
    """A compiled expression; two are equal if text and scope are.

    `matches(task, worker, clock, workers)` takes the four documents (those the scope cannot see may be empty) and
    never raises. Documents hold plain JSON values.
    """

    text: str
    scope: Scope
    tree: Condition = field(compare=False, repr=False)
    matches: Matcher = field(compare=False, repr=False)

    @cached_property
    def paths(self) -> tuple[Path, ...]:
        """Every path mentioned, once, in alphabetical order."""
        return tuple(sorted(set(paths_of(self.tree)), key=str))

    @cached_property
    def task_paths(self) -> tuple[Path, ...]:
        """The paths into the task: what a result of `matches` is bound to besides the worker."""
        return tuple(path for path in self.paths if path.root is Root.TASK)

    @cached_property
    def uses_clock(self) -> bool:
        """True if the answer can change by time alone."""
        return self.uses(Root.CLOCK)

    def uses(self, root: Root) -> bool:
        """True if a path into this document is mentioned."""
        return any(path.root is root for path in self.paths)


def compile_expression(text: str, scope: Scope) -> Expression:
    """The expression that `text` means in `scope`; short ones are cached. Raises ExpressionError."""
    return _cached(text, scope) if len(text) <= _CACHED_LENGTH else _compiled(text, scope)


def _compiled(text: str, scope: Scope) -> Expression:
    tree = parse(text, scope)
    return Expression(text, scope, tree, matcher(tree))


_cached = lru_cache(_CACHED)(_compiled)


def canonical(tree: Condition, scope: Scope) -> Expression:
    """An expression made from a tree; its text is the tree's, every path with its prefix."""
    return Expression(str(tree), scope, tree, matcher(tree))


def matcher(tree: Condition) -> Matcher:
    """The function that evaluates a tree."""
    names: dict[str, Any] = {function.__name__: function for function in (*OPERATIONS.values(), descend)}
    source = _condition(tree, names)
    return eval(f"lambda task, worker, clock, workers: {source}", names)  # type: ignore[no-any-return]


def _condition(node: Condition, names: dict[str, Any]) -> str:
    if isinstance(node, Comparison):
        return _comparison(node, names)
    joiner = " and " if isinstance(node, And) else " or "
    return "(" + joiner.join([_condition(part, names) for part in node.parts]) + ")"


def _comparison(node: Comparison, names: dict[str, Any]) -> str:
    function = OPERATIONS[node.operator]
    if isinstance(node.left, Constant) and isinstance(node.right, Constant):  # `1==1` is the commonest of all
        return str(function(node.left.value, node.right.value))
    return f"{function.__name__}({_operand(node.left, names)}, {_operand(node.right, names)})"


def _operand(node: Operand, names: dict[str, Any]) -> str:
    match node:
        case Constant():
            return _bind(node.value, names)
        case Path():
            return _path(node, names)
        case ListLiteral():
            constants = [item.value for item in node.items if isinstance(item, Constant)]
            if len(constants) == len(node.items):
                return _bind(constants, names)
            return "[" + ", ".join([_operand(item, names) for item in node.items]) + "]"


def _path(path: Path, names: dict[str, Any]) -> str:
    """The first step is taken in place, because most paths have but one."""
    first, *rest = path.segments
    value = f"{path.root.name.lower()}.get({_bind(first, names)})"
    return f"descend({value}, {_bind(tuple(rest), names)})" if rest else value


def _bind(value: Any, names: dict[str, Any]) -> str:
    name = f"k{len(names)}"
    names[name] = value
    return name
