"""Transfers as doors ask for them and get them: neutral views, and what a reservation's view can be given besides."""

import asyncio

import pytest

from pointsman.auth.caller import Caller
from pointsman.domain.entry import SYSTEM
from pointsman.domain.limits import SECOND
from pointsman.domain.refusal import Refusal
from pointsman.engine.workspace import reservations as commands
from pointsman.engine.workspace import tasks, workers, workspaces
from pointsman.journal.memory import MemoryJournal
from pointsman.operations import reservations, transfers
from pointsman.operations.scope import WorkspaceScope
from pointsman.runtime.clock import VirtualClock
from pointsman.runtime.ids import SeededIds
from pointsman.runtime.node import Node
from pointsman.settings import Settings

BIRTH = 10**15
ACCOUNT, CENTRE = "AC" + "2" * 32, "WS" + "1" * 32


def played(scene):
    """Runs a scene with the scope of a centre in which Ada holds a task and Bob is free."""

    async def play():
        journal = MemoryJournal()
        await journal.start()
        node = Node(journal, Settings(), VirtualClock(BIRTH), SeededIds(1))
        await node.start()
        try:
            await node.create(CENTRE, SYSTEM, open_centre)
            scope = WorkspaceScope(node, Caller(ACCOUNT, ACCOUNT), CENTRE)
            task = await node.tell(CENTRE, SYSTEM, tasks.create)
            await node.tell(CENTRE, SYSTEM, lambda ws: accept(ws, task))
            await scene(scope, *await node.ask(CENTRE, lambda ws: cast_of(ws, task)))
        finally:
            await node.stop()
            await journal.close()

    asyncio.run(play())


def open_centre(ws):
    workspaces.create(ws, sid=CENTRE, account_sid=ACCOUNT, friendly_name="Centre", template="FIFO")
    available = next(row.sid for row in ws.tables.activities if row.available)
    for name in ("Ada", "Bob"):
        workers.create(ws, friendly_name=name, activity_sid=available)


def accept(ws, task):
    commands.update(ws, task.reservations[0], reservation_status="accepted")


def cast_of(ws, task):
    """The new transfer from Ada to Bob, Ada and Bob."""
    ada, bob = ws.tables.workers
    return transfers.NewTransfer(reservation_sid=task.reservations[0], task_sid=task.sid, to=bob.sid), ada.sid, bob.sid


def test_create_fetch_and_cancel():
    async def scene(scope, new, ada, bob):
        made = await transfers.create(scope, ada, new)
        queue, workflow = await scope.ask(
            lambda ws: (next(iter(ws.tables.task_queues)).sid, next(iter(ws.tables.workflows)).sid)
        )
        assert made == {
            "account_sid": ACCOUNT,
            "workspace_sid": CENTRE,
            "sid": made["sid"],
            "task_sid": new.task_sid,
            "initiating_reservation_sid": new.reservation_sid,
            "initiating_worker_sid": ada,
            "initiating_queue_sid": queue,
            "initiating_workflow_sid": workflow,
            "transfer_mode": "WARM",
            "transfer_type": "WORKER",
            "transfer_to": bob,
            "transfer_status": "initiated",
            "transfer_failed_reason": None,
            "date_created": BIRTH,
            "date_updated": BIRTH,
        }
        assert made["sid"].startswith("TT") and len(made["sid"]) == 34
        assert await transfers.fetch(scope, ada, made["sid"]) == made
        await scope.node.advance(5)
        ended = await transfers.update(scope, ada, made["sid"], transfers.TransferUpdate(transfer_status="canceled"))
        assert ended == made | {"transfer_status": "canceled", "date_updated": BIRTH + 5 * SECOND}

    played(scene)


def test_only_canceled_can_be_asked_for_and_only_by_the_transferor():
    async def scene(scope, new, ada, bob):
        made = await transfers.create(scope, ada, new)
        with pytest.raises(Refusal, match="TransferStatus must be canceled") as caught:
            await transfers.update(scope, ada, made["sid"], transfers.TransferUpdate(transfer_status="complete"))
        assert caught.value.status == 400
        with pytest.raises(Refusal) as caught:
            await transfers.fetch(scope, bob, made["sid"])
        assert caught.value.status == 404

    played(scene)


def test_what_a_reservation_tells_of_transfers():
    async def scene(scope, new, ada, bob):
        made = await transfers.create(scope, ada, new)

        def told(ws):
            both = [ws.tables.reservations[sid] for sid in ws.task(new.task_sid).reservations]
            assert all("transfer" not in key for one in both for key in reservations.view(ws, one))
            return [transfers.of_reservation(ws, one) for one in both]

        assert await scope.ask(told) == [{"active_outgoing_task_transfer": made}, {"task_transfer": made}]
        ended = await transfers.update(scope, ada, made["sid"], transfers.TransferUpdate(transfer_status="canceled"))
        assert await scope.ask(told) == [{}, {"task_transfer": ended}]

    played(scene)
