"""order_by ("worker.a ASC, worker.b.c DESC") and the task paths of known workers (routing.md 7.2, 7.4)."""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from math import inf
from typing import Final

from .errors import ExpressionError
from .lexer import Cursor, Kind
from .operators import Document, lookup
from .parser import resolve
from .syntax import Path, Root

MAX_CLAUSES: Final = 10

_DIRECTIONS = {"ASC": False, "DESC": True}


@dataclass(frozen=True, slots=True)
class Clause:
    """One criterion."""

    path: Path
    descending: bool

    def __str__(self) -> str:
        return f"{self.path} {'DESC' if self.descending else 'ASC'}"


@dataclass(frozen=True)
class OrderBy:
    """The criteria by which workers are asked, first one first; may be empty."""

    clauses: tuple[Clause, ...]

    @cached_property
    def text(self) -> str:
        """Canonical: equal texts mean equal orders."""
        return ", ".join(map(str, self.clauses))

    @cached_property
    def live(self) -> bool:
        """True if the values change without a change of attributes (channel load)."""
        return any(clause.path.live for clause in self.clauses)

    def sort_values(self, worker_document: Document) -> tuple[float, ...]:
        """One number a clause, smallest first: workers without an integer come last in either direction."""
        return tuple([_sort_value(clause, worker_document) for clause in self.clauses])


@lru_cache(256)
def parse_order_by(text: str) -> OrderBy:
    """The order that `text` means; blank text means none. Raises ExpressionError."""
    cursor = Cursor(text)
    if cursor.next.kind is Kind.END:
        return OrderBy(())
    clauses = [_clause(cursor)]
    while comma := cursor.accept(Kind.COMMA):
        if len(clauses) == MAX_CLAUSES:
            raise ExpressionError("too many clauses", comma.position, f"at most {MAX_CLAUSES}")
        clauses.append(_clause(cursor))
    cursor.expect_end("',' or the end")
    return OrderBy(tuple(clauses))


def parse_task_path(text: str) -> Path:
    """The path of "task.a.b", and of nothing else. Raises ExpressionError."""
    return _lone_path(text, Root.TASK)


def parse_worker_path(text: str) -> Path:
    """The path of "worker.a.b", and of nothing else. Raises ExpressionError."""
    return _lone_path(text, Root.WORKER)


def _lone_path(text: str, root: Root) -> Path:
    cursor = Cursor(text)
    path = _path(cursor, root)
    cursor.expect_end("the end")
    return path


def _path(cursor: Cursor, root: Root) -> Path:
    return resolve(cursor.expect(Kind.PATH, f"a path that starts with {root}."), None, (root,))


def _clause(cursor: Cursor) -> Clause:
    path = _path(cursor, Root.WORKER)
    token = cursor.next
    if token.kind in (Kind.END, Kind.COMMA):
        return Clause(path, descending=False)
    if token.text.upper() not in _DIRECTIONS:
        cursor.fail("ASC, DESC, ',' or the end")
    cursor.accept(token.kind)
    return Clause(path, _DIRECTIONS[token.text.upper()])


def _sort_value(clause: Clause, worker_document: Document) -> float:
    value = lookup(worker_document, clause.path)
    if type(value) is not int:
        return inf
    return -value if clause.descending else value
