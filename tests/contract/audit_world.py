"""A random contact centre for the audit of statistics: it plays on the server's own loop, past the door."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable
from typing import Any

from pointsman.domain.entry import Origin
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import (
    reservations,
    task_queues,
    tasks,
    transfers,
    worker_channels,
    workers,
    workflows,
    workspaces,
)
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.runtime.node import Node

from .rest_live import ACCOUNT

WORKSPACE = "WS" + "5" * 32
ORIGIN = Origin(ACCOUNT, "api")
TEAMS = ("a", "b", "c")
CHANNELS = ("default", "voice", "chat")
PAUSES = (0.25, 1, 3.5, 8, 20, 45, 60, 61, 119.75)


NIGHTS = 15
"""Long pauses, however many lives are planned: so that there are whole days between them."""


class World:
    """`lives` counts the tasks. All that happens is a whole number of milliseconds apart."""

    def __init__(self, node: Node, seed: int, planned: int, lives_a_tick: int = 8) -> None:
        self.node = node
        self.planned = planned
        self.random = random.Random(seed)
        self.lives = 0
        self.lives_a_tick = lives_a_tick
        self.hired = 0

    async def tell(self, command: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        """A command; what the engine refuses is left undone."""
        try:
            return await self.node.tell(WORKSPACE, ORIGIN, lambda ws: command(ws, *args, **kw))
        except Refusal:
            return None

    async def found(self) -> None:
        """Three teams with a queue each, and two workflows that lead through them."""
        fields = {"sid": WORKSPACE, "account_sid": ACCOUNT, "friendly_name": "Audited"}
        await self.node.create(WORKSPACE, ORIGIN, lambda ws: workspaces.create(ws, **fields))
        await self.node.advance(0.5)
        queues = [
            await self.tell(
                task_queues.create,
                friendly_name=f"Queue {team}",
                target_workers=f"team == '{team}'",
                max_reserved_workers=1 + (team == "b"),
                task_order="LIFO" if team == "c" else "FIFO",
            )
            for team in TEAMS
        ]
        for number in range(2):
            places = [{"queue": queues[(number + step) % 3].sid, "timeout": 20 + 15 * step} for step in range(2)]
            places[0]["priority"] = 1
            routing: dict[str, Any] = {"filters": [{"expression": "vip == true", "targets": places}]}
            if number:
                routing["default_filter"] = {"queue": queues[2].sid}
            await self.tell(
                workflows.create,
                friendly_name=f"Workflow {number}",
                configuration=json.dumps({"task_routing": routing}),
                task_reservation_timeout=15,
            )
        for _ in range(24):
            await self.hire()

    async def hire(self) -> None:
        self.hired += 1
        attributes = json.dumps({"team": self.random.choice(TEAMS)})
        worker = await self.tell(workers.create, friendly_name=f"Worker {self.hired}", attributes=attributes)
        for channel in CHANNELS:
            await self.tell(worker_channels.update, worker.sid, channel, capacity=self.random.randint(1, 3))
        await self.go(worker.sid)

    async def go(self, worker: str) -> None:
        """To some activity, most often an available one."""
        activities = await self.node.ask(WORKSPACE, lambda ws: [row.sid for row in ws.tables.activities])
        chosen = self.random.choice([*activities, activities[2], activities[2]])
        await self.tell(
            workers.update, worker, activity_sid=chosen, reject_pending_reservations=self.random.random() < 0.5
        )

    async def play(self, lives: int) -> None:
        """Go on until there were so many tasks."""
        while self.lives < lives:
            await self.tick()

    async def tick(self) -> None:
        chance = self.random.random
        work = [self.create() for _ in range(self.random.randint(0, 2 * self.lives_a_tick))]
        for command, *args in await self.node.ask(WORKSPACE, self.moves):
            work.append(self.tell(command, *args[:-1], **args[-1]))
        staff = await self.node.ask(WORKSPACE, lambda ws: list(ws.tables.workers.by_sid))
        work += [self.go(worker) for worker in staff if chance() < 0.06]
        if chance() < 0.05:
            work.append(self.hire())
        if chance() < 0.05 and len(staff) > 12:
            work.append(self.tell(workers.delete, self.random.choice(staff)))
        await asyncio.gather(*work)
        is_night = chance() < NIGHTS * self.lives_a_tick / self.planned
        await self.node.advance(self.random.randint(3_600, 40_000) if is_night else self.random.choice(PAUSES))

    async def create(self) -> None:
        self.lives += 1
        flows = await self.node.ask(WORKSPACE, lambda ws: [row.sid for row in ws.tables.workflows])
        await self.tell(
            tasks.create,
            attributes=json.dumps({"vip": self.random.random() < 0.9}),
            workflow_sid=self.random.choice(flows),
            task_channel=self.random.choice(CHANNELS),
            priority=self.random.choice([None, None, 5]),
            timeout=self.random.choice([25, 600, 86_400]),
        )

    def moves(self, ws: WorkspaceEngine) -> list[tuple[Any, ...]]:
        """What agents and customers do with what is open now."""
        chance, found = self.random.random, []
        for row in ws.tables.reservations:
            target = {"pending": ("accepted", "rejected"), "accepted": ("completed", "wrapping")}.get(row.status)
            target = ("completed", "completed") if row.status == "wrapping" else target
            if row.status == "accepted" and chance() < 0.08:
                to = self.random.choice([*ws.tables.task_queues, *ws.tables.workers]).sid
                which = {"reservation_sid": row.sid, "task_sid": row.task_sid, "to": to}
                found.append((transfers.initiate, row.worker_sid, which))
            elif target is not None and chance() < 0.6:
                found.append((reservations.update, row.sid, {"reservation_status": target[chance() < 0.25]}))
        for task in ws.tables.tasks:
            if task.finished_at is None and chance() < 0.03:
                found.append((tasks.update, task.sid, {"assignment_status": "canceled", "reason": "left"}))
            elif task.finished_at is None and chance() < 0.02:
                found.append((tasks.delete, task.sid, {}))
            elif task.status == "pending" and chance() < 0.02:
                found.append((tasks.update, task.sid, {"priority": 7}))
        return found
