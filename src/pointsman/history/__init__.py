"""What happened: queries over the journal, and the index and folds behind it that make them quick."""
