"""Every setting of a server with its default, its rule and its help text. Pure: reads and opens nothing."""

# ruff: noqa: RUF009 - `_setting` returns a dataclasses.field, made once

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, NamedTuple, Self, get_args
from urllib.parse import urlsplit

PREFIX = "POINTSMAN_"

Clock = Literal["real", "virtual"]
Limits = Literal["pointsman", "twilio"]
OnReservationFailure = Literal["fall_forward", "stay", "advance"]
IdleSince = Literal["reserved", "released"]
CallbackOrder = Literal["resource", "workspace"]
CallbackTargets = Literal["any", "public"]
LogFormat = Literal["auto", "console", "json"]
LogLevel = Literal["debug", "info", "warning", "error"]


class SettingsError(ValueError):
    """A setting has a value that cannot be used; the text names the flag or variable and says what is expected."""


class Setting(NamedTuple):
    """How one setting is read: `parse` takes the text and raises ValueError if it is not what `expects` says."""

    expects: str
    metavar: str
    parse: Callable[[str], Any]
    help: str = ""
    credential: bool = False  # only from the environment: a flag would show in the list of processes


def _whole(least: int, most: int) -> Setting:
    def parse(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,18}", text) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return Setting(f"a whole number from {least} to {most}", "N", parse)


def _one_of(literal: Any) -> Setting:
    words = get_args(literal)

    def parse(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return Setting("one of " + ", ".join(words), "|".join(words), parse)


def _pattern(pattern: str, expects: str, metavar: str = "TEXT", credential: bool = False) -> Setting:
    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError
        return text

    return Setting(expects, metavar, parse, credential=credential)


def _data(text: str) -> str:
    if "\0" in text or ("://" in text and not text.startswith("postgresql://")):
        raise ValueError
    return text


def _public_url(text: str) -> str:
    parts = urlsplit(text)
    _ = parts.port  # raises ValueError if it is no port
    if parts.scheme not in ("http", "https") or not parts.hostname or not re.fullmatch(r"[^\s?#@]+", text):
        raise ValueError
    return text.rstrip("/")


_DATA = Setting("a file name, :memory: or postgresql://…", "FILE|:memory:|postgresql://…", _data)
_PUBLIC_URL = Setting("http:// or https:// with a host, without user, query and fragment", "URL", _public_url)
_HOST = _pattern(r"[0-9A-Za-z.:%_-]+", "a host name or an address", "HOST")
_ACCOUNT_SID = _pattern(r"AC[0-9a-f]{32}", "AC and 32 digits of 0-9a-f", credential=True)
_API_KEY_SID = _pattern(r"SK[0-9a-f]{32}", "SK and 32 digits of 0-9a-f", credential=True)
_SECRET = _pattern(r"[!-~]{8,128}", "8 to 128 printable ASCII characters without spaces", credential=True)
_SECONDS = _whole(0, 31_536_000)


def _setting(default: Any, rule: Setting, text: str) -> Any:
    return field(default=default, repr=not rule.credential, metadata={"setting": rule._replace(help=text)})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The settings of one server. Read them with `from_environment`; the constructor checks nothing."""

    host: str = _setting("127.0.0.1", _HOST, "Address to listen on.")
    port: int = _setting(8010, _whole(0, 65_535), "TCP port to listen on; 0 lets the system choose.")
    data: str = _setting("pointsman.db", _DATA, "Where the journal is kept; :memory: forgets it. PostgreSQL: not yet.")
    clock: Clock = _setting("real", _one_of(Clock), "virtual: time stands still until the Clock resource advances it.")
    limits: Limits = _setting("pointsman", _one_of(Limits), "twilio: rate limits and caps, too; not enforced yet.")
    public_url: str | None = _setting(
        None, _PUBLIC_URL, "Base of absolute URLs in answers, instead of the request's host."
    )

    account_sid: str | None = _setting(None, _ACCOUNT_SID, "The first account's sid.")
    auth_token: str | None = _setting(None, _SECRET, "The first account's auth token.")
    api_key_sid: str | None = _setting(None, _API_KEY_SID, "The first API key's sid.")
    api_key_secret: str | None = _setting(None, _SECRET, "The first API key's secret.")

    on_reservation_failure: OnReservationFailure = _setting(
        "fall_forward",
        _one_of(OnReservationFailure),
        "Where a task goes whose reservation failed, if no worker can be reserved at its routing step now.",
    )
    idle_since: IdleSince = _setting(
        "reserved",
        _one_of(IdleSince),
        "A worker's idle time counts from the last reservation's creation, or from its end.",
    )
    reoffer_backoff_seconds: int = _setting(
        30, _whole(0, 3_600), "Longest pause before a task is offered again to a worker who let it fail; 0: none."
    )
    routing_target_sla_seconds: int = _setting(
        0, _SECONDS, "A task for one worker is canceled if it could not be reserved within so long; 0: it waits."
    )
    startup_grace_seconds: int = _setting(
        30, _SECONDS, "After a start, no reservation times out and no worker is set offline for so long."
    )
    task_removal_seconds: int = _setting(300, _SECONDS, "How long a finished task stays readable.")
    retention_days: int = _setting(30, _whole(1, 36_500), "How long events and snapshots are kept.")

    callback_order: CallbackOrder = _setting(
        "resource",
        _one_of(CallbackOrder),
        "Event callbacks are sent one after the other per task, worker or other resource, or per workspace.",
    )
    callback_concurrency: int = _setting(
        32, _whole(1, 1_000), "Event callbacks of one workspace that may be under way at a time."
    )
    callback_targets: CallbackTargets = _setting(
        "any",
        _one_of(CallbackTargets),
        "public: callbacks go to public addresses only, never into this machine's own networks.",
    )

    max_body_bytes: int = _setting(1_048_576, _whole(1_024, 1_073_741_824), "Largest request body; above it: 413.")
    max_undurable_facts: int = _setting(20_000, _whole(1, 10_000_000), "Facts that may wait for the disk; above: 503.")
    max_undurable_bytes: int = _setting(
        33_554_432, _whole(65_536, 17_179_869_184), "Bytes of facts that may wait for the disk; above: 503."
    )
    unavailable_exit_seconds: int = _setting(
        60, _SECONDS, "The process exits when the journal could not be written for so long."
    )

    caller_hold_ms: int = _setting(
        60, _whole(0, 1_000), "How long after its answer a worker's own sockets are told what its request caused."
    )
    max_sockets_per_channel: int = _setting(
        200, _whole(1, 100_000), "Sockets that a worker, workspace or task queue may have open at a time; above: 429."
    )

    log_format: LogFormat = _setting("auto", _one_of(LogFormat), "auto: console on a terminal, JSON lines otherwise.")
    log_level: LogLevel = _setting("info", _one_of(LogLevel), "The least level that is logged.")

    @classmethod
    def from_environment(cls, env: Mapping[str, str], **flags: object) -> Self:
        """The settings that flags and `POINTSMAN_…` variables give; a flag wins, None and an empty variable mean unset.

        Raises SettingsError naming the flag or variable, and TypeError for a flag that is no setting.
        """
        if unknown := flags.keys() - {name for name, _, _ in described()}:
            raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
        given = {name: _read(name, setting, env, flags.get(name)) for name, _, setting in described()}
        _require_pair(given, "account_sid", "auth_token")
        _require_pair(given, "api_key_sid", "api_key_secret")
        return cls(**{name: value for name, value in given.items() if value is not None})


def described() -> Iterator[tuple[str, Any, Setting]]:
    """Name, default and reading rule of each setting, in the order of declaration."""
    return ((each.name, each.default, each.metadata["setting"]) for each in fields(Settings))


def variable_name(name: str) -> str:
    """The environment variable of a setting: `port` → `POINTSMAN_PORT`."""
    return PREFIX + name.upper()


def flag_name(name: str) -> str:
    """The command line flag of a setting: `public_url` → `--public-url`."""
    return "--" + name.replace("_", "-")


def _read(name: str, setting: Setting, env: Mapping[str, str], flag: object) -> Any:
    source = variable_name(name) if flag is None else flag_name(name)
    text = env.get(variable_name(name), "") if flag is None else str(flag)
    if flag is None and not text:
        return None
    try:
        return setting.parse(text)
    except ValueError:
        shown = "" if setting.credential else f", got {text[:100]!r}"
        raise SettingsError(f"{source}: expected {setting.expects}{shown}") from None


def _require_pair(given: Mapping[str, object], sid: str, secret: str) -> None:
    if (given[sid] is None) != (given[secret] is None):
        raise SettingsError(f"{variable_name(sid)} and {variable_name(secret)}: set both, or neither")
