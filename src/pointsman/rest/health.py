"""/healthz and /readyz, for whoever watches the process; no credentials needed."""

from __future__ import annotations

from pointsman.rest.resource import Request, Resource, Response, answer


class Health(Resource):
    async def on_get_alive(self, req: Request, resp: Response) -> None:
        answer(resp, {"status": "ok"})

    async def on_get_ready(self, req: Request, resp: Response) -> None:
        ready = self.node.ready
        answer(resp, {"status": "ready" if ready else "not ready"}, 200 if ready else 503)
