"""Running the engines: clock, ids, turns, the commit loop, and the node that owns all streams of a journal."""
