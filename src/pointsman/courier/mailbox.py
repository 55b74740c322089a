"""A workspace's stream as the courier reads it: entries in, deliveries out, and a standing to go on from."""

from __future__ import annotations

import random

import msgspec

from pointsman.courier.outbox import Delivery, Outbox
from pointsman.courier.rules import OLDEST, Outcome
from pointsman.domain import facts
from pointsman.domain.entry import Entry, event_sid
from pointsman.domain.nouns import Workspace
from pointsman.events.filtering import wants
from pointsman.history.deliveries import Callbacks, Failure, OpenEvent, Standing
from pointsman.history.events import ATTRIBUTES
from pointsman.journal import Journal
from pointsman.journal.envelope import decode
from pointsman.settings import Settings

SLICE = 200
TEXTS_MOST = 200
"""Attribute texts that are remembered, because the next events will likely refer to them, too."""


class _Picture(msgspec.Struct):
    """What of a snapshot says where events go."""

    workspace: Workspace | None = None


class Mailbox:
    """Reads one stream and keeps its outbox."""

    def __init__(self, stream: str, journal: Journal, settings: Settings, chance: random.Random) -> None:
        self.stream = stream
        self.outbox = Outbox(settings.callback_concurrency, chance)
        self.read = 0
        """The last seq that was read."""
        self.callbacks = Callbacks()
        """As of `read`."""
        self._seen = (0, Callbacks())
        """The furthest seq that was looked at, and where events go from there."""
        self._journal = journal
        self._one_key = settings.callback_order == "workspace"
        self._texts: dict[int, str] = {}
        self.silences = (0, 0)
        """For a virtual clock: during which Advance there was no answer, and how often in a row."""
        self.held = 0
        """How many of its events the courier has counted."""
        self.queued = False
        """It waits for its turn to begin something."""
        self.due: int | None = None
        """When it will be looked at again, if nothing happens before."""

    # -- taking up

    async def begin_at(self, now: int) -> None:
        """Take up a stream that has no standing: what is too old to be delivered is passed over."""
        await self._jump(await self._journal.seek(self.stream, now - OLDEST) - 1)

    async def restore(self, standing: Standing, head: int) -> None:
        """Go on from where an earlier process stood. A journal that ends before that is an older copy: from its end."""
        self.outbox.delivered, self.outbox.failed = standing.delivered, standing.failed
        if head < standing.seq:
            await self._jump(head)
            return
        self.read, self.callbacks = standing.seq, standing.callbacks
        self._see(self.read, self.callbacks)
        self.outbox.finished = (self.read, self.callbacks)
        bodies = await self._journal.pick(self.stream, sorted({each.seq for each in standing.open}))
        entries = {seq: decode(body, self.stream, seq) for seq, body in bodies.items()}
        texts = await self._texts_for(entries)
        for each in standing.open:
            entry = entries.get(each.seq)
            if entry is None or each.n >= len(entry.events):  # the retention has taken it
                self.outbox.failed += 1
                continue
            delivery = self._delivery(each.seq, each.n, entry, texts, Callbacks(each.account_sid, each.url))
            delivery.aside, delivery.tries, delivery.due, delivery.begun = each.aside, each.tries, each.due, each.begun
            delivery.failing_since, delivery.delivered_then = each.failing_since, each.delivered_then
            self.outbox.add(delivery)

    async def _jump(self, seq: int) -> None:
        """Stand behind `seq`, knowing where events go from there."""
        read, callbacks = 0, Callbacks()
        snapshot = await self._journal.latest_snapshot(self.stream, seq) if seq else None
        if snapshot is not None:
            read, callbacks = snapshot.seq, _callbacks_of(snapshot.body)
        while read < seq and (rows := await self._journal.read(self.stream, read, SLICE)):
            for row in rows:
                if row.seq <= seq:
                    callbacks = _folded(callbacks, decode(row.body, self.stream, row.seq))
                read = row.seq
        self.read, self.callbacks = seq, callbacks
        self._see(seq, callbacks)
        self.outbox.finished = max(self.outbox.finished, (seq, callbacks), key=lambda each: each[0])

    # -- reading on

    async def read_on(self) -> bool:
        """Put the next events into the outbox; False if there is nothing more to read now. Fails as a whole."""
        rows = await self._journal.read(self.stream, self.read, SLICE)
        if not rows:
            return False
        if rows[0].seq > self.read + 1:  # the retention was faster: it keeps a snapshot of that place
            await self._jump(rows[0].seq - 1)
        entries = {row.seq: decode(row.body, self.stream, row.seq) for row in rows}
        callbacks = self.callbacks
        wanted: list[tuple[int, int, Callbacks]] = []
        for seq, entry in entries.items():
            callbacks = _folded(callbacks, entry)
            if callbacks.url:
                wanted += [
                    (seq, n, callbacks) for n, event in enumerate(entry.events) if wants(callbacks.filter, event.type)
                ]
        texts = await self._texts_for({seq: entries[seq] for seq, _, _ in wanted}, entries)
        for seq, n, then in wanted:
            self.outbox.add(self._delivery(seq, n, entries[seq], texts, then))
        self.read, self.callbacks = rows[-1].seq, callbacks
        self._see(self.read, callbacks)
        return len(rows) == SLICE

    async def look_ahead(self) -> bool:
        """Only see where events are to go now, while the outbox is full; False if there is nothing more to see."""
        seq, callbacks = self._seen
        rows = await self._journal.read(self.stream, seq, SLICE)
        for row in rows:
            callbacks = _folded(callbacks, decode(row.body, self.stream, row.seq))
        if rows:
            self._see(rows[-1].seq, callbacks)
        return len(rows) == SLICE

    def _see(self, seq: int, callbacks: Callbacks) -> None:
        if seq >= self._seen[0]:
            self._seen = (seq, callbacks)
            self.outbox.turn_to(callbacks.url, seq)

    def _delivery(self, seq: int, n: int, entry: Entry, texts: dict[int, str], callbacks: Callbacks) -> Delivery:
        event = entry.events[n]
        key = "" if self._one_key else str(event.data.get("task_sid") or event.data.get("worker_sid") or "")
        return Delivery(
            (seq, n),
            entry.at,
            key if key or self._one_key else event.resource_sid,
            callbacks,
            event,
            {at: texts[at] for name, at in event.data.items() if name in ATTRIBUTES and at in texts},
        )

    async def _texts_for(self, entries: dict[int, Entry], more: dict[int, Entry] | None = None) -> dict[int, str]:
        """The attribute texts that the entries' events refer to, by seq; what is gone is left out."""
        seqs = {
            seq
            for entry in entries.values()
            for event in entry.events
            for name in ATTRIBUTES
            if isinstance(seq := event.data.get(name), int)
        }
        at_hand = more or entries
        found = {seq: text for seq in seqs if (text := self._text_at_hand(seq, at_hand)) is not None}
        if missing := seqs - found.keys():
            bodies = await self._journal.pick(self.stream, sorted(missing))
            for seq, body in bodies.items():
                if (text := _attributes(decode(body, self.stream, seq))) is not None:
                    found[seq] = text
        self._texts |= found
        while len(self._texts) > TEXTS_MOST:
            del self._texts[next(iter(self._texts))]
        return found

    def _text_at_hand(self, seq: int, entries: dict[int, Entry]) -> str | None:
        return _attributes(entries[seq]) if seq in entries else self._texts.get(seq)

    # -- for the record

    def standing(self) -> Standing:
        outbox = self.outbox
        seq, callbacks, open = outbox.open_until(self.read, self.callbacks)
        oldest = next(iter(outbox.pending.values()), None)
        return Standing(
            self.stream,
            seq,
            callbacks,
            [_open_event(delivery) for delivery in open],
            len(outbox.pending),
            outbox.aside,
            oldest.at if oldest else 0,
            outbox.delivered,
            outbox.failed,
            self.failure(*outbox.last_failure) if outbox.last_failure else None,
        )

    def failure(self, at: int, delivery: Delivery, outcome: Outcome) -> Failure:
        event = delivery.event
        return Failure(
            at,
            event_sid(self.stream, *delivery.place),
            event.type,
            delivery.at,
            event.resource_sid,
            delivery.callbacks.url,
            delivery.tries,
            outcome.status,
            outcome.code,
            outcome.text,
        )


