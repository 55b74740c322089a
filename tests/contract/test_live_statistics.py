"""The stream of live statistics: a snapshot, then what changed, over a real connection."""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import socket
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest

from pointsman.operations import live_statistics
from pointsman.rest import live_statistics as rest

from .rest_live import ACCOUNT, TOKEN, Live, live_server
from .served import Floor


class Viewer:
    """Reads the events of one subscription."""

    def __init__(self, live: Live, workspace: str) -> None:
        address = urlsplit(live.url)
        self.socket = socket.create_connection((address.hostname, address.port), 20)
        login = b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        path = f"/pointsman/v1/Workspaces/{workspace}/Statistics/Stream"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {login}\r\n\r\n".encode())
        self.file = self.socket.makefile("rb")
        self.status = int(self.file.readline().split()[1])
        self.headers = dict(line.decode().rstrip().split(": ", 1) for line in iter(self.file.readline, b"\r\n"))
        self.text = b""
        self.seen: dict[str, Any] = {}

    def pieces(self) -> Iterator[bytes]:
        """The chunks of the answer."""
        while size := int(self.file.readline() or b"0", 16):
            yield self.file.read(size + 2)[:-2]

    def event(self) -> tuple[str, dict[str, Any]]:
        """The next event; comments are passed over."""
        while True:
            while b"\n\n" not in self.text:
                piece = next(self.pieces(), None)
                assert piece is not None, "the stream has ended"
                self.text += piece
            block, _, self.text = self.text.partition(b"\n\n")
            lines = dict(line.split(": ", 1) for line in block.decode().split("\n"))
            if "event" in lines:
                body = json.loads(lines["data"])
                assert lines["id"] == str(body["version"])
                return lines["event"], body

    def follow(self) -> None:
        """Take in the next event."""
        _, body = self.event()
        for kind in ("task_queues", "workers"):
            known = self.seen.setdefault(kind, {})
            known |= body.get(kind, {})
            self.seen[kind] = {sid: view for sid, view in known.items() if view is not None}
        self.seen |= {key: value for key, value in body.items() if key not in ("task_queues", "workers")}

    def close(self) -> None:
        self.file.close()
        self.socket.close()


@contextmanager
def viewer(floor: Floor) -> Iterator[Viewer]:
    found = Viewer(floor.live, floor.sid)
    try:
        yield found
    finally:
        found.close()


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_statistics, "PAUSE_SECONDS", 0.0)


def test_a_snapshot_and_then_changes(floor: Floor) -> None:
    ann, queue = floor.worker("Ann"), floor.queue("Queue")
    other = floor.queue("Other", "team == 'none'")
    workflow = floor.workflow(default=queue)
    with viewer(floor) as view:
        assert view.status == 200 and view.headers["content-type"].startswith("text/event-stream")
        name, body = view.event()
        assert name == "snapshot" and body["version"] == 1 and body["workspace_sid"] == floor.sid
        assert body["workspace"]["total_tasks"] == 0 and body["task_queues"].keys() == {queue, other}
        assert body["workers"][ann]["activity_name"] == "Offline"
        task = floor.task(workflow)
        name, body = view.event()
        while not body.get("task_queues"):
            name, body = view.event()
        assert name == "change" and body["task_queues"].keys() == {queue}
        assert body["task_queues"][queue]["longest_task_waiting_sid"] == task.fetch().sid
        assert body["task_queues"][queue]["longest_task_waiting_since"].endswith("Z")


def test_whoever_follows_ends_up_with_what_is(floor: Floor) -> None:
    queues = [floor.queue("One"), floor.queue("Two", "team == 'none'")]
    workflow = floor.workflow(default=queues[0])
    with viewer(floor) as early:
        early.follow()
        workers = [floor.worker(name, "Available") for name in ("Ann", "Bob")]
        for _ in range(3):
            floor.task(workflow)
        floor.live.call("DELETE", f"{floor.path}/TaskQueues/{queues[1]}")
        floor.advance(130)
        with viewer(floor) as late:
            late.follow()
            while early.seen["version"] < late.seen["version"]:
                early.follow()
            assert early.seen == late.seen
    assert late.seen["workspace"]["tasks_by_status"]["pending"] == 3
    assert late.seen["task_queues"].keys() == {queues[0]} and late.seen["workers"].keys() == set(workers)


def test_what_is_gone_is_not_kept_for_ever(floor: Floor) -> None:
    with viewer(floor) as view:
        view.follow()
        picture = floor.live.application.house.live_statistics._pictures[floor.sid]
        for number in range(5):
            worker = floor.worker(f"Temp {number}")
            while worker not in view.seen["workers"]:
                view.follow()
            floor.live.call("DELETE", f"{floor.path}/Workers/{worker}")
            while worker in view.seen["workers"]:
                view.follow()
        assert sum(shown is None for _, shown in picture.figures.values()) <= 2


def test_others_are_served_while_a_long_snapshot_is_written(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    render, loop = rest._rendered, floor.live.loop

    def rendering(shown: dict[str, Any]) -> bytes:
        turned = Event()
        loop.call_soon_threadsafe(turned.set)
        assert turned.wait(5), "the loop stands still"
        return render(shown)

    monkeypatch.setattr(rest, "_rendered", rendering)
    with viewer(floor) as view:
        assert view.event()[0] == "snapshot"


def test_a_viewer_that_leaves_while_it_draws_leaves_the_picture_to_others(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = floor.live.application.house.live_statistics
    redraw, leaves = live._redraw, True

    async def leaving(*args: Any) -> None:
        nonlocal leaves
        if leaves:
            leaves = False
            raise asyncio.CancelledError
        await redraw(*args)

    with viewer(floor) as view:
        view.follow()
        picture = live._pictures[floor.sid]
        monkeypatch.setattr(live, "_redraw", leaving)
        scope = SimpleNamespace(sid=floor.sid)
        with pytest.raises((asyncio.CancelledError, concurrent.futures.CancelledError)):
            floor.live.run(live._draw(scope, picture))  # type: ignore[arg-type]
        for _ in range(500):  # the viewer that is still there
            if picture.version == 2:
                break
            floor.live.call("GET", "/healthz")
        assert picture.version == 2


def test_too_many_and_nobody(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_statistics, "SUBSCRIBERS_MOST", 1)
    with viewer(floor) as view:
        view.event()
        with viewer(floor) as second:
            assert second.status == 429
    lost = Viewer(floor.live, "WS" + "0" * 32)
    assert lost.status == 404
    lost.close()


def test_a_deleted_workspace_ends_its_streams(floor: Floor) -> None:
    with viewer(floor) as view:
        view.event()
        floor.live.call("DELETE", floor.path)
        assert list(view.pieces()) == []


def test_a_server_that_is_told_to_stop_ends_its_streams() -> None:
    with live_server() as live:
        view = Viewer(live, Floor(live).sid)
        view.event()
        live.run(live.application.say_goodbye())
        assert list(view.pieces()) == []
        view.close()
