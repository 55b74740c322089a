"""Puts the demo together: the server, the centre, those who act in it, and the view; and takes it down again."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from logging.handlers import MemoryHandler
from random import Random, randrange
from typing import NoReturn

import click
import uvloop
from rich.console import Console
from rich.live import Live

from pointsman.auth.bootstrap import BootstrapError, FirstCredentials
from pointsman.demo.agents import Staff
from pointsman.demo.centre import Centre, set_up
from pointsman.demo.client import Answer, Client, Refused
from pointsman.demo.customers import Customers
from pointsman.demo.news import Newspaper
from pointsman.demo.picture import Picture
from pointsman.demo.screen import line, screen
from pointsman.journal import JournalError
from pointsman.server.application import open_application
from pointsman.server.http import StopSignals, bind, make_server, url_of
from pointsman.settings import Settings, SettingsError

LOOK_SECONDS = 0.5
PICTURE_SECONDS = 0.25
LINE_SECONDS = 1.0
PAGES_MOST = 10
LOG_LINES = 10_000
OPEN_TASKS = "pending,reserved,assigned,wrapping"


@dataclass(frozen=True)
class Play:
    """What the demo was asked to do. `seconds`: how long; None is for ever."""

    agents: int
    seed: int
    seconds: float | None
    headless: bool


def run(
    settings: Settings, *, agents: int, seed: int | None = None, seconds: float | None = None, headless: bool = False
) -> None:
    """Play until SIGTERM, SIGINT or the end of `seconds`. Exits with 1 if the server does not start or refuses."""
    play = Play(agents, randrange(2**32) if seed is None else seed, seconds, headless or not sys.stdout.isatty())
    try:
        if settings.clock != "real":
            raise SettingsError("--clock: the demo needs the real clock")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_perform(settings, play))
    except (JournalError, SettingsError, BootstrapError, OSError) as error:
        _fail(error)
    except ExceptionGroup as group:
        if (refused := group.subgroup(Refused)) is None:
            raise
        _fail(refused.exceptions[0])


def _fail(error: Exception) -> NoReturn:
    click.echo(f"pointsman: {error}", err=True)
    sys.exit(1)


async def _perform(settings: Settings, play: Play) -> None:
    """Server and play side by side; whichever ends first ends the other. A signal ends the server."""
    signals = StopSignals()
    with bind(settings) as listener:
        async with open_application(settings) as application:
            server = make_server(application.asgi, settings, application.say_goodbye)
            signals.end(server)
            user, secret = _credentials(settings, application.credentials)
            client = Client(url_of(listener), user, secret)
            shown = f"curl -u {user}:{secret} {settings.public_url or url_of(listener)}"
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            playing = asyncio.create_task(_play(client, shown, play))
            await asyncio.wait({serving, playing}, return_when=asyncio.FIRST_COMPLETED)
            told_to_stop = server.should_exit
            server.should_exit = True
            playing.cancel()
            await asyncio.wait({serving, playing})
            errors = [task.exception() for task in (serving, playing) if not task.cancelled()]
            # Once the server was told to stop, whoever plays may have found it gone.
            for error in errors:
                if error is not None and not told_to_stop:
                    raise error


def _credentials(settings: Settings, generated: FirstCredentials | None) -> tuple[str, str]:
    if generated is not None:
        return generated.account_sid, generated.auth_token
    for user, secret in (
        (settings.account_sid, settings.auth_token),
        (settings.api_key_sid, settings.api_key_secret),
    ):
        if user is not None and secret is not None:
            return user, secret
    raise SettingsError("POINTSMAN_ACCOUNT_SID and POINTSMAN_AUTH_TOKEN: set the ones that the data file was made with")


async def _play(client: Client, shown: str, play: Play) -> None:
    async with client:
        centre = await set_up(client, play.agents)
        shown = f"{shown}{client.root}/Tasks"
        click.echo(f"Pointsman's demo contact centre is open (seed {play.seed}). Try:\n{shown}")
        picture = Picture(centre)
        try:
            async with asyncio.timeout(play.seconds):
                await _act(client, centre, picture, shown, play)
        except TimeoutError:
            pass  # the time that was asked for
        finally:
            click.echo(f"The demo has ended: {picture.done} served, {picture.canceled} canceled.")


async def _act(client: Client, centre: Centre, picture: Picture, shown: str, play: Play) -> None:
    async with asyncio.TaskGroup() as tasks:
        staff = Staff(client, centre, play.seed, tasks)
        customers = Customers(client, centre, picture, Random(f"{play.seed} customers"), tasks)
        tasks.create_task(_watch(client, picture, staff))
        tasks.create_task(customers.arrive())
        tasks.create_task(_print_lines(picture) if play.headless else _show(picture, shown))


async def _watch(client: Client, picture: Picture, staff: Staff) -> None:
    """Look again and again: the news for the agents and the picture, the open tasks for its figures."""
    newspaper = Newspaper(client)
    while True:
        for news in await newspaper.read():
            picture.add(news)
            staff.hear(news)
        picture.count(await _open_tasks(client))
        await asyncio.sleep(LOOK_SECONDS)


async def _open_tasks(client: Client) -> list[Answer]:
    page: Answer | None = await client.page("/Tasks", AssignmentStatus=OPEN_TASKS)
    found: list[Answer] = []
    for _ in range(PAGES_MOST):
        if page is None:
            break
        found += page["tasks"]
        page = await client.following(page)
    return found


async def _print_lines(picture: Picture) -> None:
    while True:
        await asyncio.sleep(LINE_SECONDS)
        click.echo(line(picture, datetime.now(UTC).strftime("%H:%M:%S")))


async def _show(picture: Picture, shown: str) -> None:
    with _log_held_back(), Live(console=Console(), screen=True, auto_refresh=False) as live:
        while True:
            live.update(screen(picture, shown), refresh=True)
            await asyncio.sleep(PICTURE_SECONDS)


@contextmanager
def _log_held_back() -> Iterator[None]:
    """Log lines would tear the picture: they come when it is gone."""
    root = logging.getLogger()
    outlets = root.handlers[:]
    held = [MemoryHandler(LOG_LINES, flushLevel=logging.CRITICAL + 1, target=outlet) for outlet in outlets]
    root.handlers[:] = held
    try:
        yield
    finally:
        root.handlers[:] = outlets
        for handler in held:
            handler.close()
