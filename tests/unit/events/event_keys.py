"""Which form fields each of the 49 event types has: (always, only with a value). The envelope is in all of them.

The sets of worker.activity.update and reservation.* are those seen in real traffic (events-voice-tokens.md 1.3).
"""

Keys = tuple[frozenset[str], frozenset[str]]


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENVELOPE = words(
    """EventType AccountSid WorkspaceSid WorkspaceName OperatingUnitSid EventDescription ResourceType ResourceSid
    Timestamp TimestampMs Sid"""
)
NOTHING = words("")
ACTIVITY = words("ActivitySid ActivityName ActivityAvailable")
TASK_CHANNEL = words("TaskChannelSid TaskChannelName TaskChannelUniqueName TaskChannelOptimizedRouting")
TASK_QUEUE = words("TaskQueueSid TaskQueueName TaskQueueTargetExpression")
WORKFLOW = words("WorkflowSid WorkflowName")
WORKER = words("WorkerSid WorkerName WorkerAttributes WorkerActivitySid WorkerActivityName WorkerVersion")
PREVIOUS_ACTIVITY = words(
    """WorkerTimeInPreviousActivity WorkerTimeInPreviousActivityMs WorkerPreviousActivitySid
    WorkerPreviousActivityName"""
)
WORKER_CHANNEL = words(
    """WorkerChannelAvailable WorkerChannelAvailableCapacity WorkerChannelPreviousCapacity WorkerChannelTaskCount
    WorkerChannelCapacity WorkerChannelConsumedCapacity TaskChannelSid TaskChannelUniqueName"""
)
OFFERED_TASK = WORKFLOW | words(
    """TaskSid TaskAttributes TaskAge TaskPriority TaskAssignmentStatus TaskVersion TaskDateCreated TaskChannelSid
    TaskChannelUniqueName TaskVirtualStartTime TaskIgnoreCapacity"""
)
NEW_TASK = OFFERED_TASK | words("TaskTimeout")
TASK = NEW_TASK | TASK_QUEUE | words("TaskQueueEnteredDate TaskAgeInQueue")
ANY_TASK = words("TaskRoutingTarget Reason")
PREVIOUS_QUEUE = words("PreviousTaskQueueSid PreviousTaskQueueName PreviousTaskPriority TargetChangedReason")
STEP = words(
    "WorkflowFilterName WorkflowFilterExpression WorkflowFilterTargetName WorkflowFilterTargetExpression KnownWorkerSid"
)
CANCELED = words("Reason TaskCanceledReason")
COMPLETED = words("Reason TaskCompletedReason")
TRANSFER = words(
    """TaskTransferSid TransferType TransferMode TransferTo TransferStatus TransferStarted TransferInitiatingWorkerSid
    TransferInitiatingReservationSid"""
)
RESERVATION = (
    OFFERED_TASK | TASK_QUEUE | WORKER | words("TaskQueueEnteredDate ReservationSid ReservationVersion"),
    ANY_TASK
    | CANCELED
    | COMPLETED
    | TRANSFER
    | words("TransferFailedReason WorkerChannelCapacity WorkerChannelConsumedCapacity"),
)
ENTERED = (NEW_TASK, TASK | ANY_TASK)

