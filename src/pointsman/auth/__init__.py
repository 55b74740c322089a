"""Who may speak: credentials, the directory of accounts and keys, and the first account."""
