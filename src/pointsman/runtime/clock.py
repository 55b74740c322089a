"""The server's time, int microseconds since the epoch. Decisions follow it; transport follows the real one."""

from __future__ import annotations

from time import time_ns


class RealClock:
    """The system's time; a step back of the system's clock is held, not followed."""

    def __init__(self) -> None:
        self._last = 0

    def now(self) -> int:
        self._last = max(self._last, time_ns() // 1000)
        return self._last


class VirtualClock:
    """Stands still until it is set."""

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        return self._now

    def set(self, now: int) -> None:
        """Move on; never back."""
        self._now = max(self._now, now)


Clock = RealClock | VirtualClock
