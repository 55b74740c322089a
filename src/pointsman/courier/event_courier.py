"""Delivers event callbacks: reads every workspace's stream, tries what its outbox says, and notes how far it is.

No workspace waits for another: each has its own outbox, read-ahead and share of what is under way.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from heapq import heappop, heappush

import structlog

from pointsman.courier.mailbox import Mailbox
from pointsman.courier.outbox import Delivery
from pointsman.courier.problems import OnProblem, Problem, Problems
from pointsman.courier.rules import Outcome
from pointsman.domain.entry import Entry, event_sid
from pointsman.engine.account.engine import AccountEngine
from pointsman.events.callback_form import form_of
from pointsman.history.deliveries import DeliveryBook, Failure
from pointsman.journal import Journal
from pointsman.outbound.client import Outbound, Unreachable
from pointsman.outbound.failures import RETRY_POLICY, problem_with
from pointsman.outbound.overrides import split
from pointsman.runtime.clock import Clock, RealClock
from pointsman.runtime.ids import random_sid
from pointsman.runtime.loading import replay
from pointsman.settings import Settings

log = structlog.get_logger(__name__)

TRY_SECONDS = 15.0
"""How long an application may take to answer (events-voice-tokens.md 1.2)."""
SAVE_SECONDS = 0.2
WINDOW, SMALL_WINDOW = 2_000, 64
"""Events of a workspace that are held in memory; the small one while all together hold WINDOWS_MOST."""
WINDOWS_MOST = 20_000
IN_FLIGHT_MOST = 1_000
MAILBOXES_KEPT = 1_000
READ_AT_ONCE = 8
SILENCES_MOST = 3
"""So often an endpoint is waited for in vain during one Advance of a virtual clock."""
PAUSE_SECONDS = 1.0
"""After something failed that should not."""
STREAMS_A_LOOK = 1_000
NEVER = 2**63
IDS = ("task_sid", "worker_sid", "reservation_sid", "task_queue_sid", "workflow_sid")
"""What a problem says of the event."""


class EventCourier:
    def __init__(
        self,
        journal: Journal,
        book: DeliveryBook,
        outbound: Outbound,
        clock: Clock,
        settings: Settings,
        on_problem: OnProblem = lambda problem: None,
        advances: Callable[[], int] = lambda: 0,
    ) -> None:
        """`advances`: how often a virtual clock was told to move on."""
        self._journal = journal
        self._book = book
        self._outbound = outbound
        self._clock = clock
        self._settings = settings
        self._problems = Problems(on_problem)
        self._advances = advances
        self._chance = random.Random()
        self._mailboxes: dict[str, Mailbox] = {}
        self._unread: dict[str, None] = {}
        """Streams that may have something to read."""
        self._full: set[str] = set()
        """Those of which no more is read until their outbox has room."""
        self._startable: deque[Mailbox] = deque()
        self._dues: list[tuple[int, str]] = []
        self._changed: dict[str, Mailbox] = {}
        self._given_up: list[tuple[str, Failure]] = []
        self._tokens: dict[str, str] = {}
        self._tries: set[asyncio.Task[None]] = set()
        self._held = 0
        self._saved_at = 0.0
        self._sleeps_until = NEVER
        self._stopping = False
        self._wake = asyncio.Event()
        self._at_rest = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None

    # -- life

    async def start(self) -> None:
        """Take up whatever stream has more than was delivered."""
        after = ""
        while heads := await self._journal.streams(after, STREAMS_A_LOOK):
            for head in heads:
                if head.stream.startswith("WS") and head.head:
                    standing = self._book.standing(head.stream)
                    if standing is None or standing.seq != head.head or standing.open:
                        self._unread[head.stream] = None
            after = heads[-1].stream
        self._loop = asyncio.create_task(self._run())

    async def stop(self, patience: float = 5.0) -> None:
        """Begin nothing more, let what is under way end, break off what takes longer, and note how far it came."""
        self._stopping = True
        if self._loop is not None:
            self._loop.cancel()
            await asyncio.gather(self._loop, return_exceptions=True)
        if self._tries:
            await asyncio.wait(self._tries, timeout=patience)
            for each in self._tries:
                each.cancel()
            await asyncio.gather(*self._tries, return_exceptions=True)
        self._save()

    def decided(
        self, stream: str, first_seq: int, entries: Sequence[Entry], texts: Mapping[int, str]
    ) -> Callable[[], None]:
        """As a listener of a node's live feed: it is poked when the entries are durable."""
        return lambda: self.poke(stream)

    def poke(self, stream: str) -> None:
        """The stream has more entries on disk."""
        if stream.startswith("WS"):
            self._unread[stream] = None
        else:
            self._tokens.pop(stream, None)
        self._look_again()

    def _look_again(self) -> None:
        self._at_rest.clear()
        self._wake.set()

    async def idle(self) -> None:
        """Return when all is read and nothing that is due now is left to be tried."""
        await asyncio.sleep(0)  # a poke may be on its way
        self._look_again()
        await self._at_rest.wait()

    def next_due(self) -> int | None:
        """When something is to be tried again; microseconds of the clock."""
        return self._dues[0][0] if self._dues else None

    # -- the loop

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._step()
                if not self._wake.is_set() and not self._unread:
                    await self._rest()
            except Exception:  # the disk may be full: nothing is lost by waiting
                log.exception("courier.failed")
                self._at_rest.set()
                await asyncio.sleep(PAUSE_SECONDS)

    async def _step(self) -> None:
        await self._read()
        self._wake_due()
        self._begin()
        if asyncio.get_running_loop().time() - self._saved_at >= SAVE_SECONDS:
            self._save()

    async def _rest(self) -> None:
        """Sleep until a poke, the end of a try, or the next due time or saving."""
        if not self._tries:
            self._save()
            self._at_rest.set()
        seconds: float | None = SAVE_SECONDS if self._changed or self._tries else None
        if isinstance(self._clock, RealClock) and self._dues:
            due = max(0.0, (self._dues[0][0] - self._clock.now()) / 1_000_000)
            seconds = due if seconds is None else min(seconds, due)
        self._sleeps_until = self._dues[0][0] if self._dues else NEVER
        try:
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        except TimeoutError:
            pass

    # -- reading

    async def _read(self) -> None:
        """One slice of some streams, in turn. One that cannot be read is tried again later, and holds up no other."""
        now = list(self._unread)[:READ_AT_ONCE]
        for stream in now:
            del self._unread[stream]
        failures = await asyncio.gather(*map(self._read_one, now), return_exceptions=True)
        for stream, failure in zip(now, failures, strict=True):
            if isinstance(failure, Exception):
                log.error("courier.stream-unread", stream=stream, error=repr(failure))
                asyncio.get_running_loop().call_later(PAUSE_SECONDS, self.poke, stream)

    async def _read_one(self, stream: str) -> None:
        mailbox = self._mailboxes.get(stream) or await self._take_up(stream)
        if len(mailbox.outbox.pending) >= (WINDOW if self._held < WINDOWS_MOST else SMALL_WINDOW):
            self._full.add(stream)
            if await mailbox.look_ahead():
                self._unread[stream] = None
            self._note(mailbox)  # a new URL may have made something due
            return
        before = mailbox.read
        more = await mailbox.read_on()
        if more:
            self._unread[stream] = None
        if mailbox.read != before:
            self._note(mailbox)

    async def _take_up(self, stream: str) -> Mailbox:
        mailbox = Mailbox(stream, self._journal, self._settings, self._chance)
        standing = self._book.standing(stream)
        if standing is None:
            await mailbox.begin_at(self._clock.now())
        else:
            head = await self._journal.find(stream)
            await mailbox.restore(standing, head.head if head else 0)
        self._mailboxes[stream] = mailbox
        self._note(mailbox)
        return mailbox

    # -- trying

    def _note(self, mailbox: Mailbox) -> None:
        """The mailbox has changed: see whether it can begin something, and when it must be looked at again."""
        outbox = mailbox.outbox
        self._changed[mailbox.stream] = mailbox
        can_begin = outbox.can_begin(self._clock.now())
        self._count(mailbox)
        if can_begin:  # it is looked at again when it has begun
            if not mailbox.queued:
                mailbox.queued = True
                self._startable.append(mailbox)
            return
        due = outbox.next_due()
        if due is not None and (mailbox.due is None or due < mailbox.due):
            mailbox.due = due
            heappush(self._dues, (due, mailbox.stream))

    def _count(self, mailbox: Mailbox) -> None:
        """Keep the sum of what is held, go on reading where there is room again, and take over what was given up."""
        held = len(mailbox.outbox.pending)
        self._held += held - mailbox.held
        if held < mailbox.held and mailbox.stream in self._full:
            self._full.discard(mailbox.stream)
            self._unread[mailbox.stream] = None
        mailbox.held = held
        if given_up := mailbox.outbox.given_up:
            failures = [mailbox.failure(at, delivery, delivery.last) for at, delivery in given_up]
            self._given_up += [(mailbox.stream, failure) for failure in failures]
            given_up.clear()

    def _wake_due(self) -> None:
        now = self._clock.now()
        while self._dues and self._dues[0][0] <= now:
            mailbox = self._mailboxes.get(heappop(self._dues)[1])
            if mailbox is not None:
                mailbox.due = None
                self._note(mailbox)

    def _begin(self) -> None:
        """One try of each mailbox in turn, while there is room."""
        now = self._clock.now()
        while self._startable and len(self._tries) < IN_FLIGHT_MOST:
            mailbox = self._startable.popleft()
            delivery = mailbox.outbox.begin(now)
            mailbox.queued = False
            if delivery is not None:
                task = asyncio.create_task(self._try(mailbox, delivery))
                self._tries.add(task)
                task.add_done_callback(self._leave)
            self._note(mailbox)

    async def _try(self, mailbox: Mailbox, delivery: Delivery) -> None:
        try:
            outcome = self._silence(mailbox, delivery) or await self._deliver(mailbox, delivery)
        except asyncio.CancelledError:
            mailbox.outbox.interrupted(delivery)
            raise
        except Exception as error:  # neither a damaged journal nor a mistake of ours may stop the others
            log.exception("callback.failed", stream=mailbox.stream, place=delivery.place)
            outcome = Outcome(kind="forbidden", text=f"It could not be sent: {error}")
        now = self._clock.now()
        if outcome.status == 0:
            advance, silences = mailbox.silences
            mailbox.silences = (self._advances(), silences + 1 if advance == self._advances() else 1)
        else:
            mailbox.silences = (0, 0)
        mailbox.outbox.ended(delivery, outcome, now)
        if not outcome.delivered:
            self._problems.note(_problem(mailbox.stream, delivery, outcome, now))
        self._note(mailbox)

    def _leave(self, task: asyncio.Task[None]) -> None:
        """A try is over: the next begins at once. The loop need not know, unless it has something to do."""
        self._tries.discard(task)
        if not self._stopping:
            self._begin()
        if not self._tries or self._unread or (self._dues and self._dues[0][0] < self._sleeps_until):
            self._wake.set()

    def _silence(self, mailbox: Mailbox, delivery: Delivery) -> Outcome | None:
        """On a virtual clock, hours of retries pass in one Advance: who was silent a moment ago is so until its end."""
        advance, silences = mailbox.silences
        virtual = not isinstance(self._clock, RealClock)
        known = virtual and silences >= SILENCES_MOST and advance == self._advances() and delivery.tries > 1
        return delivery.last if known and delivery.last.status == 0 and delivery.last.kind else None

    async def _deliver(self, mailbox: Mailbox, delivery: Delivery) -> Outcome:
        callbacks = delivery.callbacks
        if ignored := split(callbacks.url)[1].ignored:
            text = f"Connection overrides that cannot be understood: {', '.join(ignored)}"
            self._problems.note(
                _problem(mailbox.stream, delivery, Outcome(code=RETRY_POLICY, text=text), self._clock.now())
            )
        token = self._tokens.get(callbacks.account_sid) or await self._token(callbacks.account_sid)
        sid = event_sid(mailbox.stream, *delivery.place)
        form = form_of(delivery.event, sid=sid, at=delivery.at, account_sid=callbacks.account_sid, texts=delivery.texts)
        try:
            answer = await self._outbound.post(
                callbacks.url, form, auth_token=token, timeout=TRY_SECONDS, idempotency_token=sid
            )
        except Unreachable as error:
            return Outcome(0, error.kind, error.code, error.text)
        if 200 <= answer.status < 300:
            return Outcome(answer.status)
        return Outcome(answer.status, "", *problem_with(answer.status))

    async def _token(self, account_sid: str) -> str:
        """The account's auth token, which signs; read again when the account's stream has grown."""
        engine = AccountEngine(account_sid, self._settings, random_sid)
        await replay(self._journal, engine)
        if engine.tables.account is None:
            raise LookupError(f"{account_sid} is no account")
        self._tokens[account_sid] = engine.tables.account.auth_token
        return self._tokens[account_sid]

    # -- for the record

    def _save(self) -> None:
        """Note how far everything is. What is lost with the process since is delivered once more."""
        self._saved_at = asyncio.get_running_loop().time()
        if not self._changed and not self._given_up:
            return
        self._book.save([mailbox.standing() for mailbox in self._changed.values()], self._given_up)
        changed, self._changed, self._given_up = self._changed, {}, []
        if len(self._mailboxes) > MAILBOXES_KEPT:
            for stream, mailbox in changed.items():
                if not mailbox.outbox.pending and stream not in self._unread and not mailbox.queued:
                    self._mailboxes.pop(stream, None)


def _problem(stream: str, delivery: Delivery, outcome: Outcome, now: int) -> Problem:
    event = delivery.event
    sids = {name: str(event.data.get(name) or "") for name in IDS}
    return Problem(
        stream=stream,
        code=outcome.code,
        text=outcome.text,
        url=delivery.callbacks.url,
        at=now,
        event_sid=event_sid(stream, *delivery.place),
        event_type=event.type,
        sids={name: sid for name, sid in sids.items() if sid},
    )
