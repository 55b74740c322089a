"""The client against a real server on this machine."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest
import trustme
from aiohttp import web
from tests.sink import Behaviour, Received, Sink, accept
from twilio.request_validator import RequestValidator

from pointsman.outbound import targets
from pointsman.outbound.client import BODY_MOST, Answer, Outbound, Unreachable
from pointsman.settings import Settings

TOKEN = "the-account's-token"
FORM = {"EventType": "task.created", "TaskAttributes": '{"name":"Zoë & co"}', "Empty": ""}


def play(scene: Callable[[Sink, Outbound], Awaitable[None]], behaviour: Behaviour = accept, **settings: str) -> None:
    async def run() -> None:
        outbound = Outbound(Settings(**settings))  # type: ignore[arg-type]
        async with Sink(behaviour) as sink:
            try:
                await scene(sink, outbound)
            finally:
                await outbound.aclose()

    asyncio.run(run())


async def post(outbound: Outbound, url: str, **more: float | str) -> Answer:
    return await outbound.post(url, FORM, auth_token=TOKEN, **more)  # type: ignore[arg-type]


def is_signed(received: Received) -> bool:
    return RequestValidator(TOKEN).validate(received.url, received.form, received.headers["X-Twilio-Signature"])


def always(status: int, **headers: str) -> Behaviour:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return web.Response(status=status, headers={name.replace("_", "-"): text for name, text in headers.items()})

    return behave


@pytest.mark.parametrize("path", ["/", "/a/b?c=d%2Fe&f=g+h", "/x?y#rc=1&ct=200", "/%7Euser?q=%C3%A9", "/zoë"])
def test_a_form_arrives_signed_and_without_the_fragment(path: str) -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        answer = await post(outbound, sink.url + path, idempotency_token="once")
        [received] = sink.received
        assert (answer.status, received.method, received.form) == (204, "POST", FORM)
        assert "#" not in received.path and is_signed(received)
        assert received.path == path.partition("#")[0].replace("ë", "%C3%AB")
        headers = received.headers
        assert (headers["User-Agent"], headers["I-Twilio-Idempotency-Token"]) == ("TwilioProxy/1.1", "once")
        assert (headers["Content-Type"], headers["Accept"]) == ("application/x-www-form-urlencoded", "*/*")

    play(scene)


def test_name_and_password_of_the_url_are_sent_as_basic_authentication() -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        await post(outbound, sink.url.replace("//", "//user:pa%3Ass@"))
        assert sink.received[0].headers["Authorization"] == "Basic dXNlcjpwYTpzcw=="

    play(scene)


def test_name_and_password_are_not_part_of_what_is_signed() -> None:
    """Twilio drops them, and the application does not see them in its URL."""

    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        moved = received.path == "/old"
        return web.Response(status=307, headers={"Location": "/new"}) if moved else web.Response()

    async def scene(sink: Sink, outbound: Outbound) -> None:
        await post(outbound, sink.url.replace("//", "//user:secret@") + "/old")
        assert [received.path for received in sink.received] == ["/old", "/new"]
        assert all(is_signed(received) and "Authorization" in received.headers for received in sink.received)

    play(scene, behave)


def test_an_answer_has_status_body_and_type() -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return web.Response(status=500, body=b'{"a":1}', content_type="application/json")

    async def scene(sink: Sink, outbound: Outbound) -> None:
        assert await post(outbound, sink.url) == Answer(500, b'{"a":1}', "application/json")

    play(scene, behave)


def test_an_endless_answer_is_cut_and_its_connection_closed() -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(received.request)
        while True:
            await response.write(b"x" * 10_000)

    async def scene(sink: Sink, outbound: Outbound) -> None:
        for _ in range(2):
            answer = await post(outbound, sink.url)
            assert (answer.status, len(answer.body)) == (200, BODY_MOST)
        assert len(sink.connections) == 2

    play(scene, behave)


def test_connections_are_kept() -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        for _ in range(5):
            await post(outbound, sink.url)
        assert len(sink.connections) == 1

    play(scene)


def test_a_kept_connection_that_ends_is_no_failure() -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return received.drop() if len(sink.received) == 2 else web.Response()

    async def scene(sink: Sink, outbound: Outbound) -> None:
        await post(outbound, sink.url)
        assert (await post(outbound, sink.url, idempotency_token="same")).status == 200
        assert [received.headers.get("I-Twilio-Idempotency-Token") for received in sink.received[1:]] == ["same"] * 2

    play(scene, behave)


@pytest.mark.parametrize("status", [301, 302, 307])
def test_a_redirect_is_followed_with_the_form_signed_anew(status: int) -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        moved = received.path == "/old"
        return web.Response(status=status, headers={"Location": "/new?a=b#rc=1"}) if moved else web.Response()

    async def scene(sink: Sink, outbound: Outbound) -> None:
        assert (await post(outbound, sink.url + "/old")).status == 200
        first, second = sink.received
        assert (second.method, second.path, second.form) == ("POST", "/new?a=b", FORM)
        assert is_signed(first) and is_signed(second)

    play(scene, behave)


def test_303_is_followed_by_a_get() -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return web.Response(status=200 if received.method == "GET" else 303, headers={"Location": "/there"})

    async def scene(sink: Sink, outbound: Outbound) -> None:
        assert (await post(outbound, sink.url)).status == 200
        assert (sink.received[1].path, sink.received[1].form) == ("/there", {}) and is_signed(sink.received[1])

    play(scene, behave)


@pytest.mark.parametrize("headers", [{"Location": "/again"}, {}, {"Location": "ftp://x/"}, {"Location": "http://[::/"}])
def test_a_redirect_that_leads_nowhere_ends(headers: dict[str, str]) -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        try:
            assert (await post(outbound, sink.url)).status == 302
        except Unreachable as error:
            assert error.kind == "forbidden"
        assert len(sink.received) <= 10

    play(scene, always(302, **headers))


async def silent(sink: Sink, received: Received) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


@pytest.mark.parametrize(("fragment", "timeout"), [("", 0.1), ("#rt=100", 9), ("#tt=100", 9)])
def test_a_server_that_does_not_answer_is_waited_for_no_longer_than_said(fragment: str, timeout: float) -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, sink.url + fragment, timeout=timeout)
        assert (raised.value.kind, raised.value.code) == ("timeout", 11203)

    play(scene, silent)


def test_a_port_where_nobody_listens() -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        await sink.close()
        with pytest.raises(Unreachable) as raised:
            await post(outbound, sink.url)
        assert (raised.value.kind, raised.value.code) == ("connect", 11202)

    play(scene)


def test_a_name_that_nobody_has() -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, "http://nobody.invalid/")
        assert raised.value.kind == "connect"

    play(scene)


def test_a_server_that_cuts_the_connection() -> None:
    async def behave(sink: Sink, received: Received) -> web.StreamResponse:
        return received.drop()

    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, sink.url)
        assert (raised.value.kind, raised.value.code) == ("closed", 11200)
        assert len(sink.received) == 1

    play(scene, behave)


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "file:///etc/passwd", "", "http://", "http://h:99999/", "x"])
def test_a_url_that_is_not_http_is_not_requested(url: str) -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, url)
        assert raised.value.kind == "forbidden"

    play(scene)


def test_no_tls_where_tls_is_asked_for() -> None:
    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, sink.url.replace("http", "https"))
        assert raised.value.kind == "tls"

    play(scene)


def test_a_certificate_of_an_unknown_authority_is_refused() -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)

    async def run() -> None:
        outbound = Outbound(Settings())
        async with Sink(tls=tls) as sink:
            with pytest.raises(Unreachable) as raised:
                await post(outbound, sink.url)
            assert (raised.value.kind, raised.value.code) == ("tls", 11237)
            assert sink.received == []
        await outbound.aclose()

    asyncio.run(run())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"])
def test_public_targets_only(host: str) -> None:
    """However the address is written, and whatever a name stands for at the moment."""

    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, f"http://{host}:{sink.port}/")
        assert raised.value.kind == "forbidden"
        assert sink.received == []

    play(scene, callback_targets="public")


def test_a_name_that_comes_to_stand_for_an_own_address_does_not_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def look_up(host: object, port: object, *_: object, **__: object) -> list[object]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

    async def scene(sink: Sink, outbound: Outbound) -> None:
        monkeypatch.setattr(socket, "getaddrinfo", look_up)
        with pytest.raises(Unreachable) as raised:
            await post(outbound, f"http://rebinding.example:{sink.port}/")
        assert raised.value.kind == "forbidden" and "127.0.0.1 is no public address" in raised.value.text
        assert asked and sink.received == []

    play(scene, callback_targets="public")


def test_a_redirect_to_an_own_address_does_not_get_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(targets, "is_public", lambda address: address == "127.0.0.1")

    async def scene(sink: Sink, outbound: Outbound) -> None:
        with pytest.raises(Unreachable) as raised:
            await post(outbound, sink.url)
        assert raised.value.kind == "forbidden" and "127.0.0.2" in raised.value.text

    play(scene, always(302, Location="http://127.0.0.2/"), callback_targets="public")
