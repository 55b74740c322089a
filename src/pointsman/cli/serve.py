"""`pointsman serve`: the server, until it is told to stop."""

from __future__ import annotations

import asyncio
import sys
from contextlib import AsyncExitStack

import click
import uvicorn
import uvloop

from pointsman.auth.bootstrap import BootstrapError, FirstCredentials
from pointsman.journal import JournalError, JournalUnavailable
from pointsman.runtime import collector
from pointsman.server.application import RunningApplication, open_application
from pointsman.server.http import StopSignals, bind, make_server, url_of
from pointsman.settings import Settings, SettingsError

__all__ = ["RunningApplication", "open_application", "run"]

SWITCH_SECONDS = 0.0005
"""How long a journal thread may keep the event loop waiting for the interpreter."""


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT. Exits with 1 if the server cannot start."""
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(settings))
    except (JournalError, SettingsError, BootstrapError, OSError) as error:
        click.echo(f"pointsman: {error}", err=True)
        sys.exit(1)


async def _serve(settings: Settings) -> None:
    signals = StopSignals()
    hopeless = asyncio.Event()
    sys.setswitchinterval(SWITCH_SECONDS)
    with bind(settings) as listener:
        async with AsyncExitStack() as stack:
            with collector.paused():
                application = await stack.enter_async_context(open_application(settings, on_hopeless=hopeless.set))
            collector.keep_pauses_short()
            thawing = asyncio.create_task(collector.keep_thawing())
            stack.callback(thawing.cancel)
            if application.credentials is not None:
                click.echo(_shown_once(application.credentials))
            click.echo(f"Pointsman listens on {url_of(listener)}")
            server = make_server(application.asgi, settings, application.say_goodbye)
            signals.end(server)
            watch = asyncio.create_task(_end_when(hopeless, server))
            await server.serve(sockets=[listener])
            watch.cancel()
    if hopeless.is_set():
        raise JournalUnavailable(f"the journal could not be written for {settings.unavailable_exit_seconds} seconds")


async def _end_when(hopeless: asyncio.Event, server: uvicorn.Server) -> None:
    await hopeless.wait()
    server.should_exit = True


def _shown_once(credentials: FirstCredentials) -> str:
    return (
        "These credentials were made for the new data file and are shown only now:\n"
        f"  account  {credentials.account_sid}  auth token  {credentials.auth_token}\n"
        f"  API key  {credentials.key_sid}  secret      {credentials.key_secret}"
    )
