"""/v1/Workspaces/{workspace}/TaskQueues"""

from __future__ import annotations

from pointsman.operations import task_queues as operations
from pointsman.operations.task_queues import TaskQueueFields
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import Parameters, form_of, query_of
from pointsman.web.readers import task_queue_filter


def _fields(form: Parameters) -> TaskQueueFields:
    return TaskQueueFields(
        friendly_name=form.text("FriendlyName"),
        target_workers=form.text("TargetWorkers"),
        max_reserved_workers=form.whole("MaxReservedWorkers"),
        task_order=form.text("TaskOrder") or None,
        reservation_activity_sid=form.sid("ReservationActivitySid", "WA"),
        assignment_activity_sid=form.sid("AssignmentActivitySid", "WA"),
    )


class TaskQueues(Resource):
    key = "task_queues"
    filters = ("FriendlyName", "EvaluateWorkerAttributes", "WorkerSid", "Ordering")
    present = staticmethod(views.task_queue)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request, task_queue_filter(query))
        self.show_page(req, resp, query, request, page, f"/{workspace}/TaskQueues")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        form.required("FriendlyName")
        self.show(req, resp, await operations.create(self.scope(req, workspace), _fields(form)), 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, _fields(form)))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid)
        done(resp)
