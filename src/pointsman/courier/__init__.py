"""What leaves because something happened: event callbacks, read from the journal by a durable cursor."""
