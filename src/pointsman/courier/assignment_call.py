"""One assignment callback: what is asked of the application, and what its answer means (events-voice-tokens.md 2)."""

from __future__ import annotations

from typing import Any, NamedTuple

import msgspec

from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import assignments
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.operations.instructions import TELEPHONY, no_telephony, read_instruction
from pointsman.outbound.client import Answer

RETRIEVAL = 11200
CONTENT_TYPE = 40000
NO_JSON = 40001
NO_INSTRUCTION = 40005


class Call(msgspec.Struct, frozen=True):
    """What is sent, and where to: the workflow's URL, then its fallback URL if there is one."""

    reservation_sid: str
    workflow_sid: str
    account_sid: str
    urls: tuple[str, ...]
    fields: dict[str, str]


class Reading(NamedTuple):
    """What an answer means. Without an outcome it is not valid, and the fallback URL is asked."""

    outcome: str = ""
    complaint: tuple[int, str] | None = None
    """Code and text of an alert."""
    activity_sid: str | None = None


def call_of(ws: WorkspaceEngine, sid: str) -> Call | None:
    """The callback of a reservation, None if none is due any more. Age and time are those of the assignment."""
    reservation = assignments.due(ws, sid)
    if reservation is None:
        return None
    workspace, workflow = ws.workspace(), ws.tables.workflows[reservation.workflow_sid]
    task, worker = ws.tables.tasks[reservation.task_sid], ws.tables.workers[reservation.worker_sid]
    urls = (workflow.assignment_callback_url, workflow.fallback_assignment_callback_url)
    fields = {
        "Timestamp": str(reservation.date_created // SECOND),
        "AccountSid": workspace.account_sid,
        "WorkspaceSid": workspace.sid,
        "WorkflowSid": workflow.sid,
        "TaskQueueSid": reservation.task_queue_sid,
        "WorkerSid": worker.sid,
        "WorkerAttributes": worker.attributes,
        "TaskSid": task.sid,
        "TaskAttributes": task.attributes,
        "TaskAge": str((reservation.date_created - task.date_created) // SECOND),
        "TaskPriority": str(task.priority),
        "ReservationSid": reservation.sid,
    }
    return Call(sid, workflow.sid, workspace.account_sid, tuple(url for url in urls if url), fields)


def read_answer(answer: Answer) -> Reading:
    """Only 200 may carry an instruction, in JSON; a success without a body leaves the reservation to the worker."""
    empty = not answer.body.strip()
    if not 200 <= answer.status < 300 or (answer.status != 200 and not empty):
        return Reading(complaint=(RETRIEVAL, f"The assignment callback was answered with status {answer.status}"))
    if empty:
        return Reading("manual")
    kind = answer.content_type.partition(";")[0].strip().lower()
    if kind != "application/json":
        text = f"The assignment callback's answer has the Content-Type '{kind[:100]}', not application/json"
        return Reading(complaint=(CONTENT_TYPE, text))
    try:
        value = msgspec.json.decode(answer.body)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        return Reading(complaint=(NO_JSON, "The assignment callback's answer is no JSON object"))
    return _read_object(value) if value else Reading("manual")


def _read_object(value: dict[str, Any]) -> Reading:
    """Keys that nobody knows are ignored."""
    instruction = value.get("instruction")
    if instruction is None:
        return Reading("invalid", (NO_INSTRUCTION, "The assignment callback's answer has no 'instruction'"))
    try:
        word = read_instruction(instruction if isinstance(instruction, str) else str(instruction))
    except Refusal as refusal:
        return Reading("invalid", (refusal.code, refusal.message))
    if word in TELEPHONY:
        return Reading("invalid", (TELEPHONY[word], no_telephony(word)))
    activity_sid = value.get("activity_sid") or None
    if word != "reject" or activity_sid is None:
        return Reading(word)
    if not isinstance(activity_sid, str):
        return Reading("invalid", (assignments.REJECT_ACTIVITY, "The 'activity_sid' of a reject is no text"))
    return Reading(word, activity_sid=activity_sid)
