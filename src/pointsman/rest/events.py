"""/v1/Workspaces/{workspace}/Events"""

from __future__ import annotations

from pointsman.operations import events as operations
from pointsman.operations.events import EventQuery
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response
from pointsman.web.parameters import Parameters, query_of


def _event_query(query: Parameters) -> EventQuery:
    return EventQuery(
        start_date=query.date("StartDate"),
        end_date=query.date("EndDate"),
        minutes=query.whole("Minutes"),
        event_type=query.text("EventType") or None,
        reservation_sid=query.sid("ReservationSid", "WR"),
        task_sid=query.sid("TaskSid", "WT"),
        task_queue_sid=query.sid("TaskQueueSid", "WQ"),
        worker_sid=query.sid("WorkerSid", "WK"),
        workflow_sid=query.sid("WorkflowSid", "WW"),
        task_channel=query.text("TaskChannel") or None,
        sid=query.sid("Sid", "EV"),
    )


class Events(Resource):
    key = "events"
    filters = (
        "EndDate",
        "EventType",
        "Minutes",
        "ReservationSid",
        "StartDate",
        "TaskQueueSid",
        "TaskSid",
        "WorkerSid",
        "WorkflowSid",
        "TaskChannel",
        "Sid",
    )
    present = staticmethod(views.event)

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(self.scope(req, workspace), request, _event_query(query), self.house.history)
        self.show_page(req, resp, query, request, page, f"/{workspace}/Events")

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), sid))
