"""The command line: reads flags and environment, composes the rooms, and starts them."""
