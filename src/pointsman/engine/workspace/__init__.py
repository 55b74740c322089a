"""A workspace's engine: its tables, the commands on its resources, routing through workflows, and matching."""
