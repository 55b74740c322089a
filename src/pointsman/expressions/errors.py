"""The one error of the expression language; it is shown to the person who wrote the expression."""

_SHOWN = 40


class ExpressionError(Exception):
    """Text that is no expression (or no order_by, or no task path).

    `message` says what was found, where, and what was expected; `position` is the 0-based character.
    """

    def __init__(self, found: str, position: int, expecting: str) -> None:
        self.message = f"{found} at character {position}, expecting {expecting}"
        self.position = position
        super().__init__(self.message)


def quoted(text: str) -> str:
    """User text for an error message, cut to a readable length."""
    return f"'{text}'" if len(text) <= _SHOWN else f"'{text[:_SHOWN]}...'"
