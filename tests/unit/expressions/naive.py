"""A second evaluator, written from the rules (routing.md 6.2, ruling 11), apart from the compiler: plain and slow."""

import re

from pointsman.expressions import And, Comparison, Constant, ListLiteral, Or, Path


def holds(tree, documents):
    """Whether the tree is true; `documents` maps the prefix of a root to its document."""
    match tree:
        case And(parts):
            return all(holds(part, documents) for part in parts)
        case Or(parts):
            return any(holds(part, documents) for part in parts)
        case Comparison(operator, left, right):
            return compare(operator.value, value_of(left, documents), value_of(right, documents))


def value_of(operand, documents):
    match operand:
        case Constant(value):
            return value
        case ListLiteral(items):
            return [value_of(item, documents) for item in items]
        case Path(root, segments):
            value = documents[root.value]
            for segment in segments:
                try:
                    if isinstance(value, str) or (isinstance(segment, int) != isinstance(value, list)):
                        return None
                    value = value[segment]
                except (KeyError, IndexError, TypeError):
                    return None
            return value


def kind(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def same(left, right):
    return kind(left) == kind(right) and kind(left) not in ("array", "object") and left == right


def compare(operator, left, right):
    kinds = (kind(left), kind(right))
    scalar = {"null", "bool", "number", "string"}
    if operator == "HAS":
        operator, left, right, kinds = "IN", right, left, kinds[::-1]
    if operator in ("IN", "NOT IN"):
        if kinds[1] != "array" or kinds[0] not in scalar:
            return False
        member = kinds[0] != "null" and any(same(left, item) for item in right)
        return member if operator == "IN" else not member
    if operator == "!=" and "null" in kinds:
        return kinds != ("null", "null")
    if not set(kinds) <= scalar:
        return False
    if operator == "==":
        return same(left, right)
    if operator == "!=":
        return not same(left, right)
    if operator == "CONTAINS":
        return kinds == ("string", "string") and right in left
    return ordered(operator, left, right, kinds)


def ordered(operator, left, right, kinds):
    if kinds in (("number", "string"), ("string", "number")):
        left, right = numeric(left), numeric(right)
        if left is None or right is None:
            return False
    elif kinds not in (("number", "number"), ("string", "string")):
        return False
    return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[operator]


def numeric(value):
    if isinstance(value, str):
        plain = re.fullmatch(r"-?([0-9]+|[0-9]*\.[0-9]+)", value)
        if not plain or len(value) > 64:
            return None
        return float(value) if "." in value else int(value)
    return value
