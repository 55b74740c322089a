"""The process around the REST door: credentials, restarts, time-outs, and an orderly end."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from base64 import b64encode
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from pointsman.server import http as server

from .rest_live import ACCOUNT, SETTINGS, TOKEN, Live, live_server

PASSWORD = {"POINTSMAN_ACCOUNT_SID": ACCOUNT, "POINTSMAN_AUTH_TOKEN": TOKEN}


class Process:
    """`pointsman serve` on a data file."""

    def __init__(self, data: Path, **variables: str) -> None:
        self.log = data.with_suffix(".log")
        environment = {name: text for name, text in os.environ.items() if not name.startswith("POINTSMAN_")}
        environment |= {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUNBUFFERED": "1", **variables}
        command = [sys.executable, "-c", "from pointsman.cli.main import main; main()", "serve"]
        command += ["--port", "0", "--data", str(data)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)

    def until_it_says(self, text: str) -> list[str]:
        """The words of the output, once it holds the text."""
        deadline = time.monotonic() + 30
        while text not in (said := self.log.read_text()):
            assert self.process.poll() is None, said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)
        return said.split()

    def live(self) -> Live:
        words = self.until_it_says("listens on http")
        return Live(next(word for word in words if word.startswith("http://")))

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(30)


@pytest.mark.process
def test_credentials_are_generated_once_and_work_after_a_restart(tmp_path: Path) -> None:
    first = Process(tmp_path / "data.db")
    live = first.live()
    words = first.until_it_says("secret")
    account, token = words[words.index("account") + 1], words[words.index("token") + 1]
    key, secret = words[words.index("key") + 1], words[words.index("secret") + 1]
    made = live.call("POST", "/v1/Workspaces", {"FriendlyName": "Kept"}, None, (account, token))
    assert made.status == 201
    assert first.end() == 0
    second = Process(tmp_path / "data.db")
    again = second.live()
    assert token not in second.log.read_text()
    path = f"/v1/Workspaces/{made.body['sid']}"
    for login in ((account, token), (key, secret)):
        assert again.call("GET", path, None, None, login).body["friendly_name"] == "Kept"
    assert second.end() == 0


@pytest.mark.process
def test_another_token_for_a_known_account_is_a_clear_error(tmp_path: Path) -> None:
    first = Process(tmp_path / "data.db", **PASSWORD)
    first.live()
    assert first.end() == 0
    second = Process(tmp_path / "data.db", **PASSWORD | {"POINTSMAN_AUTH_TOKEN": "another-token"})
    assert second.process.wait(30) == 1
    said = second.log.read_text()
    assert "POINTSMAN_AUTH_TOKEN" in said and "Traceback" not in said and TOKEN not in said


@pytest.mark.process
def test_a_journal_that_cannot_be_is_a_clear_error(tmp_path: Path) -> None:
    process = Process(tmp_path / "data.db", POINTSMAN_DATA="", **PASSWORD)
    process.end()
    for data in ("postgresql://somewhere/x", str(tmp_path / "no" / "such" / "folder.db")):
        command = [sys.executable, "-c", "from pointsman.cli.main import main; main()", "serve", "--port", "0"]
        environment = dict(os.environ) | PASSWORD | {"PYTHONPATH": os.pathsep.join(sys.path)}
        ended = subprocess.run([*command, "--data", data], env=environment, capture_output=True, text=True, timeout=30)
        assert ended.returncode == 1 and "Traceback" not in ended.stderr and ended.stderr.startswith("pointsman: ")


def test_a_connection_that_never_finishes_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "READ_SECONDS", 0.05)
    monkeypatch.setattr(server, "LOOK_SECONDS", 0.05)
    with live_server() as live:
        host, port = live.url.removeprefix("http://").split(":")
        login = b64encode(f"{ACCOUNT}:{TOKEN}".encode())
        head = b"POST /v1/Workspaces HTTP/1.1\r\nHost: x\r\nAuthorization: Basic " + login + b"\r\n"
        started = [b"", b"GET /healthz HTT", head, head + b"Content-Length: 9\r\n\r\nab"]
        for start in started:
            with socket.create_connection((host, int(port)), timeout=20) as connection:
                connection.sendall(start)
                assert until_closed(connection) == b"", start
        idle = HTTPConnection(host, int(port), timeout=20)
        for _ in range(3):  # an idle one between requests is not: keep-alive has its own time-out
            idle.request("GET", "/healthz")
            assert idle.getresponse().read() == b'{"status":"ok"}'
            kept = idle.sock
            time.sleep(0.15)
            assert idle.sock is kept
        idle.close()


def test_endless_headers_are_refused() -> None:
    with live_server() as live:
        host, port = live.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=20) as connection:
            headers = b"".join(b"X-%d: %s\r\n" % (number, b"y" * 100) for number in range(2000))
            try:
                connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + headers)
                answer = until_closed(connection)
            except ConnectionError:  # closed while we were still sending
                answer = b"HTTP/1.1 400"
            assert answer.startswith(b"HTTP/1.1 400")
        assert live.call("GET", "/healthz").status == 200


def test_a_public_url_is_the_base_of_all_urls() -> None:
    with live_server(replace(SETTINGS, public_url="https://router.example/x")) as live:
        made = live.call("POST", "/v1/Workspaces", {"FriendlyName": "p"}).body
        assert made["url"] == f"https://router.example/x/v1/Workspaces/{made['sid']}"
        meta = live.call("GET", "/v1/Workspaces?PageSize=1").body["meta"]
        assert meta["first_page_url"] == "https://router.example/x/v1/Workspaces?PageSize=1&Page=0"


def test_the_clock_is_not_there_when_it_is_real() -> None:
    with live_server(replace(SETTINGS, clock="real")) as live:
        assert live.call("GET", "/pointsman/v1/Clock").body["code"] == 20404
        assert live.call("POST", "/pointsman/v1/Clock", {"Advance": "1"}).status == 404


def test_the_clock_advances_by_fractions() -> None:
    with live_server() as live:
        before = live.call("GET", "/pointsman/v1/Clock").body["now_ms"]
        after = live.call("POST", "/pointsman/v1/Clock", {"Advance": "1.5"}).body
        assert after["now_ms"] == before + 1500 and after["now"].endswith("Z")


def until_closed(connection: Any) -> bytes:
    received = b""
    try:
        while piece := connection.recv(4096):
            received += piece
    except ConnectionResetError:
        pass
    return received


def test_events_on_a_data_file_and_a_sid_that_claims_too_much(tmp_path: Path) -> None:
    with live_server(replace(SETTINGS, data=str(tmp_path / "data.db"))) as live:
        sid = live.call("POST", "/v1/Workspaces", {"FriendlyName": "Events"}).body["sid"]
        path = f"/v1/Workspaces/{sid}/Events"
        (event, *_) = live.call("GET", path).body["events"]
        assert live.call("GET", f"{path}/{event['sid']}").body == event
        huge = event["sid"][:14] + "f" * 20
        assert live.call("GET", f"{path}/{huge}").status == 404
        assert live.call("GET", f"{path}?Sid={huge}").body["events"] == []
        assert live.call("GET", f"{path}?PageToken=PA{huge}").status == 200


def test_an_account_does_not_see_another_ones_workspace(tmp_path: Path) -> None:
    data = str(tmp_path / "data.db")
    key = ("SK" + "5" * 32, "secret-of-the-key")
    with live_server(replace(SETTINGS, data=data, api_key_sid=key[0], api_key_secret=key[1])) as live:
        made = live.call("POST", "/v1/Workspaces", {"FriendlyName": "Mine"}, None, key).body
        assert made["account_sid"] == ACCOUNT
    other = ("AC" + "b2" * 16, "token-of-another")
    with live_server(replace(SETTINGS, data=data, account_sid=other[0], auth_token=other[1])) as live:
        path = f"/v1/Workspaces/{made['sid']}"
        assert live.call("GET", path).status == 200
        for method, below in (("GET", ""), ("GET", "/Tasks"), ("POST", ""), ("DELETE", ""), ("GET", "/Events")):
            refused = live.call(method, path + below, None, None, other)
            assert (refused.status, refused.body["code"]) == (404, 20404), (method, below)
        assert live.call("GET", "/v1/Workspaces", None, None, other).body["workspaces"] == []
        assert live.call("GET", f"/2010-04-01/Accounts/{ACCOUNT}/Keys.json", None, None, other).status == 404
        assert [w["sid"] for w in live.call("GET", "/v1/Workspaces", None, None, key).body["workspaces"]] == [
            made["sid"]
        ]
