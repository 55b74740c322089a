"""What the router speaks of: nouns, lifecycles, facts, limits and refusals. No behaviour of its own, no I/O."""
