"""An OpenAPI description of the TaskRouter routes that are served, made from the table of routes and the operations.

A POST's fields and a list's filters are the parameters of the operation behind it: its keyword arguments, and the
fields of the structs that it takes, in Twilio's spelling.
"""

from __future__ import annotations

import inspect
import sys
import types
import typing
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import msgspec

from pointsman.domain.lifecycle import RESERVATION_STATES, TASK_STATES
from pointsman.operations.statistics_window import StatisticsQuery, WorkerFilter
from pointsman.rest import statistics
from pointsman.rest.app import ROUTES, WORKSPACE
from pointsman.rest.resource import Resource

PREFIXES = {
    "workspace": "WS",
    "Activities": "WA",
    "TaskChannels": "TC",
    "Workers": "WK",
    "TaskQueues": "WQ",
    "Workflows": "WW",
    "Tasks": "WT",
    "Events": "EV",
    "Reservations": "WR",
    "Channels": "WC",
}
CHOICES = {
    "AssignmentStatus": TASK_STATES,
    "ReservationStatus": RESERVATION_STATES,
    "Template": ("NONE", "FIFO"),
    "TaskOrder": ("FIFO", "LIFO"),
    "PrioritizeQueueOrder": ("FIFO", "LIFO"),
    "Instruction": ("accept", "reject", "conference"),
    "Ordering": ("Priority:desc,DateCreated:asc", "DateStatusChanged:desc", "DateUpdated:asc"),
}
DATES = ("VirtualStartTime", "StartDate", "EndDate")
SIDS = {
    "WorkflowSid": "WW",
    "TaskQueueSid": "WQ",
    "WorkerSid": "WK",
    "TaskSid": "WT",
    "ReservationSid": "WR",
    "Sid": "EV",
}
"""The prefixes of parameters that are sids; all others are activities."""
WITH_VERSIONS = ("Workers", "Tasks", "TaskReservations", "WorkerReservations")
SUCCESS = {"create": 201, "delete": 204}
REFUSALS = (400, 401, 404, 405, 410, 412, 413)


class Operation(NamedTuple):
    """One method of one route; `parameters` are named as on the wire, with their type."""

    method: str
    path: str
    resource: type[Resource]
    verb: str
    parameters: dict[str, type]
    suffix: str | None = None
    """Of the method that answers, where a resource has several of a kind."""

    @property
    def name(self) -> str:
        return f"{self.verb}-{self.resource.__name__}" + (f"-{self.suffix}" if self.suffix else "")

    @property
    def has_if_match(self) -> bool:
        return self.resource.__name__ in WITH_VERSIONS and self.verb in ("update", "delete")

    @property
    def success(self) -> int:
        return SUCCESS.get(self.verb, 200)


def operations() -> list[Operation]:
    """Every operation below /v1/Workspaces."""
    found = [each for several, one, cls in ROUTES if one.startswith("/v1/W") for each in _of_route(several, one, cls)]
    return [*found, *_statistics()]


def _statistics() -> Iterator[Operation]:
    """Each takes what any of its kind does."""
    structs: list[type[msgspec.Struct]] = [StatisticsQuery, WorkerFilter]
    known = {_pascal(field.name): _plain(field.type) for kind in structs for field in msgspec.structs.fields(kind)}
    pages = {"PageSize": int, "Page": int, "PageToken": str}
    for place, cls, suffix in statistics.ROUTES:
        path = f"{WORKSPACE}/{place}"
        if suffix == "bulk":
            yield Operation("POST", path, cls, "calculate", {}, suffix)
        else:
            yield Operation("GET", path, cls, "listing", known | (pages if suffix == "list" else {}), suffix)


def _of_route(several: str | None, one: str, cls: type[Resource]) -> Iterator[Operation]:
    methods = [("get", "_list", "listing"), ("post", "_list", "create"), ("get", "", "fetch")]
    methods += [("post", "", "update"), ("delete", "", "delete")]
    for method, suffix, verb in methods:
        if hasattr(cls, f"on_{method}{suffix}"):
            path = several if suffix else one
            assert path is not None
            yield Operation(method.upper(), path, cls, verb, _parameters(cls, verb))


