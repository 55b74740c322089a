"""Text to tokens, and the cursor that the parsers read them with. One pass, linear in the length."""

import re
from enum import Enum
from typing import Any, Final, NamedTuple, NoReturn

from .errors import ExpressionError, quoted
from .syntax import Operator, Segment

MAX_LENGTH: Final = 65_536
MAX_NUMBER_LENGTH: Final = 64

OPERATORS_TEXT: Final = "an operator (==, !=, <, <=, >, >=, CONTAINS, HAS, IN, NOT IN)"


class Kind(Enum):
    """What a token is. The value is how an error message names it where it is the only thing expected."""

    PATH = "a path"
    CONSTANT = "a constant"
    OPERATOR = OPERATORS_TEXT
    AND = "AND"
    OR = "OR"
    OPEN = "'('"
    CLOSE = "')'"
    OPEN_LIST = "'['"
    CLOSE_LIST = "']'"
    COMMA = "','"
    STRAY = "nothing"  # can be read, but fits nowhere: the parser says what it wanted instead
    END = "the end"


class Token(NamedTuple):
    """`value` is the constant, the Operator, or the tuple of a path's segments."""

    kind: Kind
    text: str
    position: int
    value: Any = None


_TOKEN = re.compile(
    r"""
    (?P<space>  \s+ )
  | (?P<number> -?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+) )
  | (?P<string> "(?:[^"\\]++|\\.)*+" | '(?:[^'\\]++|\\.)*+' )
  | (?P<not_in> (?i:NOT\s+IN)(?![A-Za-z0-9_$]) )
  | (?P<word>   [A-Za-z_$][A-Za-z0-9_$]* )
  | (?P<symbol> ==|=|!=|<=|>=|[<>]-(?!\.?[0-9])|<|> )   # `a <-1` is less than minus one, `a <- b` is the older IN
  | (?P<mark>   [()\[\],] )
    """,
    re.VERBOSE | re.DOTALL,
)
_SUFFIX = re.compile(r"(?:\.[A-Za-z0-9_$]+|\[\s*[0-9]{1,9}\s*\])*+")
_SEGMENT = re.compile(r"\.([A-Za-z0-9_$]+)|\[\s*([0-9]+)\s*\]")
_STRAY = re.compile(r"-[A-Za-z_$](?P<rest>[A-Za-z0-9_$]+)|[^\sA-Za-z0-9_$\"'()\[\],]+", re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_CONTROL = {"n": "\n", "r": "\r", "t": "\t"}

_MARKS = {"(": Kind.OPEN, ")": Kind.CLOSE, "[": Kind.OPEN_LIST, "]": Kind.CLOSE_LIST, ",": Kind.COMMA}
_SYMBOLS = {"=": Operator.EQUAL, ">-": Operator.HAS, "<-": Operator.IN} | {op.value: op for op in Operator}
_LITERALS = {"true": True, "false": False, "null": None, "NULL": None}
_JOINERS = {"AND": Kind.AND, "OR": Kind.OR, "NOT": Kind.STRAY}


def tokenize(text: str) -> list[Token]:
    """The tokens of `text`, an END token last. Raises ExpressionError for text that no token can start."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"{len(text)} characters, too many", MAX_LENGTH, f"at most {MAX_LENGTH}")
    tokens = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            token = _stray(text, position)
        elif match.lastgroup == "space":
            position = match.end()
            continue
        elif match.lastgroup == "word":
            token = _word(text, match.group(), position)
        else:
            token = _plain(match)
        tokens.append(token)
        position = token.position + len(token.text)
    tokens.append(Token(Kind.END, "", position))
    return tokens


def _plain(match: re.Match[str]) -> Token:
    text, position = match.group(), match.start()
    match match.lastgroup:
        case "number":
            return Token(Kind.CONSTANT, text, position, _number(text, position))
        case "string":
            return Token(Kind.CONSTANT, text, position, _unescape(text[1:-1]))
        case "mark":
            return Token(_MARKS[text], text, position)
        case "not_in":
            return Token(Kind.OPERATOR, text, position, Operator.NOT_IN)
        case _:
            return Token(Kind.OPERATOR, text, position, _SYMBOLS[text])


def _word(text: str, word: str, position: int) -> Token:
    """A keyword, a literal, or a path with all its segments (a segment after a dot may start with a digit)."""
    if word in _LITERALS:
        return Token(Kind.CONSTANT, word, position, _LITERALS[word])
    keyword = word.upper()
    if keyword in _JOINERS:
        return Token(_JOINERS[keyword], word, position)
    if keyword in _SYMBOLS:
        return Token(Kind.OPERATOR, word, position, _SYMBOLS[keyword])
    suffix = _SUFFIX.match(text, position + len(word))
    end = suffix.end() if suffix else position + len(word)
    follower = text[end : end + 1]
    if follower == ".":
        raise ExpressionError(f"incomplete path {quoted(text[position : end + 1])}", end + 1, "a name after '.'")
    if follower == "[":
        raise ExpressionError(f"incomplete path {quoted(text[position : end + 1])}", end + 1, "an index such as [0]")
    return Token(Kind.PATH, text[position:end], position, (word, *_segments(text[position + len(word) : end])))


def _segments(suffix: str) -> list[Segment]:
    return [key or int(index) for key, index in _SEGMENT.findall(suffix)]


def _number(text: str, position: int) -> int | float:
    if len(text) > MAX_NUMBER_LENGTH:
        raise ExpressionError("a number too long", position, f"at most {MAX_NUMBER_LENGTH} characters")
    return float(text) if "." in text else int(text)


def _unescape(body: str) -> str:
    if "\\" not in body:
        return body
    return _ESCAPE.sub(lambda match: _CONTROL.get(match[1], match[1]), body)


def _stray(text: str, position: int) -> Token:
    """What fits no token. A `-` starts a number or nothing: of `-level` it loses `-l`, so that `evel` is reported."""
    if text[position] in "\"'":
        raise ExpressionError("a string without an end", position, f"a closing {text[position]}")
    match = _STRAY.match(text, position)
    if match is None:
        return Token(Kind.STRAY, text[position], position)
    if match["rest"] is not None:
        return Token(Kind.STRAY, match["rest"], match.start("rest"))
    return Token(Kind.STRAY, match.group(), position)


class Cursor:
    """Reads tokens one after the other."""

    def __init__(self, text: str) -> None:
        self._tokens = tokenize(text)
        self._index = 0

    @property
    def next(self) -> Token:
        """The token that comes next; it stays where it is."""
        return self._tokens[self._index]

    def accept(self, kind: Kind) -> Token | None:
        """Takes the next token if it is of this kind."""
        token = self._tokens[self._index]
        if token.kind is not kind or kind is Kind.END:
            return None
        self._index += 1
        return token

    def expect(self, kind: Kind, expecting: str = "") -> Token:
        """Takes the next token, which must be of this kind."""
        return self.accept(kind) or self.fail(expecting or kind.value)

    def expect_end(self, expecting: str) -> None:
        """Refuses trailing input."""
        if self.next.kind is not Kind.END:
            self.fail(expecting)

    def fail(self, expecting: str) -> NoReturn:
        """Refuses the next token."""
        token = self.next
        found = "unexpected end" if token.kind is Kind.END else f"extraneous input {quoted(token.text)}"
        raise ExpressionError(found, token.position, expecting)
