"""/v1/Workspaces/{workspace}/Tasks"""

from __future__ import annotations

from pointsman.operations import tasks as operations
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import form_of, if_match, query_of
from pointsman.web.readers import new_task, task_filter, task_update


class Tasks(Resource):
    key = "tasks"
    filters = (
        "Priority",
        "AssignmentStatus",
        "WorkflowSid",
        "WorkflowName",
        "TaskQueueSid",
        "TaskQueueName",
        "EvaluateTaskAttributes",
        "RoutingTarget",
        "Ordering",
        "HasAddons",
    )
    present = staticmethod(views.task)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request, task_filter(query))
        self.show_page(req, resp, query, request, page, f"/{workspace}/Tasks")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        self.show(req, resp, await operations.create(self.scope(req, workspace), new_task(form)), 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        change = task_update(form, if_match(req, sid))
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, change))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid, if_match=if_match(req, sid))
        done(resp)
