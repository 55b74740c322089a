"""An account's engine: its auth token and its API keys."""
