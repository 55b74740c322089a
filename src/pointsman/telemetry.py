"""Logging: one line per noteworthy event on standard error, never one per request."""

import logging
import sys
from typing import Any

import structlog

_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


def configure_logging(json: bool | None = None, level: str = "info") -> None:
    """Send structlog's and the standard library's records to standard error in one form.

    `json`: JSON lines (True) or text for people (False); None chooses text on a terminal and JSON lines otherwise.
    `level`: debug, info, warning or error. Calling it again replaces the earlier set-up.
    """
    threshold = _LEVELS[level]
    stamp: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*stamp, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=stamp,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderer(json)],
        )
    )
    logging.basicConfig(handlers=[handler], level=threshold, force=True)


def _renderer(json: bool | None) -> list[Any]:
    terminal = sys.stderr.isatty()
    if json or (json is None and not terminal):
        return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    return [structlog.dev.ConsoleRenderer(colors=terminal)]
