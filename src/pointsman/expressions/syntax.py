"""The typed tree of an expression, the names it may see, and its canonical text."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, StrEnum
from typing import Final, TypeAlias

Scalar: TypeAlias = str | int | float | bool | None
Segment: TypeAlias = str | int


class Root(StrEnum):
    """The documents that a path can start in; the value is the prefix it has in canonical text."""

    TASK = "task"
    WORKER = "worker"
    CLOCK = "taskrouter"
    WORKERS = "workers"


class Scope(Enum):
    """Where an expression stands: the document its bare paths read, and the prefixes it may use (routing.md 6.3)."""

    TASK = (Root.TASK, (Root.CLOCK,))
    WORKER = (Root.WORKER, (Root.CLOCK,))
    TARGET = (None, (Root.TASK, Root.WORKER, Root.CLOCK))
    QUEUE = (None, (Root.WORKERS,))

    def __init__(self, bare: Root | None, prefixes: tuple[Root, ...]) -> None:
        self.bare: Final = bare
        self.prefixes: Final = prefixes


class Operator(StrEnum):
    """The comparisons; the value is the canonical spelling."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    GREATER = ">"
    AT_LEAST = ">="
    CONTAINS = "CONTAINS"
    HAS = "HAS"
    IN = "IN"
    NOT_IN = "NOT IN"


_LIVE_FIELDS = ("channel", "activity_sid", "activity_name")


@dataclass(frozen=True, slots=True)
class Path:
    """A place in one of the documents. A str segment is a key of an object, an int one an index of an array."""

    root: Root
    segments: tuple[Segment, ...]

    @property
    def live(self) -> bool:
        """True for values that change without a change of attributes: channel load, activity, the clock."""
        return self.root is Root.CLOCK or (self.root is Root.WORKER and self.segments[0] in _LIVE_FIELDS)

    def __str__(self) -> str:
        return self.root + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.segments)


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number, true, false or null."""

    value: Scalar

    def __str__(self) -> str:
        match self.value:
            case None:
                return "null"
            case bool():
                return "true" if self.value else "false"
            case str():
                return '"' + self.value.replace("\\", "\\\\").replace('"', '\\"') + '"'
            case float():
                return _decimal(self.value)
            case _:
                return str(self.value)


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """A list of constants and paths; may be empty."""

    items: tuple[Constant | Path, ...]

    def __str__(self) -> str:
        return "[" + ", ".join(map(str, self.items)) + "]"


Operand: TypeAlias = Constant | ListLiteral | Path


@dataclass(frozen=True, slots=True)
class Comparison:
    """One leaf: every leaf of an expression compares two operands."""

    operator: Operator
    left: Operand
    right: Operand

    def __str__(self) -> str:
        return f"{self.left} {self.operator} {self.right}"


@dataclass(frozen=True, slots=True)
class And:
    """All parts hold. No part is itself an And."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " AND ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least one part holds. No part is itself an Or."""

    parts: tuple["Condition", ...]

    def __str__(self) -> str:
        return " OR ".join(map(str, self.parts))


Condition: TypeAlias = Comparison | And | Or


def conjunction(parts: list[Condition]) -> Condition:
    """The parts joined by AND; nested Ands are laid flat, and one part is just itself. `parts` is not empty."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))]
    return flat[0] if len(flat) == 1 else And(tuple(flat))


def disjunction(parts: list[Condition]) -> Condition:
    """The same for OR."""
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))]
    return flat[0] if len(flat) == 1 else Or(tuple(flat))


def paths_of(node: Condition | Operand) -> Iterator[Path]:
    """Every path mentioned, in order of appearance, repeated ones included."""
    match node:
        case Path():
            yield node
        case Comparison():
            yield from paths_of(node.left)
            yield from paths_of(node.right)
        case And() | Or():
            for part in node.parts:
                yield from paths_of(part)
        case ListLiteral():
            yield from (item for item in node.items if isinstance(item, Path))


def _decimal(value: float) -> str:
    """A float as the grammar can read it back: digits and a point, never an exponent."""
    text = format(Decimal(repr(value)), "f")
    return text if "." in text else text + ".0"
