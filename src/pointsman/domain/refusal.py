"""A refusal: a command that is answered with an error and changes nothing."""

from __future__ import annotations

INVALID = 20001
NOT_FOUND = 20404


class Refusal(Exception):
    """An error answer with Twilio's HTTP status, code and message."""

    def __init__(self, message: str, *, status: int = 400, code: int = INVALID) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.code = code


def not_found(path: str) -> Refusal:
    """404/20404; `path` is the resource's path below /v1."""
    return Refusal(f"The requested resource {path} was not found", status=404, code=NOT_FOUND)


def gone(message: str) -> Refusal:
    """410: the reservation ended before it was accepted (ruling 5)."""
    return Refusal(message, status=410, code=20410)


def stale(sid: str, expected: int, actual: int) -> Refusal:
    """412: If-Match named another version than the current one."""
    return Refusal(f"{sid} is at version {actual}, not {expected}", status=412, code=20412)
