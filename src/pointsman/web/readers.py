"""What the doors read alike: a resource's parameters, as a form or a query has them or as a remote call does."""

from __future__ import annotations

from pointsman.domain.lifecycle import RESERVATION_STATES, TASK_STATES
from pointsman.domain.refusal import Refusal
from pointsman.operations.paging import PAGE_SIZE, PAGE_SIZE_MOST
from pointsman.operations.reservations import ReservationUpdate
from pointsman.operations.task_queues import TaskQueueFilter
from pointsman.operations.tasks import NewTask, TaskFilter, TaskUpdate
from pointsman.operations.transfers import NewTransfer, TransferUpdate
from pointsman.operations.workers import WorkerFilter, WorkerUpdate
from pointsman.web.parameters import Parameters

SIZE = 20007


def page_size(query: Parameters) -> int:
    """PageSize; 400/20007 above the most, 400 for what is no size."""
    size = query.whole("PageSize")
    if size is None:
        return PAGE_SIZE
    if size > PAGE_SIZE_MOST:
        raise Refusal(f"Page size must be at most {PAGE_SIZE_MOST}, but is {size}", code=SIZE)
    if size < 1:
        raise Refusal(f"PageSize must be between 1 and {PAGE_SIZE_MOST}, but is {size}")
    return size


def new_task(form: Parameters) -> NewTask:
    return NewTask(
        attributes=form.text("Attributes"),
        workflow_sid=form.sid("WorkflowSid", "WW"),
        timeout=form.whole("Timeout"),
        priority=form.whole("Priority"),
        task_channel=form.text("TaskChannel") or None,
        virtual_start_time=form.date("VirtualStartTime"),
        routing_target=form.sid("RoutingTarget", "WK", "WQ", "WW"),
        ignore_capacity=form.truth("IgnoreCapacity"),
        task_queue_sid=form.sid("TaskQueueSid", "WQ"),
    )


def task_update(form: Parameters, if_match: int | None) -> TaskUpdate:
    return TaskUpdate(
        if_match=if_match,
        attributes=form.text("Attributes"),
        assignment_status=form.choice("AssignmentStatus", TASK_STATES),
        reason=form.text("Reason"),
        priority=form.whole("Priority"),
        task_channel=form.text("TaskChannel") or None,
        virtual_start_time=form.date("VirtualStartTime"),
    )


def task_filter(query: Parameters) -> TaskFilter:
    return TaskFilter(
        priority=query.whole("Priority"),
        assignment_status=query.choices("AssignmentStatus", TASK_STATES),
        workflow_sid=query.sid("WorkflowSid", "WW"),
        workflow_name=query.text("WorkflowName") or None,
        task_queue_sid=query.sid("TaskQueueSid", "WQ"),
        task_queue_name=query.text("TaskQueueName") or None,
        evaluate_task_attributes=query.text("EvaluateTaskAttributes") or None,
        routing_target=query.text("RoutingTarget") or None,
        ordering=query.text("Ordering") or None,
        has_addons=query.boolean("HasAddons"),
    )


def worker_update(form: Parameters, if_match: int | None) -> WorkerUpdate:
    return WorkerUpdate(
        if_match=if_match,
        friendly_name=form.text("FriendlyName"),
        attributes=form.text("Attributes"),
        activity_sid=form.sid("ActivitySid", "WA"),
        reject_pending_reservations=form.boolean("RejectPendingReservations") or False,
    )


def worker_filter(query: Parameters) -> WorkerFilter:
    return WorkerFilter(
        activity_name=query.text("ActivityName") or None,
        activity_sid=query.sid("ActivitySid", "WA"),
        available=query.truth("Available"),
        friendly_name=query.text("FriendlyName") or None,
        target_workers_expression=query.text("TargetWorkersExpression") or None,
        task_queue_name=query.text("TaskQueueName") or None,
        task_queue_sid=query.sid("TaskQueueSid", "WQ"),
        ordering=query.text("Ordering") or None,
    )


def task_queue_filter(query: Parameters) -> TaskQueueFilter:
    return TaskQueueFilter(
        friendly_name=query.text("FriendlyName") or None,
        evaluate_worker_attributes=query.text("EvaluateWorkerAttributes") or None,
        worker_sid=query.sid("WorkerSid", "WK"),
        ordering=query.text("Ordering") or None,
    )


def reservation_update(form: Parameters, if_match: int | None) -> ReservationUpdate:
    return ReservationUpdate(
        if_match=if_match,
        reservation_status=form.choice("ReservationStatus", RESERVATION_STATES),
        worker_activity_sid=form.sid("WorkerActivitySid", "WA"),
        instruction=form.text("Instruction") or None,
    )


def new_transfer(form: Parameters) -> NewTransfer:
    return NewTransfer(
        reservation_sid=form.required("ReservationSid"),
        task_sid=form.required("TaskSid"),
        to=form.required("To"),
        mode=form.text("Mode") or None,
        attributes=form.text("Attributes"),
        priority=form.whole("Priority"),
    )


def transfer_update(form: Parameters) -> TransferUpdate:
    return TransferUpdate(transfer_status=form.required("TransferStatus"), task_sid=form.text("TaskSid") or None)