def _callbacks_of(snapshot: bytes) -> Callbacks:
    workspace = msgspec.json.decode(snapshot, type=_Picture).workspace
    if workspace is None:
        return Callbacks()
    return Callbacks(workspace.account_sid, workspace.event_callback_url, workspace.events_filter or None)


def _folded(now: Callbacks, entry: Entry) -> Callbacks:
    """Where events go from this entry on, its own included."""
    fact = entry.fact
    if isinstance(fact, facts.WorkspaceCreated):
        return Callbacks(fact.account_sid, fact.event_callback_url, fact.events_filter or None)
    if isinstance(fact, facts.WorkspaceUpdated):
        url = now.url if fact.event_callback_url is None else fact.event_callback_url
        filter = now.filter if fact.events_filter is None else fact.events_filter or None
        return Callbacks(now.account_sid, url, filter)
    return now


def _open_event(delivery: Delivery) -> OpenEvent:
    return OpenEvent(
        *delivery.place,
        delivery.callbacks.url,
        delivery.callbacks.account_sid,
        delivery.aside,
        delivery.tries,
        delivery.due,
        delivery.begun,
        delivery.failing_since,
        delivery.delivered_then,
    )


def _attributes(entry: Entry) -> str | None:
    text: str | None = getattr(entry.fact, "attributes", None)
    return text
