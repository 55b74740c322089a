"""The simulated customers: they come at random, and some do not wait for long."""

from __future__ import annotations

import asyncio
import json
import math
from random import Random

from pointsman.demo.centre import Centre
from pointsman.demo.client import Client, Refused
from pointsman.demo.picture import Picture

PER_AGENT = 0.16
"""Arrivals a second for each agent, on average."""
RATE_MOST = 25.0
WAVE, WAVE_SECONDS = 0.5, 90
"""Arrivals swing around the average by this part of it, in this time."""
FIRST = 5
WAITING_PER_AGENT, WAITING_MOST = 3, 200
"""Nobody comes while so many wait."""
IMPATIENT = 0.15
PATIENCE = (5.0, 20.0)
TASK_SECONDS = 180

# fmt: off
NAMES = (
    "Abel", "Bea", "Cleo", "Dov", "Elif", "Finn", "Gia", "Hana", "Igor", "Jana", "Kim", "Leo", "Mia",
    "Noa", "Omar", "Pia", "Quim", "Rosa", "Sami", "Tess", "Uma", "Vera", "Wim", "Yara", "Zoe",
)
# fmt: on
TYPES, TYPE_WEIGHTS = ("support", "billing", "sales", "feedback"), (50, 22, 22, 6)


class Customers:
    """A stream of tasks."""

    def __init__(
        self, client: Client, centre: Centre, picture: Picture, random: Random, tasks: asyncio.TaskGroup
    ) -> None:
        self._client = client
        self._workflow_sid = centre.workflow_sid
        self._rate = min(RATE_MOST, PER_AGENT * len(centre.workers))
        self._waiting_most = min(WAITING_MOST, FIRST + WAITING_PER_AGENT * len(centre.workers))
        self._picture = picture
        self._random = random
        self._tasks = tasks
        self._count = 0

    async def arrive(self) -> None:
        """Come for ever: a few at once, then a Poisson stream that swings slowly."""
        for _ in range(FIRST):
            self._come()
        clock = asyncio.get_running_loop().time
        begin = clock()
        while True:
            swing = 1 + WAVE * math.sin(2 * math.pi * (clock() - begin) / WAVE_SECONDS)
            await asyncio.sleep(self._random.expovariate(self._rate * swing))
            total = self._picture.total
            if total.waiting + total.reserved < self._waiting_most:
                self._come()

    def _come(self) -> None:
        random = self._random
        attributes = {
            "customer": self._name(),
            "type": random.choices(TYPES, TYPE_WEIGHTS)[0],
            "language": random.choices(("en", "es"), (70, 30))[0],
            "value": round(random.lognormvariate(5.5, 1.2)),
        }
        channel = random.choices(("voice", "chat"), (55, 45))[0]
        patience = random.uniform(*PATIENCE) if random.random() < IMPATIENT else None
        self._count += 1
        self._tasks.create_task(self._visit(json.dumps(attributes), channel, patience))

    def _name(self) -> str:
        turn, place = divmod(self._count, len(NAMES))
        return f"{NAMES[place]} {turn + 1}" if turn else NAMES[place]

    async def _visit(self, attributes: str, channel: str, patience: float | None) -> None:
        form = {"WorkflowSid": self._workflow_sid, "Attributes": attributes, "TaskChannel": channel}
        try:
            task = await self._client.post("/Tasks", **form, Timeout=TASK_SECONDS)
            if patience is not None:
                await asyncio.sleep(patience)
                await self._client.post(f"/Tasks/{task['sid']}", AssignmentStatus="canceled", Reason="lost patience")
        except Refused:
            pass  # somebody took care in time
