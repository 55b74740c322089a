"""What leaves the server by itself: event callbacks, read from the journal, and assignment callbacks, from the state."""
