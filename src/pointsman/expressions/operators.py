"""What the comparisons mean at run time. None of them ever raises (routing.md 6.2, ruling 11).

Values are what a JSON decoder gives: None, bool, int, float, str, list, dict. A missing key reads as None.
"""

import re
from collections.abc import Callable, Mapping
from math import nan
from typing import Any, Final, TypeAlias

from .syntax import Operator, Path, Segment

Document: TypeAlias = Mapping[str, Any]

# Values of different families are never equal. bool is not a number; int and float are one type.
_FAMILY: Final[dict[type, str]] = {str: "text", int: "number", float: "number", bool: "truth"}
_FAMILY_OR_NULL: Final = _FAMILY | {type(None): "null"}
_ORDERED: Final = frozenset({(str, str), (int, int), (int, float), (float, int), (float, float)})
_NUMERIC = re.compile(r"-?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)")
_MAX_NUMERIC_LENGTH = 64


def descend(value: Any, segments: tuple[Segment, ...]) -> Any:
    """The value below `value`, or None where the way ends."""
    for segment in segments:
        if type(value) is dict:
            value = value.get(segment)
        elif type(value) is list and type(segment) is int and segment < len(value):
            value = value[segment]
        else:
            return None
    return value


def lookup(document: Document, path: Path) -> Any:
    """The value at a path of the document that the path is rooted in; None if there is none."""
    return descend(document.get(str(path.segments[0])), path.segments[1:])


def equal(left: Any, right: Any) -> bool:
    """False for arrays and objects, even against themselves; null equals null."""
    family = _FAMILY_OR_NULL.get(type(left))
    return family is not None and family == _FAMILY_OR_NULL.get(type(right)) and left == right


def unequal(left: Any, right: Any) -> bool:
    """Not the opposite of `equal`: an array or object differs from null only."""
    if left is None or right is None:
        return left is not right
    one, other = _FAMILY.get(type(left)), _FAMILY.get(type(right))
    return one is not None and other is not None and (one != other or left != right)


def less(left: Any, right: Any) -> bool:
    """Two numbers, two strings, or a number and a numeric string; anything else is false."""
    if (type(left), type(right)) not in _ORDERED:
        left, right = _as_numbers(left, right)
    return left < right  # type: ignore[no-any-return]


def at_most(left: Any, right: Any) -> bool:
    """As `less`."""
    if (type(left), type(right)) not in _ORDERED:
        left, right = _as_numbers(left, right)
    return left <= right  # type: ignore[no-any-return]


def greater(left: Any, right: Any) -> bool:
    """As `less`."""
    return less(right, left)


def at_least(left: Any, right: Any) -> bool:
    """As `less`."""
    return at_most(right, left)


def contains(left: Any, right: Any) -> bool:
    """The right string is part of the left one."""
    return type(left) is str and type(right) is str and right in left


def is_in(left: Any, right: Any) -> bool:
    """A scalar that is not null is an element of an array."""
    if type(right) is not list:
        return False
    if type(left) is str:
        return left in right  # only a string equals a string, so no element's type need be looked at
    family = _FAMILY.get(type(left))
    return family is not None and any(_FAMILY.get(type(item)) == family and item == left for item in right)


def has(left: Any, right: Any) -> bool:
    """IN, the other way round."""
    return is_in(right, left)


def not_in(left: Any, right: Any) -> bool:
    """True only against an array; null is in no array, and an array or object is not asked for."""
    return type(right) is list and type(left) in _FAMILY_OR_NULL and not is_in(left, right)


def _as_numbers(left: Any, right: Any) -> tuple[float, float]:
    """A number and a numeric string as two numbers; NaNs, which compare false, for every other pair."""
    if type(left) is str and _FAMILY.get(type(right)) == "number":
        return _number(left), right
    if type(right) is str and _FAMILY.get(type(left)) == "number":
        return left, _number(right)
    return nan, nan


def _number(text: str) -> float:
    if len(text) > _MAX_NUMERIC_LENGTH or not _NUMERIC.fullmatch(text):
        return nan
    return float(text) if "." in text else int(text)


OPERATIONS: Final[dict[Operator, Callable[[Any, Any], bool]]] = {
    Operator.EQUAL: equal,
    Operator.UNEQUAL: unequal,
    Operator.LESS: less,
    Operator.AT_MOST: at_most,
    Operator.GREATER: greater,
    Operator.AT_LEAST: at_least,
    Operator.CONTAINS: contains,
    Operator.HAS: has,
    Operator.IN: is_in,
    Operator.NOT_IN: not_in,
}
