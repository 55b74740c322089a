"""Entries to bytes and back. JSON, so that a journal can be read with any tool and by any later version."""

from __future__ import annotations

import msgspec

from pointsman.domain.entry import Entry
from pointsman.journal.port import JournalError

_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Entry)


class DamagedJournal(JournalError):
    """A row is no entry that this version knows; the text names stream and seq."""


def encode(entry: Entry) -> bytes:
    return _ENCODER.encode(entry)


def decode(body: bytes, stream: str = "", seq: int = 0) -> Entry:
    """Fields that this version does not know are passed over. Raises DamagedJournal."""
    try:
        return _DECODER.decode(body)
    except (ValueError, RecursionError) as error:
        raise DamagedJournal(f"{stream} entry {seq} cannot be read: {error}") from error
