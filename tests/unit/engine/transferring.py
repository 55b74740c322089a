"""A centre with Ada, who has accepted a task, and with whom she can pass it on to."""

import pytest

from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import reservations, tasks, transfers

from .driver import Centre


class Desk:
    """Ada holds `task`; Bob and Cleo are free, Dan is offline. Only Ada is in the first queue, all are in the other."""

    def __init__(self, capacity=1, centre=None, **queue):
        self.centre = centre or Centre()
        first = self.centre.queue("First", "name == 'ada'")
        self.first = first.sid
        self.other = self.centre.queue("Other", **queue).sid
        self.workflow = self.centre.workflow(
            [{"expression": "1==1", "targets": [{"queue": first.sid, "timeout": 3600}]}], task_reservation_timeout=30
        ).sid
        self.ada, self.bob, self.cleo = (
            self.centre.worker(name, {"name": name}, capacity={"default": capacity}).sid
            for name in ("ada", "bob", "cleo")
        )
        self.dan = self.centre.worker("dan", {"name": "dan"}, available=False).sid
        self.task = self.centre.task({"topic": "rain"}, timeout=600)
        self.adas = self.task.reservations[0]
        self.say(self.adas, "accepted")
        self.centre.events()

    @property
    def tables(self):
        return self.centre.ws.tables

    def say(self, sid, status, **kw):
        return self.centre.do(reservations.update, sid, reservation_status=status, **kw)

    def update_task(self, **kw):
        return self.centre.do(tasks.update, self.task.sid, **kw)

    def transfer(self, to, mode=None, by=None, reservation=None, **kw):
        return self.centre.do(
            transfers.initiate,
            by or self.ada,
            reservation_sid=reservation or self.adas,
            task_sid=self.task.sid,
            to=to,
            mode=mode,
            **kw,
        )

    def cancel(self, transfer, by=None, **kw):
        return self.centre.do(transfers.cancel, by or self.ada, transfer.sid, **kw)

    def refused(self, command, *args, **kw):
        """The text of a 400 that changed nothing."""
        before = self.centre.ws.snapshot()
        with pytest.raises(Refusal) as caught:
            command(*args, **kw)
        self.centre.settle()
        assert self.centre.ws.snapshot() == before
        assert caught.value.status == 400
        return caught.value.message

    def latest(self):
        return self.centre.reservations(self.task)[-1]

    def offered(self):
        """(worker, status) of the reservations that transfers made."""
        made = [one for one in self.centre.reservations(self.task) if one.transfer_sid]
        return [(one.worker_sid, one.status) for one in made]

    def adas_status(self):
        return self.tables.reservations[self.adas].status

    def heard(self):
        """Types of the events since the last call."""
        return [event.type for _, event in self.centre.events()]
