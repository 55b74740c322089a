"""The matcher decides what trying everyone would decide, and leaves nobody waiting who could be served."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.domain.facts import ReservationClosed, ReservationCreated, TaskStepped
from pointsman.engine.workspace.tables import Tables

from .driver import SECOND, Centre
from .naive_matcher import NaiveMatcher
from .play import Play, histories, setups

MINUTE = 60 * SECOND


class WatchedCentre(Centre):
    """Asks the naive matcher before each settling, and compares after it."""

    def settle(self):
        ws = self.ws
        command = ws.take()
        self.entries += command
        before = Tables.decode(ws.snapshot())
        while not ws.settle(self.slice):
            pass
        decided = ws.take()
        self.entries += decided
        if ws.tables.workspace is not None and self.watching:
            expected = self.naive(routed(before, ws.tables), just_failed(command, before)).run()
            # A timer that fires together with the clock's is settled before the new minute is looked at.
            if not (command and ws.now % MINUTE == 0):
                assert sets_made(decided) == expected
            self.check_rest(decided)

    watching = False
    together = 1000  # else a second task whose bar is lifted at the same instant would still be waiting for its turn

    def naive(self, tables, avoid=None):
        return NaiveMatcher(tables, self.ws.now, self.settings.idle_since, avoid)

    def check_rest(self, decided):
        ws = self.ws
        rest = self.naive(Tables.decode(ws.snapshot()))
        assert rest.next_choice() is None
        made = [entry.fact for entry in decided if isinstance(entry.fact, ReservationCreated)]
        if not any(ws.tables.tasks[fact.task_sid].ignore_capacity for fact in made):
            for fact in made:
                channel, worker = ws.tables.tasks[fact.task_sid].task_channel_sid, ws.tables.workers[fact.worker_sid]
                capacity = 1 if ws.single_tasking else worker.channels[channel].configured_capacity
                assert rest.open(worker, channel) <= capacity
        for queue in rest.tables.task_queues:
            assert ws.workers_document(queue.sid) == rest.counts(queue)
        pending = {task.sid for task in ws.tables.tasks if task.status == "pending"}
        assert ws.floor.waiting.keys() == pending


def sets_made(entries):
    made = []
    for fact in (entry.fact for entry in entries):
        if isinstance(fact, ReservationCreated):
            if fact.first:
                made.append((fact.task_sid, []))
            made[-1][1].append(fact.worker_sid)
    return made


def routed(before, after):
    """The tables before matching, with the routing steps that settling led to: routing itself is tested elsewhere."""
    for task in before.tasks:
        now = after.tasks[task.sid]
        task.filter, task.target, task.task_queue_sid = now.filter, now.target, now.task_queue_sid
        task.priority, task.workflow_version = now.priority, now.workflow_version
    for workflow in before.workflows:
        workflow.versions |= after.workflows[workflow.sid].versions
    return before


def just_failed(command, tables):
    """Ruling 1b: whoever let a task go in this command is last in line for it, unless the task moved on."""
    failed, moved = set(), set()
    for fact in (entry.fact for entry in command):
        if isinstance(fact, ReservationClosed) and fact.failed:
            failed.add(tables.reservations[fact.sid].task_sid)
        elif isinstance(fact, TaskStepped):
            moved.add(fact.sid)
    return {sid: last_set(tables, sid) for sid in failed - moved}


def last_set(tables, task_sid):
    rows = [tables.reservations[sid] for sid in tables.tasks[task_sid].reservations]
    return {row.worker_sid for row in rows if row.set_number == rows[-1].set_number}


def check(setup, history, slice=64):
    centre = WatchedCentre(setup.settings, multi_task_enabled=setup.multitasking)
    centre.watching, centre.slice = True, slice
    play = Play(centre)
    play.set_up(setup)
    for move in history:
        play.perform(move)
    return centre


@settings(max_examples=150)
@given(setups, histories, st.sampled_from([1, 3, 64]))
def test_every_decision_is_the_one_of_the_naive_double_loop(setup, history, slice):
    check(setup, history, slice)
