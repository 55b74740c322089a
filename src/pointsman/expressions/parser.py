"""Tokens to a tree: precedence climbing over OR and AND, a comparison at every leaf (routing.md 6.1)."""

import re
from collections.abc import Callable
from typing import Final

from .errors import ExpressionError, quoted
from .lexer import Cursor, Kind, Token
from .syntax import (
    Comparison,
    Condition,
    Constant,
    ListLiteral,
    Operand,
    Path,
    Root,
    Scope,
    conjunction,
    disjunction,
)

MAX_DEPTH: Final = 100

_Join = Callable[[list[Condition]], Condition]
_LEVELS: Final[tuple[tuple[Kind, _Join], ...]] = ((Kind.OR, disjunction), (Kind.AND, conjunction))  # loosest first


def parse(text: str, scope: Scope) -> Condition:
    """The tree of an expression. Raises ExpressionError; time is linear in the length of the text."""
    parser = _Parser(text, scope)
    tree = parser.condition()
    parser.cursor.expect_end("AND, OR or the end")
    return tree


_COUNTED = re.compile(r"available|unavailable|WA\w*", re.ASCII)
"""What skip_if can ask of the workers of a queue (routing.md 5)."""


def resolve(token: Token, bare: Root | None, prefixes: tuple[Root, ...]) -> Path:
    """The path that a PATH token means where `prefixes` are visible and all other names are read in `bare`."""
    head, *rest = token.value
    if head not in prefixes:
        if bare is not None:
            return Path(bare, token.value)
        wanted = " or ".join(", ".join(f"{prefix}." for prefix in prefixes).rsplit(", ", 1))
        raise ExpressionError(f"unknown name {quoted(token.text)}", token.position, f"a path that starts with {wanted}")
    root = Root(head)
    if not rest or isinstance(rest[0], int) or (root is Root.WORKERS and len(rest) > 1):
        count = "one name" if root is Root.WORKERS else "a name"
        raise ExpressionError(f"extraneous input {quoted(token.text)}", token.position, f"{count} after '{head}.'")
    if root is Root.WORKERS and not _COUNTED.fullmatch(str(rest[0])):
        wanted = "workers.available, workers.unavailable or workers. with an Activity sid"
        raise ExpressionError(f"unknown name {quoted(token.text)}", token.position, wanted)
    return Path(root, tuple(rest))


class _Parser:
    def __init__(self, text: str, scope: Scope) -> None:
        self.cursor = Cursor(text)
        self._scope = scope
        self._depth = 0

    def condition(self, level: int = 0) -> Condition:
        if level == len(_LEVELS):
            return self._primary()
        joiner, join = _LEVELS[level]
        parts = [self.condition(level + 1)]
        while self.cursor.accept(joiner):
            parts.append(self.condition(level + 1))
        return join(parts)

    def _primary(self) -> Condition:
        if opening := self.cursor.accept(Kind.OPEN):
            return self._group(opening)
        left = self._operand("a path, a constant, a list or '('")
        operator = self.cursor.expect(Kind.OPERATOR).value
        return Comparison(operator, left, self._operand("a path, a constant or a list"))

    def _group(self, opening: Token) -> Condition:
        if self._depth == MAX_DEPTH:
            found = "parentheses nested too deeply"
            raise ExpressionError(found, opening.position, f"at most {MAX_DEPTH} levels")
        self._depth += 1
        inner = self.condition()
        self._depth -= 1
        self.cursor.expect(Kind.CLOSE, "AND, OR or ')'")
        return inner

    def _operand(self, expecting: str) -> Operand:
        if self.cursor.accept(Kind.OPEN_LIST):
            return self._list()
        return self._value() or self.cursor.fail(expecting)

    def _value(self) -> Constant | Path | None:
        if token := self.cursor.accept(Kind.CONSTANT):
            return Constant(token.value)
        if token := self.cursor.accept(Kind.PATH):
            return resolve(token, self._scope.bare, self._scope.prefixes)
        return None

    def _list(self) -> ListLiteral:
        if self.cursor.accept(Kind.CLOSE_LIST):
            return ListLiteral(())
        items = []
        while True:
            items.append(self._value() or self.cursor.fail("a path or a constant"))
            if self.cursor.accept(Kind.CLOSE_LIST):
                return ListLiteral(tuple(items))
            self.cursor.expect(Kind.COMMA, "',' or ']'")
