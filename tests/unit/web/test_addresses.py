"""Addresses of this server in answers."""

from __future__ import annotations

from typing import Any

import pytest
from falcon.asgi import Request
from falcon.testing import create_scope

from pointsman.web.addresses import base_of


def request(server: tuple[str, int | None], headers: dict[str, str]) -> Request[Any]:
    sent = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    scope = create_scope() | {"server": server, "headers": sent}

    async def receive() -> Any:
        raise AssertionError("nobody reads the body")

    return Request(scope, receive)


@pytest.mark.parametrize(
    ("server", "headers", "expected"),
    [
        (("127.0.0.1", 8010), {"Host": "router.example"}, "http://router.example"),
        (("::1", 8010), {"Host": "[::1]:8010"}, "http://[::1]:8010"),
        (("127.0.0.1", 8010), {}, "http://127.0.0.1:8010"),
        (("127.0.0.1", 8010), {"Host": "no host"}, "http://127.0.0.1:8010"),
        (("::1", 8010), {}, "http://[::1]:8010"),
        (("::1", 8010), {"Host": "[::1"}, "http://[::1]:8010"),
        (("localhost", None), {"Host": "/"}, "http://localhost"),
    ],
)
def test_the_host_that_the_client_used_or_else_ours(
    server: tuple[str, int | None], headers: dict[str, str], expected: str
) -> None:
    assert base_of(request(server, headers), None) == expected
    assert base_of(request(server, headers), "https://public.example") == "https://public.example"
