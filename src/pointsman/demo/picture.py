"""What there is to see: queues, agents, and what just happened."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pointsman.demo.centre import QUEUES, Centre
from pointsman.demo.news import News

FEED_LENGTH = 60
WAITING = ("pending", "reserved")
SERVED = ("assigned", "wrapping")


@dataclass
class QueueView:
    """How many tasks are in which state, and for how many seconds the first has been waiting."""

    waiting: int = 0
    reserved: int = 0
    assigned: int = 0
    longest_wait: int = 0

    def count(self, status: str, age: int) -> None:
        self.waiting += status == "pending"
        self.reserved += status == "reserved"
        self.assigned += status in SERVED
        if status in WAITING:
            self.longest_wait = max(self.longest_wait, age)


@dataclass
class AgentView:
    """An agent's activity, and what goes on by reservation."""

    name: str
    activity: str = "Available"
    doing: dict[str, str] = field(default_factory=dict)


class Picture:
    """Drawn from the tasks that are open and from the news; nothing here decides anything."""

    def __init__(self, centre: Centre) -> None:
        self.queues = {name: QueueView() for name in QUEUES}
        self.total = QueueView()
        self.agents = {sid: AgentView(persona.name) for sid, persona in centre.workers.items()}
        self.feed: deque[tuple[str, str]] = deque(maxlen=FEED_LENGTH)
        """Time and text, newest first."""
        self.done = 0
        self.canceled = 0

    def count(self, tasks: list[dict[str, Any]]) -> None:
        """Count the open tasks anew."""
        self.queues = {name: QueueView() for name in QUEUES}
        self.total = QueueView()
        for task in tasks:
            status, age = task["assignment_status"], task["age"]
            self.total.count(status, age)
            self.queues.setdefault(task["task_queue_friendly_name"] or "no queue", QueueView()).count(status, age)

    def add(self, news: News) -> None:
        """Take in one event."""
        self.done += news.type == "task.completed"
        self.canceled += news.type == "task.canceled"
        agent = self.agents.get(news.data.get("worker_sid", ""))
        if agent is not None:
            _follow(agent, news)
        if tell := TOLD.get(news.type):
            self.feed.appendleft((news.time, tell(news)))


DOING = {"reservation.created": "rings", "reservation.accepted": "serves", "reservation.wrapup": "wraps up"}


def _follow(agent: AgentView, news: News) -> None:
    if news.type == "worker.activity.update":
        agent.activity = news.data["worker_activity_name"]
    elif news.type in DOING:
        agent.doing[news.data["reservation_sid"]] = f"{DOING[news.type]} {news.customer}"
    elif news.type.startswith("reservation."):
        agent.doing.pop(news.data["reservation_sid"], None)


def _moved(news: News) -> str:
    queue = news.data.get("task_queue_name", "?")
    before = news.data.get("previous_task_queue_name")
    if before is not None:
        return f"{news.customer} moves from {before} to {queue}"
    return f"{news.customer} enters {queue} by {news.data.get('task_channel_unique_name', '?')}"


TOLD: dict[str, Callable[[News], str]] = {
    "task-queue.entered": _moved,
    "task.canceled": lambda news: f"{news.customer} is gone: {news.data.get('task_canceled_reason', 'canceled')}",
    "task.completed": lambda news: f"{news.customer} is served",
    "reservation.created": lambda news: f"{news.customer} is offered to {news.data['worker_name']}",
    "reservation.accepted": lambda news: f"{news.data['worker_name']} takes {news.customer}",
    "reservation.rejected": lambda news: f"{news.data['worker_name']} rejects {news.customer}",
    "reservation.timeout": lambda news: f"{news.data['worker_name']} does not answer {news.customer}",
    "worker.activity.update": lambda news: f"{news.data['worker_name']} is now {news.data['worker_activity_name']}",
}
