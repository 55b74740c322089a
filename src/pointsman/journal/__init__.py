"""The journal: the truth that everything else is a fold of. Adapters are imported from their own modules."""

from pointsman.journal.port import (
    Batch,
    Done,
    Fenced,
    InDoubt,
    Journal,
    JournalClosed,
    JournalError,
    JournalLocked,
    JournalUnavailable,
    JournalUnreadable,
    Listing,
    Outcome,
    Row,
    Snapshot,
    StreamHead,
    Unavailable,
)

__all__ = [
    "Batch",
    "Done",
    "Fenced",
    "InDoubt",
    "Journal",
    "JournalClosed",
    "JournalError",
    "JournalLocked",
    "JournalUnavailable",
    "JournalUnreadable",
    "Listing",
    "Outcome",
    "Row",
    "Snapshot",
    "StreamHead",
    "Unavailable",
]
