"""The rules of ruling 14, on a virtual clock and without any I/O."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from heapq import heappop, heappush

from hypothesis import given
from hypothesis import strategies as st

from pointsman.courier.outbox import ASIDE_AFTER, PROBES_APART, Delivery, Outbox
from pointsman.courier.rules import LONGEST_PAUSE, OLDEST, Outcome
from pointsman.domain.entry import Event
from pointsman.domain.limits import SECOND
from pointsman.history.deliveries import Callbacks

OK, BROKEN, REFUSED = Outcome(204), Outcome(500, "", 11217, "no"), Outcome(404, "", 11217, "no")
DOWN, SLOW, FORBIDDEN = Outcome(kind="connect"), Outcome(kind="timeout"), Outcome(kind="forbidden")
BIRTH = 10**15


def delivery(seq: int, key: str = "a", at: int = BIRTH, url: str = "http://h/", n: int = 0) -> Delivery:
    return Delivery((seq, n), at, key, Callbacks("AC1", url), Event("task.created", "task", key, "", {}))


class World:
    """An endpoint on a virtual clock: `answer` says how a try ends and how long it takes."""

    def __init__(self, answer: Callable[[Delivery, int], tuple[Outcome, int]], limit: int = 32, seed: int = 1) -> None:
        self.now = BIRTH
        self.outbox = Outbox(limit, random.Random(seed))
        self.answer = answer
        self.tried: list[tuple[int, int]] = []
        """(seconds, seq) of every try."""
        self.delivered: list[tuple[int, int]] = []
        self.most = 0
        self._under_way: list[tuple[int, int, Delivery, Outcome]] = []
        self._count = 0

    def begin(self) -> None:
        while (delivery := self.outbox.begin(self.now)) is not None:
            assert delivery.place not in {each[2].place for each in self._under_way}
            self.tried.append(((self.now - BIRTH) // SECOND, delivery.place[0]))
            outcome, took = self.answer(delivery, self.now)
            self._count += 1
            heappush(self._under_way, (self.now + took, self._count, delivery, outcome))
            self.most = max(self.most, len(self._under_way))

    def run(self, seconds: float = 10**6) -> None:
        """Everything that happens within so many seconds."""
        until = self.now + round(seconds * SECOND)
        self.begin()
        while True:
            dues = [each for each in (self.outbox.next_due(),) if each is not None]
            ends = [self._under_way[0][0]] if self._under_way else []
            if (not dues and not ends) or min(dues + ends) > until:
                self.now = until
                return
            self.now = max(self.now, min(dues + ends))
            while self._under_way and self._under_way[0][0] <= self.now:
                _, _, delivery, outcome = heappop(self._under_way)
                self.outbox.ended(delivery, outcome, self.now)
                if outcome.delivered:
                    self.delivered.append(delivery.place[:2])
            self.begin()


def always(outcome: Outcome, took: int = 0) -> Callable[[Delivery, int], tuple[Outcome, int]]:
    return lambda delivery, now: (outcome, took)


def test_an_event_goes_out_once() -> None:
    world = World(always(OK))
    world.outbox.add(delivery(1))
    world.run()
    assert (world.delivered, world.outbox.pending, world.outbox.delivered) == ([(1, 0)], {}, 1)


def test_events_of_one_resource_wait_for_each_other_and_others_do_not() -> None:
    world = World(always(OK, SECOND))
    for seq, key in enumerate("aab", 1):
        world.outbox.add(delivery(seq, key))
    world.run()
    assert world.tried == [(0, 1), (0, 3), (1, 2)]


def test_what_may_begin_begins_in_the_order_of_the_journal() -> None:
    world = World(always(OK, SECOND), limit=2)
    for seq, key in enumerate("aabbc", 1):
        world.outbox.add(delivery(seq, key))
    world.run()
    assert world.tried == [(0, 1), (0, 3), (1, 2), (1, 4), (2, 5)]


def test_what_may_pass_is_tried_for_four_hours_with_growing_pauses() -> None:
    for outcome in (BROKEN, DOWN, SLOW, Outcome(429), Outcome(408), Outcome(425), Outcome(kind="closed")):
        world = World(always(outcome))
        world.outbox.add(delivery(1))
        world.run(OLDEST // SECOND - LONGEST_PAUSE // SECOND - 1)
        assert len(world.outbox.pending) == 1
        world.run()
        assert (world.outbox.failed, world.outbox.pending) == (1, {})
        times = [seconds for seconds, _ in world.tried]
        assert times[:3] == [0, 0, 1] or times[:3] == [0, 0, 0]
        assert OLDEST // SECOND / 60 < len(times) < OLDEST // SECOND / 30 + 10
        assert max(times) < OLDEST // SECOND


def test_what_is_refused_is_tried_three_times() -> None:
    for outcome in (REFUSED, Outcome(401), Outcome(410), Outcome(302), FORBIDDEN):
        world = World(always(outcome))
        world.outbox.add(delivery(1))
        world.outbox.add(delivery(2))
        world.run()
        assert [seq for _, seq in world.tried] == [1, 1, 1, 2, 2, 2]
        assert [lost.place for _, lost in world.outbox.given_up] == [(1, 0), (2, 0)]


def test_the_url_may_say_itself_what_is_tried_again() -> None:
    def tries(fragment: str, outcome: Outcome) -> int:
        world = World(always(outcome))
        world.outbox.add(delivery(1, url=f"http://h/#{fragment}"))
        world.run()
        return len(world.tried)

    assert tries("rc=0", DOWN) == 1
    assert tries("rc=3", DOWN) == 4
    assert tries("rc=3", BROKEN) == 1
    assert tries("rc=2&rp=5xx,rt", SLOW) == 3
    assert tries("rp=4xx", REFUSED) == 2
    assert 1 < tries("rc=5&rp=all&tt=1000", BROKEN) < 4  # the total time is over before the count
    assert tries("ct=200", BROKEN) > 100  # says nothing of retries


def test_an_event_that_is_too_old_is_given_up_untried() -> None:
    world = World(always(OK))
    world.outbox.add(delivery(1, at=BIRTH - OLDEST))
    world.outbox.add(delivery(2, at=BIRTH - OLDEST + 1))
    world.run()
    assert (world.tried, world.outbox.failed) == ([(0, 2)], 1)
    assert "4 hours" in world.outbox.given_up[0][1].last.text


def poisoned(seq: int) -> Callable[[Delivery, int], tuple[Outcome, int]]:
    return lambda delivery, now: (BROKEN if delivery.place[0] == seq else OK, SECOND // 10)


def test_an_event_that_fails_for_a_minute_while_others_pass_is_set_aside() -> None:
    world = World(poisoned(1))
    world.outbox.add(delivery(1, "a"))
    world.outbox.add(delivery(2, "a"))
    world.run(59)
    assert world.delivered == []
    world.outbox.add(delivery(3, "b"))
    world.run(3 * ASIDE_AFTER // SECOND)
    assert world.delivered == [(3, 0), (2, 0)]
    assert world.outbox.aside == 1
    world.run()
    assert (world.outbox.failed, world.outbox.aside) == (1, 0)
    assert max(seconds for seconds, seq in world.tried if seq == 1) > OLDEST // SECOND - 120


def test_while_nothing_passes_nothing_is_set_aside() -> None:
    world = World(always(DOWN))
    for seq in range(1, 5):
        world.outbox.add(delivery(seq, "ab"[seq % 2]))
    world.run(3600)
    assert (world.outbox.aside, {seq for _, seq in world.tried}) == (0, {1, 2})


def test_what_was_set_aside_leaves_places_to_the_others() -> None:
    """However many of them hang."""
    world = World(lambda each, now: (SLOW, 15 * SECOND) if each.key == "p" else (OK, SECOND // 10), limit=4)
    for seq in range(1, 21):
        aside = delivery(seq, "p")
        aside.aside = True
        world.outbox.add(aside)
    for seq in range(100, 1_000):
        world.outbox.add(delivery(seq, str(seq % 7)))
    world.run(60)
    assert len(world.delivered) == 900
    assert 20 > len({seq for _, seq in world.tried if seq < 100}) > 2


def test_an_endpoint_that_is_down_is_only_probed_and_comes_back_at_once() -> None:
    up = BIRTH + 1_200 * SECOND
    world = World(lambda each, now: (OK, 1) if now >= up else (SLOW, 15 * SECOND))
    for seq in range(1, 301):
        world.outbox.add(delivery(seq, str(seq)))
    world.run(600)
    early = len([seconds for seconds, _ in world.tried if seconds >= 60])
    assert early <= 600 / 15 + 2
    world.run(600 + 15 + PROBES_APART // SECOND + 16)
    assert len(world.delivered) == 300


outcomes = st.sampled_from([OK, OK, OK, BROKEN, DOWN, SLOW, REFUSED, Outcome(429), FORBIDDEN, Outcome(301)])


@given(
    keys=st.lists(st.sampled_from("abcdef"), min_size=1, max_size=60),
    script=st.lists(st.tuples(outcomes, st.integers(0, 15 * SECOND)), min_size=1, max_size=40),
    poison=st.sets(st.integers(1, 60), max_size=4),
    limit=st.integers(1, 8),
    fragment=st.sampled_from(["", "", "#rc=1", "#rc=3&rp=all"]),
    seed=st.integers(0, 9),
)
def test_every_event_is_delivered_or_given_up_by_the_rules_and_in_order(
    keys: list[str], script: list[tuple[Outcome, int]], poison: set[int], limit: int, fragment: str, seed: int
) -> None:
    count = iter(range(10**9))

    def answer(each: Delivery, now: int) -> tuple[Outcome, int]:
        outcome, took = script[next(count) % len(script)]
        return (BROKEN if each.place[0] in poison else outcome), took

    world = World(answer, limit, seed)
    for seq, key in enumerate(keys, 1):
        world.outbox.add(delivery(seq, key, url="http://h/" + fragment))
    asides: set[int] = set()
    for _ in range(5 * 60):  # five hours
        world.run(60)
        asides |= {each.place[0] for each in world.outbox.pending.values() if each.aside}
    done = [seq for seq, _ in world.delivered]
    given_up = {lost.place[0]: lost for _, lost in world.outbox.given_up}
    assert world.most <= limit
    assert sorted(done + list(given_up)) == list(range(1, len(keys) + 1)), "each once"
    assert (world.outbox.pending, world.outbox.aside, world.outbox.in_flight) == ({}, 0, 0)
    by_key: dict[str, list[int]] = defaultdict(list)
    for seq in done:
        if seq not in asides:
            by_key[keys[seq - 1]].append(seq)
    assert all(order == sorted(order) for order in by_key.values())
    for at, lost in world.outbox.given_up:
        is_old = at > BIRTH + OLDEST - LONGEST_PAUSE - 1
        patient = lost.last.may_pass and not fragment
        assert not patient or is_old, "given up too early"
        if not fragment and lost.tries and not lost.last.may_pass:
            assert lost.tries >= 3 or is_old, "it may have waited behind another for so long"


@given(
    st.lists(st.tuples(st.sampled_from("abc"), outcomes), min_size=1, max_size=200),
    st.integers(0, 30),
)
def test_a_new_process_goes_on_from_the_record(events: list[tuple[str, Outcome]], seconds: int) -> None:
    """Whatever is not done is in the list or beyond the seq; whatever is beyond it will be read again."""
    world = World(lambda each, now: (events[each.place[0] - 1][1], SECOND))
    for seq, (key, _) in enumerate(events, 1):
        world.outbox.add(delivery(seq, key))
    world.run(seconds)
    until, _, open = world.outbox.open_until(len(events), Callbacks())
    listed = {each.place[0] for each in open}
    done = set(range(1, len(events) + 1)) - {place[0] for place in world.outbox.pending}
    assert listed == {place[0] for place in world.outbox.pending if place[0] <= until}
    assert {seq for seq in done if seq > until} == set()
