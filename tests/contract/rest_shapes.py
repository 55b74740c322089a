"""The documented properties of every resource, and the links of those that have some (OpenAPI description, v1)."""

COMMON = {"account_sid", "date_created", "date_updated", "sid", "url"}
INNER = COMMON | {"workspace_sid"}
STATISTICS = {"statistics", "real_time_statistics", "cumulative_statistics"}

PROPERTIES: dict[str, set[str]] = {
    "workspace": COMMON
    | {
        "default_activity_name",
        "default_activity_sid",
        "event_callback_url",
        "events_filter",
        "friendly_name",
        "multi_task_enabled",
        "timeout_activity_name",
        "timeout_activity_sid",
        "prioritize_queue_order",
        "links",
    },
    "activity": INNER | {"available", "friendly_name", "links"},
    "task_channel": INNER | {"friendly_name", "unique_name", "channel_optimized_routing", "links"},
    "worker": INNER
    | {"activity_name", "activity_sid", "attributes", "available", "date_status_changed", "friendly_name", "links"},
    "worker_channel": INNER
    | {
        "assigned_tasks",
        "available",
        "available_capacity_percentage",
        "configured_capacity",
        "task_channel_sid",
        "task_channel_unique_name",
        "worker_sid",
    },
    "task_queue": INNER
    | {
        "assignment_activity_sid",
        "assignment_activity_name",
        "friendly_name",
        "max_reserved_workers",
        "reservation_activity_sid",
        "reservation_activity_name",
        "target_workers",
        "task_order",
        "links",
    },
    "workflow": INNER
    | {
        "assignment_callback_url",
        "configuration",
        "document_content_type",
        "fallback_assignment_callback_url",
        "friendly_name",
        "task_reservation_timeout",
        "links",
    },
    "task": INNER
    | {
        "age",
        "assignment_status",
        "attributes",
        "addons",
        "task_queue_entered_date",
        "priority",
        "reason",
        "task_queue_sid",
        "task_queue_friendly_name",
        "task_channel_sid",
        "task_channel_unique_name",
        "timeout",
        "workflow_sid",
        "workflow_friendly_name",
        "virtual_start_time",
        "ignore_capacity",
        "routing_target",
        "links",
    },
    "reservation": INNER | {"reservation_status", "task_sid", "worker_name", "worker_sid", "links"},
    "event": {
        "account_sid",
        "actor_sid",
        "actor_type",
        "actor_url",
        "description",
        "event_data",
        "event_date",
        "event_date_ms",
        "event_type",
        "resource_sid",
        "resource_type",
        "resource_url",
        "sid",
        "source",
        "source_ip_address",
        "url",
        "workspace_sid",
    },
}

LINKS: dict[str, set[str]] = {
    "workspace": STATISTICS | {"activities", "task_queues", "tasks", "workers", "workflows", "task_channels", "events"},
    "activity": {"workspace"},
    "task_channel": {"workspace"},
    "worker": STATISTICS
    | {"channels", "activity", "workspace", "worker_statistics", "worker_channels", "reservations"},
    "task_queue": STATISTICS
    | {
        "assignment_activity",
        "reservation_activity",
        "workspace",
        "list_statistics",
        "bulk_real_time_statistics",
    },
    "workflow": STATISTICS | {"workspace"},
    "task": {"task_queue", "workflow", "workspace", "reservations"},
    "reservation": {"task", "worker", "workspace"},
}
