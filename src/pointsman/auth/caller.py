"""Who speaks through a door."""

from __future__ import annotations

import msgspec

from pointsman.auth.policies import Policy
from pointsman.domain.entry import Origin

WORKER, SUPERVISOR, ADMIN = "worker", "supervisor", "admin"
"""Roles of an AccessToken's grant."""
CAPABILITY = "capability"
"""What stands for a role in a capability token: its policies say what it may do."""


class Caller(msgspec.Struct, frozen=True):
    """An authenticated caller: it acts for `account_sid`; `actor` is the account, key or worker that spoke.

    The rest is set for tokens only: `role` is empty for the account's own credentials, which may do everything.
    """

    account_sid: str
    actor: str
    source: str = "api"
    ip: str = ""
    workspace_sid: str = ""
    worker_sid: str = ""
    role: str = ""
    policies: tuple[Policy, ...] | None = None
    expires_at: int = 0
    """Microseconds; 0 is never."""
    issuer: str = ""
    """The key or account whose secret signed the token; the token counts as long as that is known."""

    def origin(self) -> Origin:
        """The origin that the caller's commands are recorded with."""
        return Origin(actor=self.actor, source=self.source, ip=self.ip)
