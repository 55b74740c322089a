"""The board shows what a count of the tables would, whatever happened, and after a rebuild too."""

from collections import Counter

from hypothesis import given, settings

from pointsman.engine.workspace import tasks
from pointsman.engine.workspace.board import STATUSES, WAITING, Board, Figures

from .driver import BIRTH, SECOND, Centre
from .play import Play, histories, setups


def counted(ws, owner, channel):
    """What the board should show, from the tables."""
    rows = [
        task
        for task in ws.tables.tasks
        if task.finished_at is None
        and owner in (None, task.task_queue_sid, task.workflow_sid)
        and channel in (None, task.task_channel_sid)
    ]
    statuses = Counter(task.status for task in rows)
    waiting = [task for task in rows if task.status in WAITING]
    return Figures(
        {status: statuses[status] for status in STATUSES},
        dict(sorted(Counter(task.priority for task in rows).items())),
        len(rows),
        min(((task.date_created, task.number, task.sid) for task in waiting), default=None),
        min(
            ((task.task_queue_entered_date or task.date_created, task.number, task.sid) for task in waiting),
            default=None,
        ),
    )


def check(ws):
    rebuilt = Board()
    rebuilt.rebuild(ws.tables.tasks)
    owners = [None, *(row.sid for row in (*ws.tables.task_queues, *ws.tables.workflows)), "WQ" + "f" * 32]
    for owner in owners:
        for channel in (None, *(row.sid for row in ws.tables.task_channels)):
            wanted = counted(ws, owner, channel)
            assert ws.board.figures(owner, channel) == wanted
            assert rebuilt.figures(owner, channel) == wanted


@settings(max_examples=60)
@given(setups, histories)
def test_the_board_is_right_whatever_happens(setup, history):
    centre = Centre(setup.settings, multi_task_enabled=setup.multitasking)
    play = Play(centre, pause=0.7)
    play.set_up(setup)
    for number, move in enumerate(history):
        play.perform(move)
        if number % 7 == 0:
            check(centre.ws)
    check(centre.ws)


def test_time_in_the_queue_begins_anew_when_a_task_moves():
    centre = Centre()
    first, second = centre.queue("First"), centre.queue("Second")
    targets = [{"queue": first.sid, "timeout": 10}, {"queue": second.sid}]
    centre.workflow([{"expression": "1==1", "targets": targets}])
    older = centre.task()
    centre.run_to(11)
    newer = centre.at(12, tasks.create, attributes="{}")
    centre.run_to(15)
    board = centre.ws.board
    assert board.figures(second.sid).oldest == (BIRTH, older.number, older.sid)
    assert board.figures(second.sid).longest_in_queue == (BIRTH + 10 * SECOND, older.number, older.sid)
    assert board.figures(first.sid).oldest == (BIRTH + 12 * SECOND, newer.number, newer.sid)


def test_what_was_long_ago_is_forgotten():
    """A queue that never empties does not keep the tasks that have left it."""
    centre = Centre()
    queue = centre.queue("Queue")
    centre.workflow([{"expression": "1==1", "targets": [{"queue": queue.sid}]}])
    centre.task()
    for _ in range(500):
        centre.do(tasks.update, centre.task().sid, assignment_status="canceled")
    (corner,) = centre.ws.board._corners.values()
    assert len(corner.by_age) < 100 and len(corner.by_entry) < 100
