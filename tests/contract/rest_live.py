"""A server on a socket of its own, in a thread, with a virtual clock and a journal in memory."""

from __future__ import annotations

import asyncio
import json
import threading
import urllib.error
import urllib.parse
import urllib.request
from base64 import b64encode
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar

from twilio.rest import Client

from pointsman.server.application import RunningApplication, open_application
from pointsman.server.http import bind, make_server, url_of
from pointsman.settings import Settings

ACCOUNT = "AC" + "a1" * 16
TOKEN = "t0ken-of-the-tests"
SETTINGS = Settings(host="127.0.0.1", port=0, data=":memory:", clock="virtual", account_sid=ACCOUNT, auth_token=TOKEN)


T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    headers: Any
    raw: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.raw)


class Live:
    """The running server, and ways to talk to it."""

    application: RunningApplication
    loop: asyncio.AbstractEventLoop

    def __init__(self, url: str) -> None:
        self.url = url

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the server's own loop, past the door."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(30)

    def client(self, name: str = ACCOUNT, secret: str = TOKEN) -> Client:
        """The official client, pointed here."""
        client = Client(name, secret, ACCOUNT)
        client.taskrouter.base_url = self.url
        client.api.base_url = self.url
        return client

    def call(
        self,
        method: str,
        path: str,
        fields: dict[str, Any] | bytes | None = None,
        headers: dict[str, str] | None = None,
        login: tuple[str, str] | None = (ACCOUNT, TOKEN),
    ) -> Answer:
        """One request, whatever comes of it. `path` may be a whole URL of this server."""
        data = fields if isinstance(fields, bytes | None) else urllib.parse.urlencode(fields, doseq=True).encode()
        url = path if path.startswith("http") else self.url + path
        request = urllib.request.Request(url, data, headers or {}, method=method)
        if login is not None:
            request.add_header("Authorization", "Basic " + b64encode(":".join(login).encode()).decode())
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            return Answer(error.code, error.headers, error.read())

    def advance(self, seconds: float) -> None:
        answer = self.call("POST", "/pointsman/v1/Clock", {"Advance": seconds})
        assert answer.status == 200, answer


@contextmanager
def live_server(settings: Settings = SETTINGS) -> Iterator[Live]:
    """The server for as long as the context lasts."""
    listener = bind(settings)
    live = Live(url_of(listener))
    servers: list[Any] = []
    opened = threading.Event()

    async def serve() -> None:
        async with open_application(settings) as application:
            live.application, live.loop = application, asyncio.get_running_loop()
            servers.append(make_server(application.asgi, settings, application.say_goodbye))
            opened.set()
            await servers[0].serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(serve()), daemon=True)
    thread.start()
    assert opened.wait(20), "the server did not start"
    try:
        yield live
    finally:
        servers[0].should_exit = True
        servers[0].force_exit = True
        thread.join(20)


__all__ = ["ACCOUNT", "SETTINGS", "TOKEN", "Answer", "Live", "RunningApplication", "live_server"]
