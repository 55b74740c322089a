"""The `pointsman` command."""

import os
from collections.abc import Callable, Mapping
from typing import Any

import click

from pointsman import __version__
from pointsman.cli.token import token
from pointsman.settings import Settings, SettingsError, described, flag_name, variable_name
from pointsman.telemetry import configure_logging

DEMO_DEFAULTS = {"data": ":memory:", "log_level": "warning"}

# The bodies import what they start: `pointsman version` and `--help` need neither server nor demo.


def settings_options(**defaults: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command one flag per setting, credentials excepted; values stay text until Settings reads them.

    `defaults`: what this command shows as default in place of the setting's own.
    """

    def add_options(command: Callable[..., None]) -> Callable[..., None]:
        for name, default, setting in reversed(list(described())):
            if not setting.credential:
                shown = f"[{variable_name(name)}; default: {defaults.get(name, default) or 'none'}]"
                option = click.option(flag_name(name), metavar=setting.metavar, help=f"{setting.help}  {shown}")
                command = option(command)
        return command

    return add_options


def read_settings(flags: Mapping[str, object], env: Mapping[str, str] = os.environ) -> Settings:
    """The settings from flags and environment, with logging set up by them; a wrong one ends with exit code 2."""
    try:
        settings = Settings.from_environment(env, **flags)
    except SettingsError as error:
        raise click.UsageError(str(error)) from None
    configure_logging({"auto": None, "console": False, "json": True}[settings.log_format], settings.log_level)
    return settings


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 120})
def main() -> None:
    """Pointsman: a self-hosted task router, wire-compatible with Twilio TaskRouter.

    Each flag can also be given as an environment variable. The credentials of the first account come from the
    environment only: POINTSMAN_ACCOUNT_SID with POINTSMAN_AUTH_TOKEN, POINTSMAN_API_KEY_SID with
    POINTSMAN_API_KEY_SECRET; unset ones are generated for a new data file and printed once.
    """


@main.command()
@settings_options()
def serve(**flags: Any) -> None:
    """Start the server."""
    settings = read_settings(flags)
    from pointsman.cli.serve import run

    run(settings)


@main.command()
@settings_options(**DEMO_DEFAULTS)
@click.option("--agents", type=click.IntRange(1, 1_000), default=12, show_default=True, help="Simulated agents.")
@click.option("--seed", type=click.IntRange(0), default=None, help="Draw the same customers and agents each time.")
@click.option("--seconds", type=click.FloatRange(0), default=None, help="Stop by itself after so many seconds.")
@click.option("--headless", is_flag=True, help="Print a line a second, as without a terminal.")
def demo(agents: int, seed: int | None, seconds: float | None, headless: bool, **flags: Any) -> None:
    """Start the server with a small contact centre at work."""
    defaults = {variable_name(name): text for name, text in DEMO_DEFAULTS.items()}
    settings = read_settings(flags, defaults | {name: text for name, text in os.environ.items() if text})
    from pointsman.demo import run

    run(settings, agents=agents, seed=seed, seconds=seconds, headless=headless)


main.add_command(token)


@main.command()
def version() -> None:
    """Print the version."""
    click.echo(f"pointsman {__version__}")
