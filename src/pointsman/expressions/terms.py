"""A target expression taken apart for the matcher, so that it need not try every worker for every task."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from .compiler import Expression, canonical
from .operators import Document, lookup
from .ordering import parse_task_path, parse_worker_path
from .syntax import And, Comparison, Condition, Operator, Path, Root, Scope, conjunction, paths_of


@dataclass(frozen=True, slots=True)
class Keyed:
    """One comparison between a worker's and a task's value, told as keys: it is true if the two share a key.

    `array` is the side that IN or HAS expects its array on; None for `==`. `null_matches` is false for known
    workers, where a null task value means nobody (routing.md 7.4).
    """

    worker_path: Path
    task_path: Path
    operator: Operator
    array: Root | None = None
    null_matches: bool = True

    def worker_keys(self, worker_document: Document) -> tuple[Hashable, ...]:
        """The keys under which this worker can be found; distinct."""
        return self._keys(lookup(worker_document, self.worker_path), Root.WORKER)

    def task_keys(self, task_document: Document) -> tuple[Hashable, ...]:
        """The keys that this task looks for; distinct."""
        return self._keys(lookup(task_document, self.task_path), Root.TASK)

    def _keys(self, value: Any, side: Root) -> tuple[Hashable, ...]:
        if self.array is side:
            return _array_keys(value)
        if value is None and (self.array is not None or not self.null_matches):
            return ()
        return _scalar_key(value)


@dataclass(frozen=True, slots=True)
class Terms:
    """The top-level ANDed terms of a target expression, sorted by what their truth depends on; None where empty.

    `static`: the worker's attributes. `keyed`: see Keyed. `residual`: any other mix of task and worker attributes.
    `live`: channel load, activity or the clock, with whatever else is compared with them.
    The texts are canonical: equal texts mean equal conditions.
    """

    static: Expression | None
    keyed: Keyed | None
    residual: Expression | None
    live: Expression | None


@lru_cache(2048)
def split(expression: Expression) -> Terms:
    """The terms of an expression of Scope.TARGET; all of them together say what it says."""
    if expression.scope is not Scope.TARGET:
        raise ValueError(f"only target expressions have terms, not those of {expression.scope}")
    tree = expression.tree
    static: list[Condition] = []
    bound: list[Condition] = []
    live: list[Condition] = []
    for part in tree.parts if isinstance(tree, And) else (tree,):
        paths = tuple(paths_of(part))
        if any(path.live for path in paths):
            live.append(part)
        elif any(path.root is Root.TASK for path in paths):
            bound.append(part)
        else:
            static.append(part)
    keyed = _take_keyed(bound)
    return Terms(_joined(static), keyed, _joined(bound), _joined(live))


def keyed_by(worker_path: str, task_path: str) -> Keyed:
    """The term of a known worker, as `keyed_by("worker.sid", "task.agent")`. Raises ExpressionError."""
    worker, task = parse_worker_path(worker_path), parse_task_path(task_path)
    return Keyed(worker, task, Operator.EQUAL, null_matches=False)


def _take_keyed(parts: list[Condition]) -> Keyed | None:
    """Removes the best keyed term from `parts`: the first `==`, for it has one key a side, else the first IN or HAS."""
    found = [(index, keyed) for index, part in enumerate(parts) if (keyed := _keyed(part))]
    if not found:
        return None
    index, keyed = min(found, key=lambda item: item[1].operator is not Operator.EQUAL)
    del parts[index]
    return keyed


def _keyed(part: Condition) -> Keyed | None:
    if not isinstance(part, Comparison) or not isinstance(part.left, Path) or not isinstance(part.right, Path):
        return None
    sides = {part.left.root: part.left, part.right.root: part.right}
    if sides.keys() != {Root.WORKER, Root.TASK}:
        return None
    worker, task = sides[Root.WORKER], sides[Root.TASK]
    match part.operator:
        case Operator.EQUAL:
            return Keyed(worker, task, part.operator)
        case Operator.HAS:
            return Keyed(worker, task, part.operator, array=part.left.root)
        case Operator.IN:
            return Keyed(worker, task, part.operator, array=part.right.root)
        case _:
            return None


def _joined(parts: list[Condition]) -> Expression | None:
    return canonical(conjunction(parts), Scope.TARGET) if parts else None


def _scalar_key(value: Any) -> tuple[Hashable, ...]:
    """Python holds True equal to 1, expressions do not: a bool's key is wrapped. 1 and 1.0 stay one key."""
    if type(value) is bool:
        return ((value,),)
    return () if isinstance(value, list | dict) else (value,)


def _array_keys(value: Any) -> tuple[Hashable, ...]:
    if type(value) is not list:
        return ()
    return tuple(dict.fromkeys(key for item in value if item is not None for key in _scalar_key(item)))
