"""The client side of the crash test: agents that work as fast as they can, and remember every answer they got."""

from __future__ import annotations

import http.client
import json
import random
import threading
from base64 import b64encode
from collections.abc import Sequence
from contextlib import closing
from typing import Any
from urllib.parse import urlencode, urlsplit

Answer = tuple[int, Any]


class ServerGone(Exception):
    """The connection broke before the answer was complete: whether the request was carried out is open."""


class Line:
    """One keep-alive connection to the server."""

    def __init__(self, url: str, login: tuple[str, str]) -> None:
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)
        self._headers = {"Authorization": "Basic " + b64encode(":".join(login).encode()).decode()}

    def ask(self, method: str, path: str, fields: dict[str, Any] | None = None) -> None:
        """Send a request; its answer is not waited for."""
        headers = self._headers | ({"Content-Type": "application/x-www-form-urlencoded"} if fields else {})
        try:
            self._connection.request(method, path, urlencode(fields) if fields else None, headers)
        except (OSError, http.client.HTTPException) as error:
            raise ServerGone from error

    def answer(self) -> Answer:
        """Status and body of what was asked last."""
        try:
            response = self._connection.getresponse()
            return response.status, json.loads(response.read())
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise ServerGone from error

    def get(self, path: str) -> Answer:
        self.ask("GET", path)
        return self.answer()

    def post(self, path: str, **fields: Any) -> Answer:
        self.ask("POST", path, fields)
        return self.answer()

    def close(self) -> None:
        self._connection.close()


class Promises:
    """What the server has answered with success, and answers that should not have been given."""

    def __init__(self) -> None:
        self.created: list[str] = []
        """Tasks."""
        self.accepted: list[str] = []
        """Reservations."""
        self.completed: list[str] = []
        """Tasks."""
        self.wrong: list[Any] = []
        self.raced = 0
        """How often two accepted the same reservation at once."""


class Agent:
    """A worker and a customer in one: creates tasks, takes what is reserved for it, completes what it took."""

    def __init__(self, url: str, login: tuple[str, str], workspace: str, worker: str, seed: int) -> None:
        self._lines = [Line(url, login), Line(url, login)]
        self._workspace = f"/v1/Workspaces/{workspace}"
        self._reservations = f"{self._workspace}/Workers/{worker}/Reservations"
        self._random = random.Random(seed)
        self.promises = Promises()

    def work_until_the_server_is_gone(self) -> None:
        """The body of a thread."""
        with closing(self._lines[0]), closing(self._lines[1]):
            try:
                while True:
                    self._create()
                    for reservation in self._own("pending"):
                        self._accept(reservation["sid"])
                    for reservation in self._own("accepted"):
                        self._complete(reservation["task_sid"])
            except ServerGone:
                pass

    def _create(self) -> None:
        channel = self._random.choice(["default", "chat"])
        status, body = self._lines[0].post(f"{self._workspace}/Tasks", Attributes="{}", TaskChannel=channel)
        if self._expect(status, (201,), body):
            self.promises.created.append(body["sid"])

    def _own(self, status: str) -> list[Any]:
        code, body = self._lines[0].get(f"{self._reservations}?ReservationStatus={status}&PageSize=20")
        return body["reservations"] if self._expect(code, (200,), body) else []

    def _accept(self, sid: str) -> None:
        """Now and then twice at once; only one may succeed."""
        lines = self._lines[: self._random.choice([1, 1, 2])]
        for line in lines:
            line.ask("POST", f"{self._reservations}/{sid}", {"ReservationStatus": "accepted"})
        successes = 0
        try:
            for line in lines:
                status, body = line.answer()
                self._expect(status, (200, 400, 410), body)
                successes += status == 200
        finally:
            self.promises.accepted += [sid] * successes
        self.promises.raced += len(lines) == 2
        if successes > 1:
            self.promises.wrong.append(f"{sid} was accepted twice")

    def _complete(self, task: str) -> None:
        status, body = self._lines[0].post(f"{self._workspace}/Tasks/{task}", AssignmentStatus="completed")
        if self._expect(status, (200,), body):
            self.promises.completed.append(task)

    def _expect(self, status: int, allowed: Sequence[int], body: Any) -> bool:
        if status not in allowed:
            self.promises.wrong.append((status, body))
        return status == allowed[0]


def start(agents: list[Agent]) -> list[threading.Thread]:
    """All agents at work, a thread for each."""
    threads = [threading.Thread(target=agent.work_until_the_server_is_gone, daemon=True) for agent in agents]
    for thread in threads:
        thread.start()
    return threads
