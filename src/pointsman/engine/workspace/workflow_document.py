"""A workflow's configuration: parsed, checked and compiled once per text (routing.md 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, NoReturn, TypeVar

import msgspec

from pointsman.domain.limits import CONFIGURATION_BYTES, PRIORITY_MOST
from pointsman.domain.refusal import Refusal
from pointsman.expressions import (
    Expression,
    ExpressionError,
    Keyed,
    OrderBy,
    Scope,
    compile_expression,
    keyed_by,
    parse_order_by,
    split,
)

T = TypeVar("T")

TIMEOUT_MOST = 10**9
_NO_ORDER = parse_order_by("")


@dataclass(frozen=True, slots=True)
class Target:
    """A target with its queue inherited and its expression taken apart for the matcher."""

    queue: str
    priority: int | None = None
    timeout: int | None = None
    order_by: OrderBy = _NO_ORDER
    skip_if: Expression | None = None
    expression: Expression | None = None
    static: Expression | None = None
    keyed: Keyed | None = None
    residual: Expression | None = None
    live: Expression | None = None
    never: frozenset[str] = frozenset()
    """Workers who are no candidates: those who hold the task already."""

    @property
    def is_bound(self) -> bool:
        """True if it depends on a task's attributes who fits."""
        return self.keyed is not None or self.residual is not None or self.live is not None


@dataclass(frozen=True, slots=True)
class Filter:
    name: str
    expression: Expression
    targets: tuple[Target, ...]

    def deadline_age(self, index: int) -> int | None:
        """Seconds after entering the filter at which this target times out: the running sum (ruling 3); None: never."""
        if self.targets[index].timeout is None:
            return None
        return sum(target.timeout or 0 for target in self.targets[: index + 1])


@dataclass(frozen=True)
class WorkflowDocument:
    filters: tuple[Filter, ...]
    default: Target | None

    def first_match(self, task: Mapping[str, Any], clock: Mapping[str, Any], start: int = 0) -> int | None:
        """The first filter from `start` on that the task's attributes match."""
        for index, matches in self._matchers[start:] if start else self._matchers:
            if matches(task, {}, clock, {}):
                return index
        return None

    @cached_property
    def _matchers(self) -> list[tuple[int, Callable[..., bool]]]:
        return [(index, filter.expression.matches) for index, filter in enumerate(self.filters)]

    def queues(self) -> list[str]:
        """Every queue that is named, once."""
        targets = [target for filter in self.filters for target in filter.targets]
        if self.default is not None:
            targets.append(self.default)
        return list(dict.fromkeys(target.queue for target in targets))


@lru_cache(256)
def parse_document(text: str) -> WorkflowDocument:
    """The document that a Configuration text means; 400/20001 says where it is wrong."""
    if len(text.encode()) > CONFIGURATION_BYTES:
        raise Refusal(f"Configuration must be at most {CONFIGURATION_BYTES} bytes long")
    try:
        value = msgspec.json.decode(text)
    except (ValueError, RecursionError) as error:
        raise Refusal(f"Configuration is not valid JSON: {error}") from None
    routing = _object(value, "Configuration")
    routing = _object(routing.get("task_routing", routing), "task_routing")
    filters = _list(routing.get("filters") or [], "task_routing.filters")
    parsed = tuple(_filter(entry, f"filters[{index}]") for index, entry in enumerate(filters))
    default = routing.get("default_filter")
    document = WorkflowDocument(parsed, _default(default) if default is not None else None)
    if not document.filters and document.default is None:
        _refuse("task_routing", "needs filters or a default_filter")
    return document


def _filter(value: object, place: str) -> Filter:
    entry = _object(value, place)
    name = entry.get("filter_friendly_name", entry.get("friendly_name"))
    expression = _expression(entry.get("expression"), f"{place}.expression", Scope.TASK)
    if expression is None:
        _refuse(f"{place}.expression", "is required")
    targets: list[Target] = []
    for index, item in enumerate(_list(entry.get("targets"), f"{place}.targets")):
        targets.append(_target(item, f"{place}.targets[{index}]", targets[-1].queue if targets else None))
    if not targets:
        _refuse(f"{place}.targets", "needs at least one target")
    return Filter(str(name) if name is not None else "", expression, tuple(targets))


def _target(value: object, place: str, inherited: str | None) -> Target:
    entry = _object(value, place)
    queue = entry.get("queue", inherited)
    if not isinstance(queue, str) or not queue:
        _refuse(f"{place}.queue", "is required: a first target names its queue")
    expression = _expression(entry.get("expression"), f"{place}.expression", Scope.TARGET)
    known = _known(entry, place)
    return Target(
        queue,
        priority=_whole(entry.get("priority"), f"{place}.priority", 0, PRIORITY_MOST),
        timeout=_whole(entry.get("timeout"), f"{place}.timeout", 1, TIMEOUT_MOST),
        order_by=_order(entry.get("order_by"), f"{place}.order_by"),
        skip_if=_expression(entry.get("skip_if"), f"{place}.skip_if", Scope.QUEUE),
        expression=expression,
        **_parts(expression, known),
    )


def _default(value: object) -> Target:
    """The default_filter: no timeout, and skip_if has no meaning there (routing.md 3.4, 5)."""
    entry = {**_object(value, "default_filter"), "timeout": None, "skip_if": None}
    return _target(entry, "default_filter", None)


def _parts(expression: Expression | None, known: Keyed | None) -> dict[str, Any]:
    """The terms by kind. A known worker is the better key: then the expression is tested as a whole."""
    if expression is None:
        return {"keyed": known}
    terms = split(expression)
    if known is None or terms.keyed is None:
        keyed = terms.keyed if known is None else known
        return {"static": terms.static, "keyed": keyed, "residual": terms.residual, "live": terms.live}
    if terms.live is not None:
        return {"static": terms.static, "keyed": known, "live": expression}
    return {"static": terms.static, "keyed": known, "residual": expression}


def _known(entry: dict[str, Any], place: str) -> Keyed | None:
    sid, name = entry.get("known_worker_sid"), entry.get("known_worker_friendly_name")
    if sid is not None and name is not None:
        _refuse(place, "may have known_worker_sid or known_worker_friendly_name, not both")
    if sid is not None:
        return _parsed(lambda: keyed_by("worker.sid", str(sid)), f"{place}.known_worker_sid")
    if name is not None:
        return _parsed(lambda: keyed_by("worker.friendly_name", str(name)), f"{place}.known_worker_friendly_name")
    return None


def _expression(value: object, place: str, scope: Scope) -> Expression | None:
    if value is None:
        return None
    if not isinstance(value, str):
        _refuse(place, "must be a string")
    return _parsed(lambda: compile_expression(value, scope), place)


def _order(value: object, place: str) -> OrderBy:
    if value is None:
        return _NO_ORDER
    if not isinstance(value, str):
        _refuse(place, "must be a string")
    return _parsed(lambda: parse_order_by(value), place)


def _parsed(parse: Callable[[], T], place: str) -> T:
    try:
        return parse()
    except ExpressionError as error:
        _refuse(f"{place}:", str(error))


def _whole(value: object, place: str, least: int, most: int) -> int | None:
    """An integer, also as a numeric string: both stand in real configurations."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        _refuse(place, f"must be a whole number from {least} to {most}")
    return value


def _object(value: object, place: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        _refuse(place, "must be an object")
    return value


def _list(value: object, place: str) -> list[Any]:
    if not isinstance(value, list):
        _refuse(place, "must be an array")
    return value


def _refuse(place: str, complaint: str) -> NoReturn:
    raise Refusal(f"Configuration is invalid: {place} {complaint}")