def _parameters(cls: type[Resource], verb: str) -> dict[str, type]:
    if verb in ("fetch", "delete"):
        return {}
    function = getattr(sys.modules[cls.__module__].operations, verb)
    known = dict(_typed(function))
    if verb != "listing":
        known.pop("IfMatch", None)
        return known
    filters = {name: known[name] for name in cls.filters}
    return filters | {"PageSize": int, "Page": int, "PageToken": str}


def _typed(function: Any) -> Iterator[tuple[str, type]]:
    """The wire's names of what a function takes, with their types."""
    for parameter in inspect.signature(function, eval_str=True).parameters.values():
        kind = parameter.annotation
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind.__name__ not in ("Caller", "Parent"):
            for field in msgspec.structs.fields(kind):
                yield _pascal(field.name), _plain(field.type)
        elif parameter.kind is parameter.KEYWORD_ONLY:
            yield _pascal(parameter.name), _plain(kind)


def _pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _plain(kind: Any) -> type:
    """`str | None` is str; a set of words is written as a str."""
    if isinstance(kind, types.UnionType) or typing.get_origin(kind) is typing.Union:
        kind = next(part for part in typing.get_args(kind) if part is not type(None))
    return kind if kind in (str, int, bool) else str


def describe(known: dict[str, list[str]] | None = None) -> dict[str, Any]:
    """The description; `known` holds sids by prefix, to be tried in paths and parameters."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations():
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, known or {})
    return {"openapi": "3.0.3", "info": {"title": "Pointsman", "version": "1"}, "paths": paths}


def _described(operation: Operation, known: dict[str, list[str]]) -> dict[str, Any]:
    fields = {name: schema(name, kind, known) for name, kind in operation.parameters.items()}
    parameters = [_path_parameter(name, prefix, known) for name, prefix in path_parameters(operation.path)]
    if operation.has_if_match:
        parameters.append({"name": "If-Match", "in": "header", "schema": {"type": "string", "pattern": "^[0-9]{1,4}$"}})
    described: dict[str, Any] = {"operationId": operation.name, "parameters": parameters}
    if operation.method == "GET":
        parameters += [{"name": name, "in": "query", "schema": each} for name, each in fields.items()]
    elif operation.method == "POST":
        form = {"schema": {"type": "object", "properties": fields, "additionalProperties": False}}
        described["requestBody"] = {"required": True, "content": {"application/x-www-form-urlencoded": form}}
    statuses = (operation.success, *REFUSALS)
    return described | {"responses": {str(status): {"description": str(status)} for status in statuses}}


def path_parameters(path: str) -> list[tuple[str, str]]:
    """The variables of a path with the sid prefix that belongs there."""
    parts = path.split("/")
    found = [(part[1:-1], before) for before, part in pairwise(parts) if part.startswith("{")]
    return [(name, PREFIXES["workspace" if name == "workspace" else noun]) for name, noun in found]


def _path_parameter(name: str, prefix: str, known: dict[str, list[str]]) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": _sid(prefix, known)}


def _sid(prefix: str, known: dict[str, list[str]]) -> dict[str, Any]:
    drawn = {"type": "string", "pattern": f"^{prefix}[0-9a-f]{{32}}$"}
    return {"anyOf": [{"enum": known[prefix]}, drawn]} if known.get(prefix) else drawn


def schema(name: str, kind: type, known: dict[str, list[str]]) -> dict[str, Any]:
    """What a parameter may hold."""
    if name in CHOICES:
        return {"type": "string", "enum": list(CHOICES[name])}
    if name in DATES:
        return {"type": "string", "format": "date-time"}
    if name.endswith("Sid"):
        return _sid(SIDS.get(name, "WA"), known)
    return {"type": {str: "string", int: "integer", bool: "boolean"}[kind]}
