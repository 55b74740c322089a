"""Policies of capability tokens: which requests a token allows, by path, method and parameters.

A policy's URL names Twilio's hosts, whoever serves it, so its path alone counts. In it `*` stands for one segment and
`**` for any number of segments, none included: a worker lists its reservations under `…/Reservations/**`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

POLICIES_MOST = 100
URL_CHARACTERS = 500
SEGMENTS_MOST = 20
FILTER_FIELDS_MOST = 50

Fields = Mapping[str, Any]
"""A request's parameters: a form's lists of texts, or the JSON values of an RPC."""

COMPANIONS = {"RejectPendingReservations": "ActivitySid"}
"""Parameters that only say how another one is carried out: allowed wherever that one is."""


class Requirement(msgspec.Struct, frozen=True, gc=False):
    """What a filter asks of one parameter: that it is there, and if `value` is given, that it is equal to it."""

    name: str
    required: bool
    value: str | None = None

    def holds(self, fields: Fields, allows: bool) -> bool:
        """Of a parameter with several values all must fit what allows, and one is enough for what denies."""
        found = texts_of(fields, self.name)
        fits = (bool(text) if self.value is None else text == self.value for text in found)
        if self.value is None and not self.required:
            return True
        return bool(found) and (all(fits) if allows else any(fits))


Filter = tuple[Requirement, ...]


class Policy(msgspec.Struct, frozen=True):
    """One policy; `path` holds the segments below the host, the version among them."""

    path: tuple[str, ...]
    method: str
    allow: bool = True
    query_filter: Filter = ()
    post_filter: Filter = ()

    def covers(self, method: str, segments: Sequence[str], fields: Fields) -> bool:
        """Whether it speaks of the request.

        A filter that allows is a closed list: a parameter that it does not name is not allowed by it. One that denies
        is open, or an additional parameter would escape it.
        """
        if method != self.method or not matches(self.path, segments):
            return False
        asked, other = (self.post_filter, self.query_filter) if method == "POST" else (self.query_filter, ())
        if not all(requirement.holds(fields, self.allow) for requirement in asked):
            return False
        if not all(requirement.holds({}, self.allow) for requirement in other):
            return False
        return not (self.allow and asked) or _names_all(asked, fields)


def allowed(policies: tuple[Policy, ...], method: str, path: str, fields: Fields) -> bool:
    """Whether the policies allow a request for `path`, below /v1. A policy that denies wins over all that allow."""
    segments = ("v1", *segments_of(path))
    if len(segments) > SEGMENTS_MOST:
        return False
    covering = [policy.allow for policy in policies if policy.covers(method.upper(), segments, fields)]
    return bool(covering) and all(covering)


def segments_of(path: str) -> list[str]:
    """The segments of a path, without a slash at either end."""
    return path.removeprefix("/").removesuffix("/").split("/")


def matches(pattern: Sequence[str], segments: Sequence[str]) -> bool:
    """Whether a pattern matches all segments; takes at most pattern times segments steps."""
    reached = {0}
    for part in pattern:
        if part == "**":
            reached = set(range(min(reached), len(segments) + 1))
        else:
            reached = {n + 1 for n in reached if n < len(segments) and part in ("*", segments[n])}
        if not reached:
            return False
    return len(segments) in reached


def texts_of(fields: Fields, name: str) -> list[str]:
    """The values of a parameter as texts; none if all are empty, because those count as absent to whoever reads them.

    An empty one beside others stays: the last value is the one that is read.
    """
    value = fields.get(name)
    texts = [_text(each) for each in (value if isinstance(value, list) else [value])]
    return texts if any(texts) else []


def read_policies(raw: Sequence[Any]) -> tuple[Policy, ...]:
    """The policies of a token's payload. Raises ValueError if one cannot be understood."""
    if len(raw) > POLICIES_MOST:
        raise ValueError(f"a token may have at most {POLICIES_MOST} policies, but this one has {len(raw)}")
    return tuple(_policy(each) for each in raw)


class _Raw(msgspec.Struct):
    url: str
    method: str
    allow: bool = True
    query_filter: dict[str, Any] | None = None
    post_filter: dict[str, Any] | None = None


def _policy(raw: Any) -> Policy:
    try:
        read = msgspec.convert(raw, _Raw)
    except msgspec.ValidationError as error:
        raise ValueError(f"a policy cannot be read: {error}") from None
    if len(read.url) > URL_CHARACTERS:
        raise ValueError(f"a policy's url may have at most {URL_CHARACTERS} characters")
    return Policy(
        path=_pattern(read.url),
        method=read.method.upper(),
        allow=read.allow,
        query_filter=_filter(read.query_filter or {}),
        post_filter=_filter(read.post_filter or {}),
    )


def _pattern(url: str) -> tuple[str, ...]:
    """The path of the URL as segments; of two `**` in a row one is enough."""
    host_and_path = url.partition("://")[2] if "://" in url else "/" + url.removeprefix("/")
    path = host_and_path.partition("/")[2].partition("?")[0].partition("#")[0]
    segments = segments_of(path)
    for segment in segments:
        if "*" in segment and segment not in ("*", "**"):
            raise ValueError(f"a policy's url may hold * and ** as whole segments only, but has '{segment[:100]}'")
    pattern = [part for n, part in enumerate(segments) if part != "**" or segments[n - 1 : n] != ["**"]]
    if len(pattern) > SEGMENTS_MOST:
        raise ValueError(f"a policy's url may have at most {SEGMENTS_MOST} segments")
    return tuple(pattern)


def _filter(raw: dict[str, Any]) -> Filter:
    if len(raw) > FILTER_FIELDS_MOST:
        raise ValueError(f"a policy's filter may name at most {FILTER_FIELDS_MOST} parameters")
    return tuple(_requirement(name, value) for name, value in raw.items())


def _requirement(name: str, raw: Any) -> Requirement:
    if isinstance(raw, dict):
        if raw.keys() - {"required"} or not isinstance(raw.get("required", False), bool):
            raise ValueError(f"a policy's filter for '{name[:100]}' must be {{\"required\": true or false}} or a value")
        return Requirement(name, bool(raw.get("required", False)))
    if isinstance(raw, list) or raw is None:
        raise ValueError(f"a policy's filter for '{name[:100]}' must be {{\"required\": true or false}} or a value")
    return Requirement(name, True, _text(raw))


def _names_all(asked: Filter, fields: Fields) -> bool:
    named = {requirement.name for requirement in asked}
    return all(name in named or COMPANIONS.get(name) in named for name in fields)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)
