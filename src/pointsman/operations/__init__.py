"""What can be asked of the server, one file per resource: typed parameters in, neutral views out.

A view is a dict with snake_case keys, times in microseconds and no URLs; it is rendered within the command or query,
so it shows the state right after it. Each door translates views into its own dialect.
"""
