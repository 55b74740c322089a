"""The fields of every statistics resource with their JSON types, as in the samples of the OpenAPI description (v1)."""

from __future__ import annotations

from typing import Any

HEADING = {"account_sid": str, "workspace_sid": str, "url": str}
DURATIONS = {"avg": int, "min": int, "max": int, "total": int}
SIDE = {"tasks_canceled": int, "reservations_accepted": int}
RESERVATIONS = dict.fromkeys(
    (
        "reservations_created",
        "reservations_accepted",
        "reservations_rejected",
        "reservations_timed_out",
        "reservations_canceled",
        "reservations_rescinded",
    ),
    int,
)
SPAN = {"start_time": str, "end_time": str}
ACTIVITIES = [{"sid": str, "friendly_name": str, "workers": int}]
WAITED: dict[str, Any] = {
    "tasks_canceled": int,
    "tasks_completed": int,
    "tasks_deleted": int,
    "tasks_moved": int,
    "wait_duration_until_accepted": DURATIONS,
    "wait_duration_until_canceled": DURATIONS,
    "split_by_wait_time": {"5": {"above": SIDE, "below": SIDE}, "10": {"above": SIDE, "below": SIDE}},
}
CUMULATIVE: dict[str, dict[str, Any]] = {
    "workspace": SPAN | RESERVATIONS | WAITED | {"tasks_created": int, "tasks_timed_out_in_workflow": int},
    "workflow": SPAN | RESERVATIONS | WAITED | {"tasks_entered": int, "tasks_timed_out_in_workflow": int},
    "queue": SPAN | RESERVATIONS | WAITED | {"tasks_entered": int, "wait_duration_in_queue_until_accepted": DURATIONS},
    "workers": SPAN | RESERVATIONS | {"activity_durations": [{"sid": str, "friendly_name": str, **DURATIONS}]},
}
TASKS: dict[str, Any] = {
    "longest_task_waiting_age": int,
    "longest_task_waiting_sid": str,
    "tasks_by_status": {"pending": int, "reserved": int, "assigned": int, "wrapping": int},
    "tasks_by_priority": {"0": int},
    "total_tasks": int,
}
QUEUE_BULK = TASKS | {
    "activity_statistics": ACTIVITIES,
    "total_available_workers": int,
    "total_eligible_workers": int,
}
REAL_TIME: dict[str, dict[str, Any]] = {
    "workspace": TASKS | {"activity_statistics": ACTIVITIES, "total_workers": int},
    "workflow": TASKS,
    "queue": QUEUE_BULK | {"longest_relative_task_age_in_queue": int, "longest_relative_task_sid_in_queue": str},
    "workers": {"activity_statistics": ACTIVITIES, "total_workers": int},
}


def cumulative(of: str) -> dict[str, Any]:
    """Alone: the average is a whole number."""
    mean = {} if of == "workers" else {"avg_task_acceptance_time": int}
    return HEADING | CUMULATIVE[of] | mean


def real_time(of: str) -> dict[str, Any]:
    return HEADING | REAL_TIME[of]


def combined(of: str) -> dict[str, Any]:
    mean = {} if of == "workers" else {"avg_task_acceptance_time": float}
    return HEADING | {"cumulative": CUMULATIVE[of] | mean, "realtime": REAL_TIME[of]}


def mismatches(shape: Any, value: Any, path: str = "") -> list[str]:
    """Where a value is not of the shape: fields too many or too few, or of another JSON type."""
    if isinstance(shape, dict):
        if not isinstance(value, dict) or shape.keys() != value.keys():
            return [f"{path}: {sorted(shape)} against {value}"]
        return [each for key in shape for each in mismatches(shape[key], value[key], f"{path}/{key}")]
    if isinstance(shape, list):
        if not isinstance(value, list) or not value:
            return [f"{path}: no list with something in it: {value}"]
        return [each for item in value for each in mismatches(shape[0], item, path)]
    return [] if type(value) is shape else [f"{path}: {shape.__name__} against {value!r}"]
