"""/v1/Workspaces/{workspace}/Tasks/{task}/Reservations, and the same below Workers."""

from __future__ import annotations

from pointsman.domain.lifecycle import RESERVATION_STATES
from pointsman.domain.refusal import not_found
from pointsman.operations import reservations as operations
from pointsman.operations.reservations import Parent
from pointsman.rest import views
from pointsman.rest.paging import page_request
from pointsman.rest.resource import Request, Resource, Response
from pointsman.web.parameters import form_of, if_match, query_of
from pointsman.web.readers import reservation_update


class Reservations(Resource):
    key = "reservations"
    noun = ""
    prefix = ""

    async def on_get_list(self, req: Request, resp: Response, workspace: str, sid: str) -> None:
        query = query_of(req)
        request = page_request(query)
        page = await operations.listing(
            self.scope(req, workspace),
            request,
            self._parent(workspace, sid),
            reservation_status=query.choice("ReservationStatus", RESERVATION_STATES),
            worker_sid=query.sid("WorkerSid", "WK") if "WorkerSid" in self.filters else None,
        )
        self.show_page(req, resp, query, request, page, f"/{workspace}/{self.noun}/{sid}/Reservations")

    async def on_get(self, req: Request, resp: Response, workspace: str, sid: str, child: str) -> None:
        self.show(req, resp, await operations.fetch(self.scope(req, workspace), self._parent(workspace, sid), child))

    async def on_post(self, req: Request, resp: Response, workspace: str, sid: str, child: str) -> None:
        form = await form_of(req)
        change = reservation_update(form, if_match(req, child))
        view = await operations.update(self.scope(req, workspace), self._parent(workspace, sid), child, change)
        self.show(req, resp, view)

    def _parent(self, workspace: str, sid: str) -> Parent:
        if not sid.startswith(self.prefix):
            raise not_found(f"/Workspaces/{workspace[:100]}/{self.noun}/{sid[:100]}")
        return Parent(sid)


class TaskReservations(Reservations):
    noun = "Tasks"
    prefix = "WT"
    filters = ("ReservationStatus", "WorkerSid")
    present = staticmethod(views.task_reservation)


class WorkerReservations(Reservations):
    noun = "Workers"
    prefix = "WK"
    filters = ("ReservationStatus",)
    present = staticmethod(views.worker_reservation)
