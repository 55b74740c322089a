"""Which task gets which worker: seats (workers), rosters (queues), pools of ready workers, lines of waiting tasks."""
