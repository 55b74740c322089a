"""While the journal cannot be written, nothing is promised: 503 with Retry-After, and not ready."""

from __future__ import annotations

import asyncio
from base64 import b64encode

import pytest
from falcon import testing

from pointsman.journal.faulty import FaultyJournal
from pointsman.journal.memory import MemoryJournal
from pointsman.operations import activities
from pointsman.runtime import node
from pointsman.server.application import open_application

from .rest_live import ACCOUNT, SETTINGS, TOKEN

HEADERS = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}


def test_a_full_disk_is_told_and_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(node, "PATIENCE", 0.2)

    async def scenario() -> None:
        journal = FaultyJournal(MemoryJournal())
        async with (
            open_application(SETTINGS, journal=journal) as application,
            testing.ASGIConductor(application.asgi) as conductor,
        ):
            sid = (await conductor.simulate_post("/v1/Workspaces", headers=HEADERS, body="FriendlyName=x")).json["sid"]
            assert (await conductor.simulate_get("/readyz")).status_code == 200
            journal.fail_next("full")
            path = f"/v1/Workspaces/{sid}/Activities"
            for _ in range(2):
                refused = await conductor.simulate_post(path, headers=HEADERS, body="FriendlyName=y")
                assert (refused.status_code, refused.json["code"]) == (503, 20503)
                assert int(refused.headers["Retry-After"]) > 0
            assert (await conductor.simulate_get("/readyz")).status_code == 503
            assert (await conductor.simulate_get("/healthz")).status_code == 200
            journal.heal()
            async with asyncio.timeout(10):
                while not application.node.ready:
                    await asyncio.sleep(0.01)
            assert (await conductor.simulate_get("/readyz")).status_code == 200
            made = await conductor.simulate_post(path, headers=HEADERS, body="FriendlyName=z")
            assert made.status_code == 201

    asyncio.run(scenario())


def test_an_unforeseen_error_is_told_in_the_usual_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("on purpose")

    async def scenario() -> None:
        async with (
            open_application(SETTINGS) as application,
            testing.ASGIConductor(application.asgi) as conductor,
        ):
            sid = (await conductor.simulate_post("/v1/Workspaces", headers=HEADERS, body="FriendlyName=x")).json["sid"]
            path = f"/v1/Workspaces/{sid}/Activities"
            with monkeypatch.context() as patch:
                patch.setattr(activities.commands, "create", broken)
                failed = await conductor.simulate_post(path, headers=HEADERS, body="FriendlyName=y")
            assert failed.status_code == 500 and failed.json["code"] == 20500
            assert "purpose" not in failed.text and failed.headers["Access-Control-Allow-Origin"] == "*"
            after = await conductor.simulate_post(path, headers=HEADERS, body="FriendlyName=y")
            assert after.status_code == 201

    asyncio.run(scenario())
