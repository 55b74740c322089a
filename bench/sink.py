"""A callback sink as a process of its own: `python -m bench.sink MILLISECONDS` answers each callback after so long.

Its first line is its URL. A GET answers with what has come: how many callbacks, and how many different events.
"""

from __future__ import annotations

import asyncio
import sys
from urllib.parse import parse_qs

from aiohttp import web


def main(milliseconds: float) -> None:
    came = 0
    events: set[str] = set()

    async def take(request: web.Request) -> web.Response:
        nonlocal came
        sid = parse_qs((await request.read()).decode())["Sid"][0]
        if milliseconds:
            await asyncio.sleep(milliseconds / 1000)
        came += 1
        events.add(sid)
        return web.Response(status=204)

    async def tell(_: web.Request) -> web.Response:
        return web.json_response({"callbacks": came, "events": len(events)})

    async def serve() -> None:
        application = web.Application()
        application.add_routes([web.post("/", take), web.get("/", tell)])
        runner = web.AppRunner(application, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        print(f"http://127.0.0.1:{runner.addresses[0][1]}/", flush=True)
        await asyncio.Event().wait()

    asyncio.run(serve())


if __name__ == "__main__":
    main(float(sys.argv[1]))
