"""Statistics below /v1/Workspaces/{workspace}"""

from __future__ import annotations

from pointsman.history.marks import QUEUE, WORKFLOW, WORKSPACE, Subject
from pointsman.operations import statistics as operations
from pointsman.operations.scope import View
from pointsman.operations.statistics import Statistics
from pointsman.operations.statistics_window import StatisticsQuery, WorkerFilter
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response, answer
from pointsman.rest.views import iso
from pointsman.web.body import raw_body
from pointsman.web.parameters import Parameters, query_of


def query_statistics(query: Parameters) -> StatisticsQuery:
    return StatisticsQuery(
        minutes=query.whole("Minutes"),
        start_date=query.date("StartDate"),
        end_date=query.date("EndDate"),
        task_channel=query.text("TaskChannel") or None,
        split_by_wait_time=query.text("SplitByWaitTime") or None,
    )


def present(view: View) -> View:
    """Dates as texts, in the cumulative part of a combined view too."""
    shown = view | {name: iso(view[name]) for name in ("start_time", "end_time") if name in view}
    if "cumulative" in view:
        shown["cumulative"] = present(view["cumulative"])
    return shown


class _Statistics(Resource):
    def statistics(self, req: Request, workspace: str) -> Statistics:
        return Statistics(self.scope(req, workspace), self.house.history, query_statistics(query_of(req)))

    def show_statistics(self, req: Request, resp: Response, view: View) -> None:
        answer(resp, present(view) | {"url": self.base(req) + req.path})


class TaskStatistics(_Statistics):
    """Combined, real-time and cumulative, of the subject of a subclass."""

    subject: Subject

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str = "") -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).combined(self.subject, sid))

    async def on_get_real_time(self, req: Request, resp: Response, workspace: str, sid: str = "") -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).real_time(self.subject, sid))

    async def on_get_cumulative(self, req: Request, resp: Response, workspace: str, sid: str = "") -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).cumulative(self.subject, sid))


class WorkspaceStatistics(TaskStatistics):
    subject = WORKSPACE


class WorkflowStatistics(TaskStatistics):
    subject = WORKFLOW


class TaskQueueStatistics(TaskStatistics):
    subject = QUEUE


class TaskQueuesStatistics(_Statistics):
    key = "task_queues_statistics"
    filters = ("FriendlyName", "StartDate", "EndDate", "Minutes", "TaskChannel", "SplitByWaitTime")
    present = staticmethod(lambda base, view: present(view))

    async def on_get_list(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await self.statistics(req, workspace).of_queues(request, query.text("FriendlyName") or None)
        self.show_page(req, resp, query, request, page, f"/{workspace}/TaskQueues/Statistics")

    async def on_post_bulk(self, req: Request, resp: Response, workspace: str) -> None:
        body = await raw_body(req)
        self.show_statistics(req, resp, await operations.of_many_queues(self.scope(req, workspace), body))


class WorkersStatistics(_Statistics):
    async def on_get(self, req: Request, resp: Response, workspace: str) -> None:
        query = query_of(req)
        filter = WorkerFilter(
            task_queue_sid=query.sid("TaskQueueSid", "WQ"),
            task_queue_name=query.text("TaskQueueName") or None,
            friendly_name=query.text("FriendlyName") or None,
            activity_name=query.text("ActivityName") or None,
        )
        self.show_statistics(req, resp, await self.statistics(req, workspace).workers(filter))

    async def on_get_real_time(self, req: Request, resp: Response, workspace: str) -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).workers_real_time())

    async def on_get_cumulative(self, req: Request, resp: Response, workspace: str) -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).workers_cumulative())

    async def on_get_one(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        self.show_statistics(req, resp, await self.statistics(req, workspace).worker(sid))


# Below a workspace; and the suffix of the method that answers.
ROUTES: list[tuple[str, type[Resource], str | None]] = [
    ("TaskQueues/Statistics", TaskQueuesStatistics, "list"),
    ("TaskQueues/RealTimeStatistics", TaskQueuesStatistics, "bulk"),
    ("Workers/Statistics", WorkersStatistics, None),
    ("Workers/RealTimeStatistics", WorkersStatistics, "real_time"),
    ("Workers/CumulativeStatistics", WorkersStatistics, "cumulative"),
    ("Workers/{sid}/Statistics", WorkersStatistics, "one"),
]
for _place, _class in (
    ("", WorkspaceStatistics),
    ("Workflows/{sid}/", WorkflowStatistics),
    ("TaskQueues/{sid}/", TaskQueueStatistics),
):
    ROUTES += [
        (f"{_place}Statistics", _class, None),
        (f"{_place}RealTimeStatistics", _class, "real_time"),
        (f"{_place}CumulativeStatistics", _class, "cumulative"),
    ]
