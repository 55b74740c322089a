"""Drawing sids."""

from __future__ import annotations

import random
import secrets


def random_sid(prefix: str) -> str:
    """A fresh sid that nobody can guess."""
    return prefix + secrets.token_hex(16)


class SeededIds:
    """The same sids in every run, for tests and simulations."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def __call__(self, prefix: str) -> str:
        return f"{prefix}{self._random.getrandbits(128):032x}"
