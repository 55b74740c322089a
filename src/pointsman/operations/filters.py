"""What a list may be narrowed and ordered by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pointsman.domain.limits import EXPRESSION_CHARACTERS, check_text
from pointsman.domain.refusal import Refusal
from pointsman.expressions import Expression, ExpressionError, Scope, compile_expression
from pointsman.operations.paging import Key, by_number

Test = Callable[[Any], bool]
Values = Mapping[str, Callable[[Any], int]]
"""The attributes that a list may be ordered by: Twilio's name → the record's value."""


def all_of(tests: Iterable[Test | None]) -> Test:
    """True where every test that is given is true."""
    given = [test for test in tests if test is not None]
    if len(given) == 1:
        return given[0]
    return lambda record: all(test(record) for test in given)


def equals(attribute: str, value: object) -> Test | None:
    """The record's attribute has this value; no test for None."""
    if value is None:
        return None
    return lambda record: bool(getattr(record, attribute) == value)


def expression_of(field: str, text: str, scope: Scope) -> Expression:
    """A compiled filter expression; 400/20001 naming the parameter if it is none."""
    check_text(field, text, EXPRESSION_CHARACTERS)
    try:
        return compile_expression(text, scope)
    except ExpressionError as error:
        raise Refusal(f"{field} is not a valid expression: {error}") from None


class Order:
    """A key made of signed values, then the number, so that no two records are equal."""

    __slots__ = ("_parts", "width")

    def __init__(self, parts: list[tuple[Callable[[Any], int], int]]) -> None:
        self._parts = parts
        self.width = len(parts) + 1

    def __call__(self, record: Any) -> Key:
        return (*(sign * value(record) for value, sign in self._parts), record.number)


def ordering(text: str | None, values: Values, exclusive: frozenset[str] = frozenset()) -> Callable[[Any], Key]:
    """The order that `Attribute:asc|desc`, comma-separated, asks for; creation order when it asks for none.

    At most one of the `exclusive` attributes may be given. 400/20001 otherwise.
    """
    parts: dict[str, tuple[Callable[[Any], int], int]] = {}
    for part in (text or "").split(","):
        name, _, direction = part.strip().partition(":")
        if not name and not direction:
            continue
        if name not in values or direction not in ("asc", "desc"):
            raise Refusal(
                f"Ordering must be a comma-separated list of Attribute:asc or Attribute:desc with the attributes "
                f"{', '.join(values)}, but is '{(text or '')[:100]}'"
            )
        if name in parts:
            raise Refusal(f"Ordering names {name} twice")
        parts[name] = (values[name], 1 if direction == "asc" else -1)
    if len(exclusive & parts.keys()) > 1:
        raise Refusal(f"Ordering cannot use {' and '.join(sorted(exclusive))} together")
    return Order(list(parts.values())) if parts else by_number
