"""The pulse of the event loop: how late it is at what it should do now."""

from __future__ import annotations

import asyncio

from pointsman.metrics import LOOP_STALLS, MOMENTS, Histogram, Metric, Value

BEAT = 0.1
"""Seconds, of the real clock."""


class Pulse:
    def __init__(self) -> None:
        self._stalls = Histogram(MOMENTS)

    def figures(self) -> dict[Metric, Value]:
        return {LOOP_STALLS: self._stalls}

    async def run(self) -> None:
        """Look until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + BEAT
            await asyncio.sleep(BEAT)
            self._stalls.observe(max(0.0, loop.time() - due))
