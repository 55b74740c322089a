"""A process as worker, in thirty lines: python examples/worker_in_30_lines.py http://127.0.0.1:8010 TOKEN"""

import asyncio
import json
import sys

import aiohttp

DOOR = "/v1/wschannels"


async def main(url, token):
    async def ask(method, path, **params):
        body = {"url": path, "method": method, "params": params, "token": token}
        async with http.post(DOOR, json=body) as answer:
            return (await answer.json())["payload"]

    async with (
        aiohttp.ClientSession(url, raise_for_status=True) as http,
        http.ws_connect(DOOR, params={"token": token}) as socket,
    ):
        async for message in socket:
            frame = json.loads(message.data.strip() or '{"event_type": "heartbeat"}')
            if frame["event_type"] == "init":
                workspace = f"Workspaces/{frame['payload']['workspace_sid']}"
                me = f"{workspace}/Workers/{frame['payload']['channel_id']}"
                activities = (await ask("GET", f"{workspace}/Activities"))["contents"]
                await ask("POST", me, ActivitySid=next(each["sid"] for each in activities if each["available"]))
            elif frame["event_type"] == "reservation.created":
                reservation, task = frame["payload"], frame["payload"]["task"]
                await ask("POST", f"{me}/Reservations/{reservation['sid']}", ReservationStatus="accepted")
                print("working on", task["attributes"], flush=True)  # your part
                await ask("POST", f"{workspace}/Tasks/{task['sid']}", AssignmentStatus="completed", Reason="done")
                print("completed", task["sid"], flush=True)


asyncio.run(main(*sys.argv[1:3]))
