"""Policies: paths against an independent matcher, filters, and that a denial wins."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pointsman.auth.policies import SEGMENTS_MOST, allowed, matches, read_policies

WORKER = "Workspaces/WS1/Workers/WK1"
BASE = "https://taskrouter.twilio.com/v1/"


def rule(url: str, method: str = "GET", **more: Any) -> dict[str, Any]:
    return {"url": url, "method": method} | more


def permits(policies: list[dict[str, Any]], method: str, path: str, **fields: Any) -> bool:
    return allowed(read_policies(policies), method, path, fields)


def naive(pattern: list[str], segments: list[str]) -> bool:
    """The same by recursion, slow and plain."""
    if not pattern:
        return not segments
    if pattern[0] == "**":
        return naive(pattern[1:], segments) or (bool(segments) and naive(pattern, segments[1:]))
    return bool(segments) and pattern[0] in ("*", segments[0]) and naive(pattern[1:], segments[1:])


letters = st.sampled_from(["a", "b", "c"])


@given(st.lists(letters | st.sampled_from(["*", "**"]), max_size=7), st.lists(letters, max_size=7))
def test_paths_match_as_by_recursion(pattern: list[str], segments: list[str]) -> None:
    assert matches(pattern, segments) == naive(pattern, segments)


@given(st.lists(letters | st.just("*"), min_size=1, max_size=7), st.lists(letters, min_size=1, max_size=7))
def test_without_depth_it_is_a_regular_expression(pattern: list[str], segments: list[str]) -> None:
    expression = "/".join("[^/]+" if part == "*" else part for part in pattern)
    assert matches(pattern, segments) == bool(re.fullmatch(expression, "/".join(segments)))


def test_the_worst_pattern_takes_no_time() -> None:
    (policy,) = read_policies([rule(BASE + "a/".join(["**/"] * 9) + "b")])
    for _ in range(2_000):  # by recursion each one takes a hundred thousand steps
        assert not matches(policy.path, ["v1", *["a"] * SEGMENTS_MOST])


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        (BASE + WORKER, WORKER, True),
        ("http://127.0.0.1:8010/v1/" + WORKER, WORKER, True),
        ("/v1/" + WORKER, WORKER, True),
        ("v1/" + WORKER, WORKER, True),
        (BASE + WORKER + "/", WORKER, True),
        (BASE + WORKER + "?PageSize=5", WORKER, True),
        (BASE + WORKER, WORKER + "/", True),
        (BASE + WORKER, "/" + WORKER, True),
        (BASE + WORKER, WORKER + "/Reservations", False),
        (BASE + WORKER, WORKER + "0", False),
        (BASE + WORKER, WORKER.lower(), False),
        (BASE + "Workspaces/WS1/Workers/*", WORKER, True),
        (BASE + "Workspaces/WS1/*", WORKER, False),
        (BASE + "Workspaces/*/Workers/WK1", WORKER, True),
        (BASE + WORKER + "/Reservations/**", WORKER + "/Reservations", True),
        (BASE + WORKER + "/Reservations/**", WORKER + "/Reservations/WR1", True),
        (BASE + WORKER + "/Reservations/**", WORKER, False),
        (BASE + "**/WK1", WORKER, True),
        (BASE + "**", WORKER, True),
        ("https://taskrouter.twilio.com/**", WORKER, True),
        ("https://taskrouter.twilio.com/v2/**", WORKER, False),
        ("https://taskrouter.twilio.com", WORKER, False),
        ("", WORKER, False),
        (BASE + "**", "/".join("x" * 40), False),
    ],
)
def test_only_the_path_counts(url: str, path: str, expected: bool) -> None:
    assert permits([rule(url)], "GET", path) is expected


def test_methods() -> None:
    policies = [rule(BASE + "**", "get"), rule(BASE + WORKER, "POST")]
    assert permits(policies, "GET", WORKER)
    assert permits(policies, "POST", WORKER)
    assert not permits(policies, "DELETE", WORKER)
    assert not permits([], "GET", WORKER)


def test_a_denial_wins_wherever_it_stands() -> None:
    policies = [rule(BASE + "**"), rule(BASE + WORKER, allow=False)]
    for order in (policies, policies[::-1]):
        assert not permits(order, "GET", WORKER)
        assert permits(order, "GET", WORKER + "/Reservations")


ACTIVITY = {"ActivitySid": {"required": True}}


@pytest.mark.parametrize(
    ("post_filter", "fields", "expected"),
    [
        (ACTIVITY, {"ActivitySid": ["WA1"]}, True),
        (ACTIVITY, {"ActivitySid": "WA1"}, True),
        (ACTIVITY, {}, False),
        (ACTIVITY, {"ActivitySid": [""]}, False),
        (ACTIVITY, {"ActivitySid": None}, False),
        (ACTIVITY, {"ActivitySid": ["WA1"], "RejectPendingReservations": ["true"]}, True),
        (ACTIVITY, {"ActivitySid": ["WA1"], "Attributes": ["{}"]}, False),
        ({"Attributes": {"required": True}}, {"Attributes": ["{}"], "RejectPendingReservations": ["true"]}, False),
        ({"Reason": {"required": False}}, {}, True),
        ({"Reason": {"required": False}}, {"Reason": ["x"]}, True),
        ({"Reason": {}}, {}, True),
        ({"Reason": {"required": False}}, {"Priority": ["1"]}, False),
        ({"AssignmentStatus": "completed"}, {"AssignmentStatus": ["completed"]}, True),
        ({"AssignmentStatus": "completed"}, {"AssignmentStatus": ["canceled"]}, False),
        ({"AssignmentStatus": "completed"}, {"AssignmentStatus": ["completed", "canceled"]}, False),
        ({"AssignmentStatus": "completed"}, {"AssignmentStatus": ["completed", ""]}, False),
        ({"AssignmentStatus": "completed"}, {}, False),
        (ACTIVITY, {"ActivitySid": ["WA1", ""]}, False),
        ({"Priority": 5}, {"Priority": ["5"]}, True),
        ({"Priority": 5}, {"Priority": 5}, True),
        ({"Hold": True}, {"Hold": ["true"]}, True),
        ({"Hold": True}, {"Hold": True}, True),
        ({"Hold": True}, {"Hold": False}, False),
        ({}, {"Anything": ["x"]}, True),
    ],
)
def test_filters_of_what_is_posted(post_filter: dict[str, Any], fields: dict[str, Any], expected: bool) -> None:
    assert permits([rule(BASE + WORKER, "POST", post_filter=post_filter)], "POST", WORKER, **fields) is expected


def test_filters_of_what_is_asked() -> None:
    policies = [rule(BASE + WORKER, query_filter={"Active": {"required": True}}, post_filter=ACTIVITY)]
    assert permits(policies, "GET", WORKER, Active=["true"])
    assert not permits(policies, "GET", WORKER)
    assert not permits(policies, "GET", WORKER, Active=["true"], PageSize=["5"])


def test_more_parameters_do_not_escape_a_denial() -> None:
    policies = [rule(BASE + "**", "POST"), rule(BASE + WORKER, "POST", allow=False, post_filter=ACTIVITY)]
    assert permits(policies, "POST", WORKER, Attributes=["{}"])
    assert not permits(policies, "POST", WORKER, ActivitySid=["WA1"], Attributes=["{}"])


@pytest.mark.parametrize("value", ["WA1", {"required": True}])
def test_repeated_parameters_do_not_escape_a_denial(value: Any) -> None:
    """The last value is the one that counts, but a list may read all of them."""
    denied = rule(BASE + WORKER, "POST", allow=False, post_filter={"ActivitySid": value})
    policies = [rule(BASE + "**", "POST"), denied]
    assert permits(policies, "POST", WORKER, ActivitySid=[""])
    for values in (["WA2", "WA1"], ["WA1", "WA2"], ["", "WA1"], ["WA1", ""]):
        assert not permits(policies, "POST", WORKER, ActivitySid=values)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (rule(BASE + "Workers/WK*"), "whole segments"),
        (rule(BASE + "Workers/***"), "whole segments"),
        (rule("x" * 501), "characters"),
        (rule("/a" * 21), "segments"),
        (rule(BASE, post_filter={"A": {"required": "yes"}}), "'A'"),
        (rule(BASE, post_filter={"A": {"equals": "yes"}}), "'A'"),
        (rule(BASE, query_filter={"A": ["yes"]}), "'A'"),
        (rule(BASE, query_filter={str(n): 1 for n in range(51)}), "parameters"),
        (rule(BASE, allow="no"), "cannot be read"),
        (rule(BASE, post_filter=[]), "cannot be read"),
        ({"url": BASE}, "method"),
        ("text", "cannot be read"),
    ],
)
def test_a_policy_that_cannot_be_understood_is_no_policy(wrong: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_policies([rule(BASE), wrong])
