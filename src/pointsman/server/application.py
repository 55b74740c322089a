"""A whole server without a socket: journal, clock, node, first account, couriers, doors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from time import time

import msgspec

from pointsman.auth.bootstrap import FirstCredentials, bootstrap
from pointsman.auth.directory import Directory
from pointsman.auth.tokens import Tokens
from pointsman.courier.problem_alerts import ProblemAlerts
from pointsman.courier.running import assignment_callbacks, event_callbacks
from pointsman.history.history import History
from pointsman.history.retention import keep_forgetting
from pointsman.journal import Journal
from pointsman.journal.memory import MemoryJournal
from pointsman.journal.sqlite import SqliteJournal
from pointsman.metrics import Metrics
from pointsman.operations.deliveries import figures
from pointsman.operations.figures import Routing
from pointsman.operations.live_statistics import LiveStatistics
from pointsman.outbound.client import Outbound
from pointsman.realtime.door import Realtime
from pointsman.rest.app import create_app
from pointsman.runtime.clock import Clock, RealClock, VirtualClock
from pointsman.runtime.ids import random_sid
from pointsman.runtime.node import Node
from pointsman.runtime.pulse import Pulse
from pointsman.settings import Settings, SettingsError
from pointsman.web.house import House


class RunningApplication(msgspec.Struct, frozen=True):
    """What `open_application` opened. `credentials` are there if they were generated: nobody will see them again."""

    asgi: Realtime
    house: House
    credentials: FirstCredentials | None

    @property
    def node(self) -> Node:
        return self.house.node

    async def say_goodbye(self) -> None:
        """Close what stays open between requests, before the server is shut down."""
        self.house.live_statistics.close()
        await self.asgi.close()


def journal_of(settings: Settings) -> Journal:
    """The journal that `--data` names, not yet open."""
    if settings.data == ":memory:":
        return MemoryJournal()
    if settings.data.startswith("postgresql://"):
        raise SettingsError("--data: postgresql:// is not yet possible; give a file name or :memory:")
    return SqliteJournal(settings.data)


def clock_of(settings: Settings) -> Clock:
    """The clock of the settings; a virtual one starts at the real time, and the node moves it past the last fact."""
    return VirtualClock(int(time() * 1_000_000)) if settings.clock == "virtual" else RealClock()


@asynccontextmanager
async def open_application(
    settings: Settings,
    clock: Clock | None = None,
    journal: Journal | None = None,
    on_hopeless: Callable[[], None] = lambda: None,
) -> AsyncIterator[RunningApplication]:
    """A running server for as long as the context lasts.

    `on_hopeless` is called when the journal could not be written for so long that the process should end.
    Raises JournalLocked, JournalUnreadable, SettingsError or BootstrapError.
    """
    journal = journal or journal_of(settings)
    node = Node(journal, settings, clock or clock_of(settings), random_sid, on_hopeless)
    history = History(journal)
    await journal.start()
    try:
        await history.start(node)
        await node.start()
        try:
            directory = Directory(node)
            await directory.load_all()
            credentials = await bootstrap(node, directory, settings)
            metrics = Metrics()
            outbound, alerts = Outbound(settings), ProblemAlerts(node)
            node.idlers.append(alerts.idle)
            async with (
                aclosing(outbound),
                event_callbacks(node, outbound, alerts.note) as deliveries,
                assignment_callbacks(node, directory, outbound),
            ):
                routing, pulse = Routing(node), Pulse()
                metrics.sources += [routing.figures, node.commit_figures, pulse.figures, history.figures]
                metrics.sources.append(lambda: figures(deliveries))
                tokens, live = Tokens(directory, node.clock), LiveStatistics(node)
                house = House(node, settings, directory, tokens, history, live, deliveries, metrics)
                realtime = Realtime(house, create_app(house))
                chores = [asyncio.create_task(each) for each in (keep_forgetting(node, history), pulse.run())]
                try:
                    yield RunningApplication(realtime, house, credentials)
                finally:
                    for chore in chores:
                        chore.cancel()
        finally:
            await node.stop()
    finally:
        await history.stop()
        await journal.close()
