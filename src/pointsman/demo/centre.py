"""The demo's contact centre: what it consists of, and how it is set up over REST."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from pointsman.demo.client import Client

WORKSPACE = "Demo contact centre"
ACTIVITIES = {"Break": False, "Away": False}
"""Besides the ones that every workspace begins with. Away is where a reservation's timeout leads."""
RESERVATION_SECONDS = 8
QUEUE_SECONDS = 12
ESCALATED = 10

QUEUES = {
    "Support EN": 'skills HAS "support" AND languages HAS "en"',
    "Support ES": 'skills HAS "support" AND languages HAS "es"',
    "Billing": 'skills HAS "billing"',
    "Sales": 'skills HAS "sales"',
    "Escalations": "level >= 2",
}


@dataclass(frozen=True)
class Persona:
    """Who an agent is: a name, and the attributes that routing looks at."""

    name: str
    skills: str
    languages: str
    level: int
    chats: int = 2

    def attributes(self) -> str:
        return json.dumps({"skills": self.skills.split(), "languages": self.languages.split(), "level": self.level})


# The first one can do everything: a centre of one agent works too.
PERSONAS = (
    Persona("Ana", "support billing sales", "en es", 3),
    Persona("Bo", "support", "en", 1, chats=3),
    Persona("Chloe", "support billing", "en", 2),
    Persona("Diego", "support sales", "es en", 2),
    Persona("Emma", "billing", "en", 3, chats=1),
    Persona("Farid", "sales", "en", 2),
    Persona("Grace", "support", "en", 3, chats=3),
    Persona("Hugo", "support billing", "es", 1),
    Persona("Ines", "sales billing", "es en", 2),
    Persona("Jun", "support", "en", 1),
    Persona("Kofi", "sales support", "en", 2, chats=3),
    Persona("Lucia", "support billing", "es en", 2),
)


def personas(count: int) -> list[Persona]:
    """As many as are wanted; from the second round on, the names have numbers."""
    made = []
    for index in range(count):
        turn, place = divmod(index, len(PERSONAS))
        one = PERSONAS[place]
        name = f"{one.name} {turn + 1}" if turn else one.name
        made.append(Persona(name, one.skills, one.languages, one.level, one.chats))
    return made


@dataclass(frozen=True)
class Centre:
    """A centre that has been set up."""

    workspace_sid: str
    workflow_sid: str
    activities: dict[str, str]
    """Sids by name."""
    workers: dict[str, Persona]
    """By sid."""


async def set_up(client: Client, agents: int) -> Centre:
    """Create the centre; from then on the client speaks to its workspace."""
    workspace = await client.post("", FriendlyName=WORKSPACE)
    client.root += f"/{workspace['sid']}"
    activities = await _activities(client)
    await client.post("", TimeoutActivitySid=activities["Away"])
    staff = personas(agents)
    sids = await asyncio.gather(*(_worker(client, persona, activities["Available"]) for persona in staff))
    workflow = await client.post(
        "/Workflows",
        FriendlyName="Every customer",
        Configuration=json.dumps(_routing(await _queues(client))),
        TaskReservationTimeout=RESERVATION_SECONDS,
    )
    return Centre(workspace["sid"], workflow["sid"], activities, dict(zip(sids, staff, strict=True)))


async def _activities(client: Client) -> dict[str, str]:
    for name, available in ACTIVITIES.items():
        await client.post("/Activities", FriendlyName=name, Available=str(available).lower())
    page = await client.page("/Activities")
    return {activity["friendly_name"]: activity["sid"] for activity in page["activities"]}


async def _worker(client: Client, persona: Persona, activity_sid: str) -> str:
    worker = await client.post(
        "/Workers", FriendlyName=persona.name, Attributes=persona.attributes(), ActivitySid=activity_sid
    )
    sid = str(worker["sid"])
    await client.post(f"/Workers/{sid}/Channels/voice", Capacity=1)
    await client.post(f"/Workers/{sid}/Channels/chat", Capacity=persona.chats)
    return sid


async def _queues(client: Client) -> dict[str, str]:
    made = {}
    for name, target_workers in QUEUES.items():
        queue = await client.post("/TaskQueues", FriendlyName=name, TargetWorkers=target_workers)
        made[name] = queue["sid"]
    return made


def _routing(queues: dict[str, str]) -> dict[str, object]:
    """The workflow: by type and language to the best at it, after a while to Escalations; the rest to Support EN."""

    def filter(name: str, expression: str, queue: str, priority: int = 0) -> dict[str, object]:
        first = {
            "queue": queues[queue],
            "expression": "task.language IN worker.languages",
            "order_by": "worker.level DESC",
            "priority": priority,
            "timeout": QUEUE_SECONDS,
            "skip_if": "workers.available == 0",
        }
        last = {"queue": queues["Escalations"], "priority": ESCALATED}
        return {"filter_friendly_name": name, "expression": expression, "targets": [first, last]}

    filters = [
        filter("Support in Spanish", 'type == "support" AND language == "es"', "Support ES"),
        filter("Support", 'type == "support"', "Support EN"),
        filter("Billing", 'type == "billing"', "Billing"),
        filter("Large sales", 'type == "sales" AND value >= 1000', "Sales", priority=5),
        filter("Sales", 'type == "sales"', "Sales"),
    ]
    return {"task_routing": {"filters": filters, "default_filter": {"queue": queues["Support EN"]}}}
