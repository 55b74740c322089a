"""/v1/Workspaces/{workspace}/Tasks"""

from __future__ import annotations

from pointsman.domain.lifecycle import TASK_STATES
from pointsman.operations import tasks as operations
from pointsman.operations.tasks import NewTask, TaskFilter, TaskUpdate
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, done
from pointsman.web.parameters import Parameters, form_of, if_match, query_of


def _new_task(form: Parameters) -> NewTask:
    return NewTask(
        attributes=form.text("Attributes"),
        workflow_sid=form.sid("WorkflowSid", "WW"),
        timeout=form.whole("Timeout"),
        priority=form.whole("Priority"),
        task_channel=form.text("TaskChannel") or None,
        virtual_start_time=form.date("VirtualStartTime"),
        routing_target=form.sid("RoutingTarget", "WK", "WQ", "WW"),
        ignore_capacity=form.truth("IgnoreCapacity"),
        task_queue_sid=form.sid("TaskQueueSid", "WQ"),
    )


def _filter(query: Parameters) -> TaskFilter:
    return TaskFilter(
        priority=query.whole("Priority"),
        assignment_status=query.choices("AssignmentStatus", TASK_STATES),
        workflow_sid=query.sid("WorkflowSid", "WW"),
        workflow_name=query.text("WorkflowName") or None,
        task_queue_sid=query.sid("TaskQueueSid", "WQ"),
        task_queue_name=query.text("TaskQueueName") or None,
        evaluate_task_attributes=query.text("EvaluateTaskAttributes") or None,
        routing_target=query.text("RoutingTarget") or None,
        ordering=query.text("Ordering") or None,
        has_addons=query.boolean("HasAddons"),
    )


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
        page = await operations.listing(self.scope(req, workspace), request, _filter(query))
        self.show_page(req, resp, query, request, page, f"/{workspace}/Tasks")

    async def on_post_list(self, req: Request, resp: Response, workspace: str) -> None:
        form = await form_of(req)
        self.show(req, resp, await operations.create(self.scope(req, workspace), _new_task(form)), 201)

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        form = await form_of(req)
        change = TaskUpdate(
            if_match=if_match(req, sid),
            attributes=form.text("Attributes"),
            assignment_status=form.choice("AssignmentStatus", TASK_STATES),
            reason=form.text("Reason"),
            priority=form.whole("Priority"),
            task_channel=form.text("TaskChannel") or None,
            virtual_start_time=form.date("VirtualStartTime"),
        )
        self.show(req, resp, await operations.update(self.scope(req, workspace), sid, change))

    async def on_delete(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        await operations.delete(self.scope(req, workspace), sid, if_match=if_match(req, sid))
        done(resp)
