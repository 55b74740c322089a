"""What happened: queries over the journal."""
