"""The simulated agents: each answers its reservations in its own way."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from random import Random

from pointsman.demo.centre import Centre
from pointsman.demo.client import Client, Refused
from pointsman.demo.news import News

Seconds = tuple[float, float]
"""From and to; drawn between."""

AWAY: Seconds = (3, 8)
BREAK: Seconds = (5, 15)
WRAP_UP: Seconds = (1, 3)


@dataclass(frozen=True)
class Temper:
    """How an agent works. Chances are from 0 to 1."""

    answers: Seconds = (0.5, 2)
    works: Seconds = (3, 8)
    rejects: float = 0.02
    ignores: float = 0.01
    takes_break: float = 0.05


STEADY = Temper()
TEMPERS = (
    STEADY,
    replace(STEADY, answers=(0.5, 1), works=(2, 5)),  # brisk
    replace(STEADY, rejects=0.15),  # choosy
    replace(STEADY, answers=(1.5, 3), works=(5, 10), ignores=0.08),  # dreamy
    replace(STEADY, takes_break=0.2),  # thirsty
)


class Agent:
    """One agent; each reservation is followed by itself, so several may go on at once."""

    def __init__(self, sid: str, client: Client, activities: dict[str, str], random: Random) -> None:
        self._client = client
        self._path = f"/Workers/{sid}"
        self._activities = activities
        self._random = random
        self._temper = random.choice(TEMPERS)
        self._open = 0

    async def follow(self, reservation_sid: str) -> None:
        """Answer a reservation, and see it through if it was accepted."""
        temper, chance = self._temper, self._random.random()
        if chance < temper.ignores:
            return
        rejects = chance < temper.ignores + temper.rejects
        self._open += 1
        try:
            await self._pause(temper.answers)
            await self._answer(reservation_sid, "rejected" if rejects else "accepted")
            if not rejects:
                await self._serve(reservation_sid)
        except Refused:
            pass  # the customer has gone, or the reservation timed out: nothing is left to do
        finally:
            self._open -= 1
        if not self._open and self._random.random() < temper.takes_break:
            await self._take_break()

    async def come_back(self) -> None:
        """Return from where a timeout has put the agent."""
        await self._pause(AWAY)
        await self._go("Available")

    async def _serve(self, reservation_sid: str) -> None:
        await self._pause(self._temper.works)
        await self._answer(reservation_sid, "wrapping")
        await self._pause(WRAP_UP)
        await self._answer(reservation_sid, "completed")

    async def _take_break(self) -> None:
        await self._go("Break", RejectPendingReservations="true")
        await self._pause(BREAK)
        await self._go("Available")

    async def _answer(self, reservation_sid: str, status: str) -> None:
        await self._client.post(f"{self._path}/Reservations/{reservation_sid}", ReservationStatus=status)

    async def _go(self, activity: str, **form: str) -> None:
        try:
            await self._client.post(self._path, ActivitySid=self._activities[activity], **form)
        except Refused:
            pass  # somebody at a second terminal has deleted this worker

    async def _pause(self, time: Seconds) -> None:
        await asyncio.sleep(self._random.uniform(*time))


class Staff:
    """All agents: tells each one what concerns it."""

    def __init__(self, client: Client, centre: Centre, seed: int, tasks: asyncio.TaskGroup) -> None:
        self._agents = {
            sid: Agent(sid, client, centre.activities, Random(f"{seed} {persona.name}"))
            for sid, persona in centre.workers.items()
        }
        self._tasks = tasks

    def hear(self, news: News) -> None:
        """React to one event, as an agent's desktop does."""
        agent = self._agents.get(news.data.get("worker_sid", ""))
        if agent is None:
            return
        if news.type == "reservation.created":
            self._tasks.create_task(agent.follow(news.data["reservation_sid"]))
        elif news.type == "worker.activity.update" and news.data["worker_activity_name"] == "Away":
            self._tasks.create_task(agent.come_back())
