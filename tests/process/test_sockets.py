"""Sockets of a server that stops and starts again: they are told, and nothing is lost to who comes back."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest
from twilio.rest import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from pointsman.auth.minting import access_token

from .server import LOGIN, Server

pytestmark = pytest.mark.process
KEY, SECRET = "SK" + "e5" * 16, "a-secret-of-the-tests-that-is-long-enough"


class Agent:
    """A worker with a socket to whatever server there is."""

    def __init__(self, server: Server) -> None:
        client = Client(*LOGIN)
        client.taskrouter.base_url = server.url
        workspaces = client.taskrouter.v1.workspaces
        self.workspace = workspaces.create(friendly_name="Floor", template="FIFO").sid
        api = workspaces(self.workspace)
        available = {each.friendly_name: each.sid for each in api.activities.list()}["Available"]
        self.worker = api.workers.create(friendly_name="Alice", activity_sid=available).sid
        self.flow = api.workflows.list()[0].sid
        self.token = access_token(
            account_sid=LOGIN[0],
            key_sid=KEY,
            key_secret=SECRET,
            workspace_sid=self.workspace,
            worker_sid=self.worker,
        )

    def connect(self, server: Server, **query: str) -> ClientConnection:
        url = server.url.replace("http", "ws") + f"/v1/wschannels?token={self.token}&closeExistingSessions=true"
        socket = connect(url + "".join(f"&{name}={value}" for name, value in query.items())).__enter__()
        assert self.next(socket)["event_type"] == "init"
        return socket

    def next(self, socket: ClientConnection) -> Any:
        while (text := socket.recv(30)) == " ":
            pass
        return json.loads(text)

    def api(self, server: Server) -> Any:
        client = Client(*LOGIN)
        client.taskrouter.base_url = server.url
        return client.taskrouter.v1.workspaces(self.workspace)


def test_sockets_are_told_to_go_and_find_everything_when_they_come_back(tmp_path: Path) -> None:
    data = tmp_path / "journal.db"
    keys = {"api_key_sid": KEY, "api_key_secret": SECRET}
    server = Server(data, **keys)
    agent = Agent(server)
    socket = agent.connect(server, setWorkerOfflineIfDisconnected="true")
    agent.api(server).tasks.create(workflow_sid=agent.flow)
    offered = agent.next(socket)
    assert offered["event_type"] == "reservation.created"
    server.process.send_signal(signal.SIGTERM)
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            socket.recv(30)
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 1001
    assert server.ended() == 0

    server = Server(data, **keys)
    socket = agent.connect(server)
    api = agent.api(server)
    assert api.workers(agent.worker).fetch().activity_name == "Available"
    (reservation,) = api.workers(agent.worker).reservations.list(reservation_status="pending")
    assert reservation.sid == offered["payload"]["sid"]
    api.workers(agent.worker).reservations(reservation.sid).update(reservation_status="accepted")
    assert agent.next(socket)["event_type"] == "reservation.accepted"
    assert server.end(signal.SIGTERM) == 0
