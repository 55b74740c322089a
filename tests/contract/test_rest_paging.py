"""Pages of 2,500 tasks stay right while tasks leave the filter and the cursor's own task goes (ruling 13)."""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlencode, urlsplit

from falcon import testing

from pointsman.auth.caller import Caller
from pointsman.operations.scope import WorkspaceScope
from pointsman.operations.tasks import NewTask, create
from pointsman.server.application import RunningApplication, open_application
from pointsman.server.asgi import guarded

from .rest_live import ACCOUNT, SETTINGS, TOKEN

TASKS = 2_500
HEADERS = {"Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()}


class Talk:
    """Requests without a socket, to a workspace with a queue that has no workers."""

    def __init__(self, conductor: testing.ASGIConductor, application: RunningApplication) -> None:
        self.conductor = conductor
        self.application = application
        self.path = "/v1/Workspaces"

    async def prepare(self) -> None:
        self.path += "/" + (await self.post("", FriendlyName="Paging"))["sid"]
        queue = (await self.post("/TaskQueues", FriendlyName="Q", TargetWorkers="1==2"))["sid"]
        routing = json.dumps({"task_routing": {"filters": [], "default_filter": {"queue": queue}}})
        await self.post("/Workflows", FriendlyName="W", Configuration=routing)

    async def post(self, path: str, **fields: str) -> Any:
        answer = await self.conductor.simulate_post(self.path + path, headers=HEADERS, body=urlencode(fields))
        assert answer.status_code in (200, 201), answer.text
        return answer.json

    async def delete(self, sid: str) -> None:
        assert (await self.conductor.simulate_delete(f"{self.path}/Tasks/{sid}", headers=HEADERS)).status_code == 204

    async def get(self, path: str) -> Any:
        parts = urlsplit(path if path.startswith("http") else self.path + path)
        answer = await self.conductor.simulate_get(parts.path, query_string=parts.query, headers=HEADERS)
        assert answer.status_code == 200, answer.text
        return answer.json


@asynccontextmanager
async def talk() -> AsyncIterator[Talk]:
    async with (
        open_application(SETTINGS) as application,
        testing.ASGIConductor(guarded(application.asgi, 1_048_576)) as conductor,  # type: ignore[arg-type]
    ):
        opened = Talk(conductor, application)
        await opened.prepare()
        yield opened


async def add(talk: Talk, count: int) -> list[str]:
    """Tasks straight through the operation, of priorities 0, 1 and 2 by turns."""
    scope = WorkspaceScope(talk.application.node, Caller(ACCOUNT, ACCOUNT), talk.path.rsplit("/", 1)[1])
    return [(await create(scope, NewTask(priority=number % 3)))["sid"] for number in range(count)]


def test_no_task_is_skipped_or_shown_twice_while_tasks_leave() -> None:
    async def scenario() -> None:
        async with talk() as server:
            made = await add(server, TASKS)
            seen: list[str] = []
            gone: set[str] = set()
            url: str | None = "/Tasks?AssignmentStatus=pending&PageSize=300"
            while url:
                page = await server.get(url)
                sids = [task["sid"] for task in page["tasks"]]
                seen += sids
                url = page["meta"]["next_page_url"]
                place = made.index(sids[-1])
                ahead = made[place + 10 : place + 12]
                await server.delete(sids[-1])  # the next page's cursor
                for sid in [*sids[:-1][:1], *ahead]:  # one already shown, two to come
                    await server.post(f"/Tasks/{sid}", AssignmentStatus="canceled")
                gone |= set(ahead)
            assert len(seen) == len(set(seen))
            assert set(made) - gone == set(seen)
            assert seen == sorted(seen, key=made.index)

    asyncio.run(scenario())


def test_other_orders_are_paged_as_well_and_there_is_a_way_back() -> None:
    async def scenario() -> None:
        async with talk() as server:
            made = await add(server, 700)
            rank = {sid: (-(number % 3), -number) for number, sid in enumerate(made)}
            seen, pages = [], []
            url: str | None = "/Tasks?Ordering=Priority:desc,DateCreated:desc&PageSize=200"
            while url:
                page = await server.get(url)
                pages.append([task["sid"] for task in page["tasks"]])
                seen += pages[-1]
                url, last = page["meta"]["next_page_url"], page
                if len(pages) == 1:
                    await server.delete(pages[0][-1])
            assert [rank[sid][0] for sid in seen] == sorted(rank[sid][0] for sid in seen)
            assert sorted(seen) == sorted(made)
            back = await server.get(last["meta"]["previous_page_url"])
            assert [task["sid"] for task in back["tasks"]] == pages[-2]
            token = f"/Tasks?PageSize=5&PageToken=PA{made[9]}"
            assert [task["sid"] for task in (await server.get(token))["tasks"]] == made[10:15]

    asyncio.run(scenario())


def test_a_page_of_default_order_leads_back() -> None:
    async def scenario() -> None:
        async with talk() as server:
            made = await add(server, 10)
            first = await server.get("/Tasks?PageSize=4")
            assert first["meta"]["previous_page_url"] is None
            second = await server.get(first["meta"]["next_page_url"])
            third = await server.get(second["meta"]["next_page_url"])
            assert third["meta"]["next_page_url"] is None
            back = await server.get(third["meta"]["previous_page_url"])
            assert [task["sid"] for task in back["tasks"]] == made[4:8]
            start = await server.get(back["meta"]["previous_page_url"])
            assert [task["sid"] for task in start["tasks"]] == made[:4]
            assert start["meta"]["previous_page_url"] is None and start["meta"]["page"] == 0

    asyncio.run(scenario())
