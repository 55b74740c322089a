"""A workspace with two workers, their tokens, their sockets, and the remote calls that their SDKs make."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from pointsman.auth.minting import access_token, capability_token

from ..rest_live import ACCOUNT, TOKEN, Answer, Live
from ..rest_live import SETTINGS as PLAIN
from ..served import Floor

KEY, SECRET = "SK" + "5a" * 16, "a-secret-of-the-tests-that-is-long-enough"
SETTINGS = replace(PLAIN, api_key_sid=KEY, api_key_secret=SECRET)
HEARTBEAT = " "
PATIENCE = 10.0
"""Seconds until a test gives up; nothing is concluded from how long something took."""

Frame = dict[str, Any]


class Socket:
    """A client's end of a WebSocket."""

    def __init__(self, connection: ClientConnection) -> None:
        self.connection = connection
        self.seen: list[Frame] = []

    def next(self) -> Frame:
        """The next frame that is no heartbeat."""
        while (text := self.connection.recv(PATIENCE)) == HEARTBEAT:
            pass
        frame: Frame = json.loads(text)
        self.seen.append(frame)
        return frame

    def until(self, event_type: str) -> Frame:
        """The payload of the next frame of a type; the frames before it are in `seen`."""
        while (frame := self.next())["event_type"] != event_type:
            pass
        payload: Frame = frame["payload"]
        return payload

    def types_until(self, event_type: str) -> list[str]:
        """The types of the frames up to the next one of a type."""
        before = len(self.seen)
        self.until(event_type)
        return [frame["event_type"] for frame in self.seen[before:]]

    def closed(self) -> tuple[int, str]:
        """Read to the end: code and reason of the close frame."""
        try:
            while True:
                self.connection.recv(PATIENCE)
        except ConnectionClosed as error:
            assert error.rcvd is not None
            return error.rcvd.code, error.rcvd.reason


class Centre:
    def __init__(self, live: Live) -> None:
        self.live = live
        self.floor = Floor(live)
        self.sid = self.floor.sid
        self.alice = self.floor.worker("Alice")
        self.bob = self.floor.worker("Bob")
        self.queue = self.floor.queue("All")
        self.flow = self.floor.workflow(default=self.queue)
        self.sockets: list[Socket] = []

    @property
    def now(self) -> float:
        return self.live.application.node.clock.now() / 1_000_000

    # -- tokens

    def token(
        self, worker: str = "", role: str = "worker", ttl: int = 3600, key: tuple[str, str] = (KEY, SECRET)
    ) -> str:
        return access_token(
            account_sid=ACCOUNT,
            key_sid=key[0],
            key_secret=key[1],
            workspace_sid=self.sid,
            worker_sid=worker,
            role=role,
            ttl=ttl,
            now=self.now,
        )

    def old_token(self, **options: Any) -> str:
        """A capability token for the SDK's version 1."""
        return capability_token(account_sid=ACCOUNT, auth_token=TOKEN, workspace_sid=self.sid, now=self.now, **options)

    # -- sockets

    def open(self, path: str, source: str = "127.0.0.1", **query: Any) -> Socket:
        """`source`: the client's own address."""
        url = self.live.url.replace("http", "ws") + path + "?" + urlencode(query)
        options: dict[str, Any] = {"open_timeout": PATIENCE, "close_timeout": 0.2, "compression": None}
        socket = Socket(connect(url, source_address=(source, 0), **options).__enter__())
        self.sockets.append(socket)
        return socket

    def connect(self, worker: str, token: str | None = None, reads: bool = True, **query: Any) -> Socket:
        """A socket as the SDK's version 2 opens it, its init frame read; `reads` its reservations as the SDK does."""
        token = token or self.token(worker)
        query = {
            "token": token,
            "closeExistingSessions": "false",
            "clientVersion": "2.1.1",
        } | query
        socket = self.open("/v1/wschannels", **query)
        assert socket.next()["event_type"] == "init"
        if reads:
            self.payload(token, "GET", f"Workers/{worker}/Reservations", {"Active": "true"})
        return socket

    def listen(self, sid: str, token: str, **query: Any) -> Socket:
        """A socket as the SDK's version 1 opens it."""
        return self.open(f"/v1/wschannels/{ACCOUNT}/{sid}", token=token, **query)

    def refused(self, path: str = "/v1/wschannels", **query: Any) -> tuple[int, dict[str, Any]]:
        """Status and body of the answer to a handshake that must fail."""
        try:
            self.open(path, **query)
        except InvalidStatus as error:
            assert error.response.body is not None
            return error.response.status_code, json.loads(error.response.body)
        raise AssertionError("the handshake was accepted")

    def leave(self) -> None:
        for socket in self.sockets:
            socket.connection.close()

    # -- remote calls

    def post(self, body: Any, path: str = "/v1/wschannels", headers: dict[str, str] | None = None) -> Answer:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        # The SDK's version 2 sends JSON with the type of a form.
        kind = {"Content-Type": "application/x-www-form-urlencoded", "apiVersion": "v1", "clientVersion": "2.1.1"}
        return self.live.call("POST", path, raw, kind | (headers or {}), login=None)

    def call(
        self, token: str, method: str, below: str, params: dict[str, Any] | None = None, version: int | None = None
    ) -> Answer:
        """A remote call of the SDK's version 2; `below` is the path below the workspace."""
        body = {"url": f"Workspaces/{self.sid}/{below}", "method": method, "params": params or {}, "token": token}
        return self.post(body, headers={"If-Match": str(version)} if version is not None else None)

    def payload(self, token: str, method: str, below: str, params: dict[str, Any] | None = None) -> Any:
        answer = self.call(token, method, below, params)
        assert answer.status == 200, answer.raw
        assert set(answer.body) == {"payload"}
        return answer.body["payload"]

    def move(self, worker: str, activity: str) -> None:
        self.floor.move(worker, activity)

    def offer(self, worker: str) -> tuple[str, str]:
        """A task that is offered to the worker, who is made available: sids of task and reservation."""
        self.move(worker, "Available")
        made = self.floor.api.tasks.create(
            workflow_sid=self.flow, attributes='{"n":1}', routing_target=worker, task_channel="default"
        )
        (reservation,) = self.floor.api.tasks(made.sid).reservations.list()
        return made.sid, reservation.sid
