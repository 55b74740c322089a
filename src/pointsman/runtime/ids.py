"""Drawing sids."""

from __future__ import annotations

import random
import secrets

_SIDS_DRAWN = 256
_drawn: list[str] = []


def random_sid(prefix: str) -> str:
    """A fresh sid that nobody can guess. Drawn many at a time: to ask the system costs more than all else here."""
    if not _drawn:
        digits = secrets.token_hex(16 * _SIDS_DRAWN)
        _drawn.extend(digits[start : start + 32] for start in range(0, len(digits), 32))
    return prefix + _drawn.pop()


class SeededIds:
    """The same sids in every run, for tests and simulations."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, prefix: str) -> str:
        return f"{prefix}{self._random.getrandbits(128):032x}"
