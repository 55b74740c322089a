"""What leaves by itself: event callbacks by a durable cursor in the journal, assignment callbacks by the state."""