KEYS: dict[str, Keys] = {
    "activity.created": (ACTIVITY, NOTHING),
    "activity.updated": (ACTIVITY, NOTHING),
    "activity.deleted": (ACTIVITY, NOTHING),
    "reservation.created": RESERVATION,
    "reservation.accepted": RESERVATION,
    "reservation.rejected": RESERVATION,
    "reservation.timeout": RESERVATION,
    "reservation.canceled": RESERVATION,
    "reservation.rescinded": RESERVATION,
    "reservation.completed": RESERVATION,
    "reservation.wrapup": RESERVATION,
    "reservation.failed": (OFFERED_TASK | TASK_QUEUE | CANCELED, ANY_TASK | words("TaskQueueEnteredDate")),
    "task.created": ENTERED,
    "task.updated": (NEW_TASK, TASK | ANY_TASK),
    "task.canceled": (NEW_TASK, TASK | ANY_TASK | CANCELED),
    "task.wrapup": (TASK, ANY_TASK),
    "task.completed": (TASK | COMPLETED, ANY_TASK),
    "task.deleted": (NEW_TASK, TASK | ANY_TASK | CANCELED | COMPLETED),
    "task.system-deleted": (TASK, ANY_TASK),
    "task.transfer-initiated": (TASK | TRANSFER, ANY_TASK),
    "task.transfer-attempt-failed": (TASK | TRANSFER | words("TransferFailedReason"), ANY_TASK),
    "task.transfer-failed": (TASK | TRANSFER | words("TransferFailedReason"), ANY_TASK),
    "task.transfer-canceled": (TASK | TRANSFER, ANY_TASK),
    "task.transfer-completed": (TASK | TRANSFER, ANY_TASK),
    "task-channel.created": (TASK_CHANNEL, NOTHING),
    "task-channel.updated": (TASK_CHANNEL, NOTHING),
    "task-channel.deleted": (TASK_CHANNEL, NOTHING),
    "task-queue.created": (TASK_QUEUE, NOTHING),
    "task-queue.deleted": (TASK_QUEUE, NOTHING),
    "task-queue.expression.updated": (TASK_QUEUE, NOTHING),
    "task-queue.entered": (TASK, ANY_TASK | PREVIOUS_QUEUE),
    "task-queue.timeout": (TASK, ANY_TASK),
    "task-queue.moved": (TASK | PREVIOUS_QUEUE, ANY_TASK),
    "worker.created": (WORKER, NOTHING),
    "worker.deleted": (WORKER, NOTHING),
    "worker.activity.update": (WORKER | PREVIOUS_ACTIVITY, NOTHING),
    "worker.attributes.update": (WORKER, NOTHING),
    "worker.capacity.update": (WORKER | WORKER_CHANNEL, NOTHING),
    "worker.channel.availability.update": (WORKER | WORKER_CHANNEL, NOTHING),
    "workflow.created": (WORKFLOW, NOTHING),
    "workflow.updated": (WORKFLOW, NOTHING),
    "workflow.deleted": (WORKFLOW, NOTHING),
    "workflow.entered": ENTERED,
    "workflow.target-matched": (TASK, ANY_TASK | PREVIOUS_QUEUE | STEP),
    "workflow.timeout": (NEW_TASK, TASK | ANY_TASK),
    "workflow.skipped": (NEW_TASK, TASK | ANY_TASK),
    "workspace.created": (NOTHING, NOTHING),
    "workspace.updated": (NOTHING, NOTHING),
    "workspace.deleted": (NOTHING, NOTHING),
}

REAL = {
    "worker.activity.update": words(
        """WorkerActivityName EventType ResourceType WorkerTimeInPreviousActivityMs Timestamp WorkerActivitySid
        WorkerPreviousActivitySid WorkerTimeInPreviousActivity AccountSid WorkerName Sid TimestampMs WorkerVersion
        WorkerSid WorkspaceSid WorkspaceName OperatingUnitSid WorkerPreviousActivityName EventDescription ResourceSid
        WorkerAttributes"""
    ),
    "reservation.created": words(
        """TaskPriority EventType WorkflowName Timestamp TaskAge TaskAssignmentStatus WorkerVersion TaskAttributes
        TaskVersion WorkerSid TaskChannelUniqueName WorkspaceName OperatingUnitSid TaskChannelSid TaskIgnoreCapacity
        TaskQueueEnteredDate TaskDateCreated WorkerActivityName ReservationSid ReservationVersion TaskVirtualStartTime
        WorkerChannelConsumedCapacity ResourceType TaskQueueName WorkerActivitySid WorkflowSid AccountSid WorkerName
        Sid TimestampMs TaskQueueTargetExpression WorkerChannelCapacity WorkspaceSid TaskQueueSid EventDescription
        TaskSid ResourceSid WorkerAttributes"""
    ),
}
"""Two sets as they came over the wire, to the letter."""
