"""A process as worker: it gets ready, takes the tasks that it is offered, works on them and completes them.

    python examples/worker_process.py http://127.0.0.1:8010 TOKEN

Cut off from the server, or killed and started again, it goes on with what it had accepted.
"""

import asyncio
import functools
import json
import sys

import aiohttp

DOOR = "/v1/wschannels"
PATIENCE = aiohttp.ClientWSTimeout(ws_receive=45)  # seconds; the server says something every 15


async def work(attributes):
    """Your part."""
    print("working on", json.dumps(attributes), flush=True)


async def call(http, token, method, path, version="v1", **params):
    """One request. Raises aiohttp.ClientError if it is refused, or the server is not there."""
    body = {"url": path, "method": method, "params": params, "token": token}
    async with http.post(DOOR, json=body, headers={"apiVersion": version}) as answer:
        answer.raise_for_status()
        return (await answer.json())["payload"]


async def get_ready(ask, workspace, me):
    activities = await ask("GET", f"{workspace}/Activities", PageSize=100)
    available = next(activity["sid"] for activity in activities["contents"] if activity["available"])
    await ask("POST", me, ActivitySid=available)
    print("ready", flush=True)


async def take_what_is_open(ask, workspace, me):
    """All that is offered, and what was accepted before the connection broke."""
    listed = await ask("GET", f"{me}/Reservations", "v2", Active="true", PageSize=100)
    for reservation in listed["contents"]:
        task = reservation["task"]
        try:
            if reservation["reservation_status"] == "pending":
                await ask("POST", f"{me}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
            await work(json.loads(task["attributes"]))
            await ask("POST", f"{workspace}/Tasks/{task['sid']}", AssignmentStatus="completed", Reason="done")
            print("completed", task["sid"], flush=True)
        except aiohttp.ClientResponseError as error:  # somebody was quicker, or it has been canceled
            print("lost", task["sid"], error.status, flush=True)


async def listen(http, token, frames):
    """Keep a socket open, whatever happens; what it says goes into the queue."""
    while True:
        try:
            async with http.ws_connect(DOOR, params={"token": token}, timeout=PATIENCE) as socket:
                async for message in socket:
                    if message.data.strip():  # a blank one is a heartbeat
                        frames.put_nowait(json.loads(message.data))
        except (aiohttp.ClientError, TimeoutError) as error:
            print("no connection:", error, flush=True)
        await asyncio.sleep(1)


async def main(url, token):
    frames = asyncio.Queue()
    async with aiohttp.ClientSession(url) as http, asyncio.TaskGroup() as group:
        group.create_task(listen(http, token, frames))
        ask = functools.partial(call, http, token)
        while frame := await frames.get():
            try:
                if frame["event_type"] == "init":
                    workspace = f"Workspaces/{frame['payload']['workspace_sid']}"
                    me = f"{workspace}/Workers/{frame['payload']['channel_id']}"
                    await get_ready(ask, workspace, me)
                if frame["event_type"] in ("init", "reservation.created"):
                    await take_what_is_open(ask, workspace, me)
            except aiohttp.ClientError as error:  # `listen` connects again, and then there is an "init"
                print("cut off:", error, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:3]))
