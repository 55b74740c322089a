"""Words for scenarios: what clients ask of a centre, and what it then says."""

import pytest

from pointsman.domain.entry import SYSTEM
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import reservations, tasks, workers
from pointsman.engine.workspace.engine import WorkspaceEngine

from .driver import BIRTH, SECOND, STREAM


def target(queue, timeout=None, **more):
    """One target of a filter; a timeout of None waits for ever."""
    return {"queue": queue.sid} | ({} if timeout is None else {"timeout": timeout}) | more


def ladder(c, *targets, default=None, **kw):
    """A workflow with one filter that takes every task."""
    return c.workflow([{"expression": "1==1", "targets": list(targets)}], default, **kw)


def answer(c, reservation, status, **kw):
    return c.do(reservations.update, reservation.sid, reservation_status=status, **kw)


def accept(c, task):
    """Accept the task's newest reservation."""
    return answer(c, latest(c, task), "accepted")


def reject(c, task, **kw):
    return answer(c, latest(c, task), "rejected", **kw)


def end(c, task, status, **kw):
    return c.do(tasks.update, task.sid, assignment_status=status, **kw)


def move(c, worker, activity_sid, **kw):
    return c.do(workers.update, worker.sid, activity_sid=activity_sid, **kw)


def latest(c, task):
    return c.reservations(task)[-1]


def statuses(c, task):
    """The statuses of all the task's reservations, oldest first."""
    return [reservation.status for reservation in c.reservations(task)]


def reserved_by(c, task):
    """The workers of all the task's reservations by name, oldest first."""
    return [c.ws.worker(reservation.worker_sid).friendly_name for reservation in c.reservations(task)]


def age(c, at):
    """An engine time as seconds since BIRTH."""
    return None if at is None else (at - BIRTH) / SECOND


def types(c):
    """The types of all events since the last look."""
    return [event.type for _, event in c.events()]


def timed(c, *wanted):
    """(second, type) of the events since the last look, of some types or all."""
    return [(second, event.type) for second, event in c.events() if not wanted or event.type in wanted]


def refused(c, command, *args, **kw):
    """The refusal that a command is answered with; it must have changed nothing."""
    before = c.ws.snapshot()
    with pytest.raises(Refusal) as caught:
        c.do(command, *args, **kw)
    assert c.ws.take() == []
    assert c.ws.snapshot() == before
    return caught.value


def restart(c, second):
    """The process ends at the present; another one takes the workspace up at `second`, from the tables alone."""
    ws = WorkspaceEngine(STREAM, c.settings, c.ids)
    ws.restore(c.ws.head, c.ws.now, c.ws.snapshot())
    ws.ready()
    ws.begin(BIRTH + second * SECOND, SYSTEM)
    ws.resume(BIRTH + c.now * SECOND)
    c.ws, c.now = ws, second
    c.settle()
    c.run_to(second)
