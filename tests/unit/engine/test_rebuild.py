"""An engine that is rebuilt from the journal, or from a snapshot and the rest of it, is the one that wrote it."""

import copy
from dataclasses import replace

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.domain.entry import SYSTEM, Entry
from pointsman.engine.workspace import task_queues
from pointsman.engine.workspace.engine import WorkspaceEngine
from pointsman.engine.workspace.tables import Picture

from .driver import STREAM, Centre, CountedIds
from .play import Play, histories, setups

ENCODER, DECODER = msgspec.json.Encoder(), msgspec.json.Decoder(Entry)


def rebuilt(centre, snapshot=None):
    """A twin of a centre at rest; `snapshot` is (seq, at, body)."""
    twin = copy.copy(centre)
    twin.entries = list(centre.entries)
    twin.ids = CountedIds(centre.ids.drawn)
    twin.ws = WorkspaceEngine(STREAM, centre.settings, twin.ids)
    if snapshot is not None:
        twin.ws.restore(*snapshot)
    for entry in centre.entries[twin.ws.head :]:
        twin.ws.replay(twin.ws.head + 1, DECODER.decode(ENCODER.encode(entry)))
    twin.ws.ready()
    twin.ws.begin(centre.ws.now, SYSTEM)
    twin.settle()
    twin.run_to(centre.now)
    return twin


def floor_of(ws):
    """Who is where, and which task waits in which line."""
    rosters = {sid: (sorted(roster.members), ws.workers_document(sid)) for sid, roster in ws.floor.rosters.items()}
    waiting = {
        sid: (one.line.pool.roster.queue.sid, one.line.pool.key, one.line.binding, one.line.barred, one.order)
        for sid, one in ws.floor.waiting.items()
    }
    documents = {sid: seat.document for sid, seat in ws.floor.seats.items()}
    return rosters, waiting, documents, ws.worker_names, ws.channel_names


def timers_left(ws):
    """All timers, taken off. The clock's is none of the journal's business: it may tick once too often."""
    timers = []
    while (timer := ws.timers.take(1 << 62)) is not None:
        timers.append((timer.deadline, timer.kind, timer.sid))
    return sorted(timer for timer in timers if timer[1] != "clock")


def picture(ws):
    """The tables by value: whether a default is written out may differ."""
    return msgspec.json.decode(ws.snapshot(), type=Picture)


def alike(one, other):
    assert other.entries == one.entries
    assert picture(other.ws) == picture(one.ws)
    assert floor_of(other.ws) == floor_of(one.ws)
    assert other.ws.head == one.ws.head


def check(setup, history, cut=20, snapshot_at=7):
    centre = Centre(setup.settings, multi_task_enabled=setup.multitasking)
    play = Play(centre, pause=0.001)
    play.set_up(setup)
    snapshot = None
    for number, move in enumerate(history[:cut]):
        if number == snapshot_at:
            snapshot = (centre.ws.head, centre.ws.now, centre.ws.snapshot())
        play.perform(move)
    plays = [play, replace(play, centre=rebuilt(centre)), replace(play, centre=rebuilt(centre, snapshot))]
    for each in plays[1:]:
        alike(centre, each.centre)
    for move in history[cut:]:
        for each in plays:
            each.perform(move)
    centres = [*(each.centre for each in plays), rebuilt(centre)]
    timers = timers_left(centre.ws)
    for other in centres[1:]:
        alike(centre, other)
        assert timers_left(other.ws) == timers
    return centre


@settings(max_examples=100)
@given(setups, histories, st.integers(1, 30), st.integers(0, 30))
def test_a_rebuilt_engine_is_alike_and_goes_on_alike(setup, history, cut, snapshot_at):
    check(setup, history, cut, snapshot_at)


def test_a_task_for_a_worker_goes_into_the_oldest_of_his_queues_also_after_a_rebuild():
    centre = Centre()
    older, newer = centre.queue("Older", "level >= 2"), centre.queue("Newer")
    centre.workflow([{"expression": "1==1", "targets": [{"queue": newer.sid}]}])
    worker = centre.worker("Ada", {"level": 1})
    centre.do(task_queues.update, older.sid, target_workers="level >= 1")
    for each in (centre, rebuilt(centre)):
        assert each.task(routing_target=worker.sid).task_queue_sid == older.sid
