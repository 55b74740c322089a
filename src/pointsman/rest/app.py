"""The application: the table of routes, and what stands before and behind them."""

from __future__ import annotations

import falcon.asgi

from pointsman.rest import statistics, waiting
from pointsman.rest.accounts import Accounts, Keys
from pointsman.rest.activities import Activities
from pointsman.rest.alerts import Alerts
from pointsman.rest.clock import Clock
from pointsman.rest.deliveries import Deliveries
from pointsman.rest.events import Events
from pointsman.rest.health import Health
from pointsman.rest.live_statistics import LiveStatistics
from pointsman.rest.metrics import Figures
from pointsman.rest.middleware import Basics, Guard
from pointsman.rest.reservations import TaskReservations, WorkerReservations
from pointsman.rest.resource import Resource
from pointsman.rest.task_channels import TaskChannels
from pointsman.rest.task_queues import TaskQueues
from pointsman.rest.tasks import Tasks
from pointsman.rest.worker_channels import WorkerChannels
from pointsman.rest.workers import Workers
from pointsman.rest.workflows import Workflows
from pointsman.rest.workspaces import Workspaces
from pointsman.web.answers import App
from pointsman.web.errors import add_error_handlers
from pointsman.web.house import House

WORKSPACE = "/v1/Workspaces/{workspace}"
OWN_WORKSPACE = "/pointsman/v1/Workspaces/{workspace}"
ACCOUNT = "/2010-04-01/Accounts/{account}"

# A name stands for one thing at one place of a path: {sid} below the workspace, {child} below that.
# Path of the list (None: there is none), path of one object, and who answers.
ROUTES: list[tuple[str | None, str, type[Resource]]] = [
    ("/v1/Workspaces", WORKSPACE, Workspaces),
    (f"{WORKSPACE}/Activities", f"{WORKSPACE}/Activities/{{sid}}", Activities),
    (f"{WORKSPACE}/TaskChannels", f"{WORKSPACE}/TaskChannels/{{sid}}", TaskChannels),
    (f"{WORKSPACE}/Workers", f"{WORKSPACE}/Workers/{{sid}}", Workers),
    (f"{WORKSPACE}/TaskQueues", f"{WORKSPACE}/TaskQueues/{{sid}}", TaskQueues),
    (f"{WORKSPACE}/Workflows", f"{WORKSPACE}/Workflows/{{sid}}", Workflows),
    (f"{WORKSPACE}/Tasks", f"{WORKSPACE}/Tasks/{{sid}}", Tasks),
    (f"{WORKSPACE}/Events", f"{WORKSPACE}/Events/{{sid}}", Events),
    (
        f"{WORKSPACE}/Tasks/{{sid}}/Reservations",
        f"{WORKSPACE}/Tasks/{{sid}}/Reservations/{{child}}",
        TaskReservations,
    ),
    (
        f"{WORKSPACE}/Workers/{{sid}}/Reservations",
        f"{WORKSPACE}/Workers/{{sid}}/Reservations/{{child}}",
        WorkerReservations,
    ),
    (
        f"{WORKSPACE}/Workers/{{sid}}/Channels",
        f"{WORKSPACE}/Workers/{{sid}}/Channels/{{child}}",
        WorkerChannels,
    ),
    (None, ACCOUNT, Accounts),
    (f"{ACCOUNT}/Keys", f"{ACCOUNT}/Keys/{{sid}}", Keys),
    (None, "/pointsman/v1/Clock", Clock),
    (None, f"{OWN_WORKSPACE}/Deliveries", Deliveries),
    (f"{OWN_WORKSPACE}/Alerts", f"{OWN_WORKSPACE}/Alerts/{{sid}}", Alerts),
]


def create_app(house: House) -> App:
    """The REST door of a server."""
    app: App = falcon.asgi.App(middleware=[Basics(), Guard(house)])
    app.req_options.strip_url_path_trailing_slash = True
    add_error_handlers(app)
    for several, one, resource_class in ROUTES:
        resource = resource_class(house)
        app.add_route(one, resource)
        if several is not None:
            app.add_route(several, resource, suffix="list")
    for place, resource_class, suffix in statistics.ROUTES:
        app.add_route(f"{WORKSPACE}/{place}", resource_class(house), suffix=suffix)
    app.add_route(f"{OWN_WORKSPACE}/Statistics/Stream", LiveStatistics(house))
    for place, resource_class, suffix in waiting.ROUTES:
        app.add_route(f"{OWN_WORKSPACE}/{place}", resource_class(house), suffix=suffix)
    app.add_route(f"{ACCOUNT}/Keys.json", Keys(house), suffix="list")
    health = Health(house)
    app.add_route("/healthz", health, suffix="alive")
    app.add_route("/readyz", health, suffix="ready")
    app.add_route("/metrics", Figures(house))
    return app
