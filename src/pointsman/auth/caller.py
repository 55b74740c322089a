"""Who speaks through a door."""

from __future__ import annotations

import msgspec

from pointsman.domain.entry import Origin


class Caller(msgspec.Struct, frozen=True):
    """An authenticated caller: it acts for `account_sid`; `actor` is the account, key or worker that spoke."""

    account_sid: str
    actor: str
    source: str = "api"
    ip: str = ""

    def origin(self) -> Origin:
        """The origin that the caller's commands are recorded with."""
        return Origin(actor=self.actor, source=self.source, ip=self.ip)
