"""Which task gets which worker: seats (workers), rosters (queues), pools of ready workers and lines of waiting tasks."""
