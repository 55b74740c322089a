"""/v1/Workspaces/{workspace}/Workflows"""

from __future__ import annotations

from pointsman.operations import workflows as operations
from pointsman.operations.workflows import WorkflowFields
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import Parameters, form_of, query_of


def _fields(form: Parameters) -> WorkflowFields:
    return WorkflowFields(
        friendly_name=form.text("FriendlyName"),
        configuration=form.text("Configuration"),
        assignment_callback_url=form.text("AssignmentCallbackUrl"),
        fallback_assignment_callback_url=form.text("FallbackAssignmentCallbackUrl"),
        task_reservation_timeout=form.whole("TaskReservationTimeout"),
    )


class Workflows(Resource):
    key = "workflows"
    filters = ("FriendlyName",)
    present = staticmethod(views.workflow)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        name = query.text("FriendlyName") or None
        page = await operations.listing(self.scope(req, workspace), request, friendly_name=name)
        self.show_page(req, resp, query, request, page, f"/{workspace}/Workflows")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        form.required("FriendlyName")
        form.required("Configuration")
        self.show(req, resp, await operations.create(self.scope(req, workspace), _fields(form)), 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        again = form.boolean("ReEvaluateTasks") or False
        scope = self.scope(req, workspace)
        self.show(req, resp, await operations.update(scope, sid, _fields(form), re_evaluate_tasks=again))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid)
        done(resp)
