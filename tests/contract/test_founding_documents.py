"""The examples of the founding documents, by the official Python client under a virtual clock."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from .rest_live import ACCOUNT, TOKEN
from .served import Floor, refusal


class TestMultiReservation:
    """Whoever responds first gets the task."""

    @pytest.fixture
    def task(self, floor: Floor) -> Any:
        queue = floor.queue("Urgent", max_reserved_workers=5)
        self.alice, self.bob = floor.worker("Alice", "Available"), floor.worker("Bob", "Available")
        return floor.task(floor.workflow(default=queue))

    def test_every_idle_worker_is_asked_and_the_first_one_wins(self, floor: Floor, task: Any) -> None:
        assert sorted(floor.offers(task)) == [("Alice", "pending"), ("Bob", "pending")]
        offers = {r.worker_name: r for r in task.reservations.list()}
        won = task.reservations(offers["Alice"].sid).update(reservation_status="accepted")
        assert (won.worker_name, won.reservation_status) == ("Alice", "accepted")
        lost = offers["Bob"].sid
        assert refusal(lambda: task.reservations(lost).update(reservation_status="accepted"))[0] == 410
        mine = floor.api.workers(self.bob).reservations
        assert refusal(lambda: mine(lost).update(reservation_status="accepted"))[0] == 410
        assert sorted(floor.offers(task)) == [("Alice", "accepted"), ("Bob", "rescinded")]
        assert floor.place(task) == ("assigned", "Urgent")
        assert (floor.capacity(self.alice), floor.capacity(self.bob)) == (0, 100)
        told = [type for _, type, _ in floor.story(task.fetch().sid) if type.startswith("reservation.")]
        assert sorted(told) == [
            "reservation.accepted",
            "reservation.created",
            "reservation.created",
            "reservation.rescinded",
        ]

    def test_the_loser_may_be_asked_again_at_once(self, floor: Floor, task: Any) -> None:
        workflow = task.fetch().workflow_sid
        task.reservations.list()[0].update(reservation_status="accepted")
        asked = floor.offers(floor.task(workflow))
        assert len(asked) == 1 and asked[0][1] == "pending"

    def test_the_plain_request_of_the_document(self, floor: Floor, task: Any) -> None:
        (first, second) = task.reservations.list()
        path = f"{floor.path}/Tasks/{first.task_sid}/Reservations/"
        status, body = plain(floor, "POST", path + second.sid, "ReservationStatus=accepted")
        assert status == 200
        assert (body["worker_name"], body["reservation_status"]) == (second.worker_name, "accepted")
        status, body = plain(floor, "POST", path + first.sid, "ReservationStatus=accepted")
        assert (status, body["status"]) == (410, 410)
        assert set(body) == {"code", "message", "more_info", "status"}

    def test_one_worker_is_asked_by_default_and_fifty_at_most(self, floor: Floor) -> None:
        queue = floor.api.task_queues(floor.queue("Classic"))
        assert queue.fetch().max_reserved_workers == 1
        for name in ("Alice", "Bob"):
            floor.worker(name, "Available")
        task = floor.task(floor.workflow(default=floor.queues["Classic"]))
        assert floor.offers(task) == [("Alice", "pending")]
        task.reservations.list()[0].update(reservation_status="rejected")
        assert floor.offers(task) == [("Alice", "rejected"), ("Bob", "pending")]
        assert queue.update(max_reserved_workers=50).max_reserved_workers == 50
        assert refusal(lambda: queue.update(max_reserved_workers=51))[0] == 400


class TestHowTaskRouterWorks:
    """The overview's example application, and what it says on picking a worker."""

    def test_the_example_application_flow(self, floor: Floor) -> None:
        support = floor.queue("Support", 'languages HAS "en"')
        worker = floor.worker("Alice", "Offline", languages=["en"])
        floor.worker("Yves", "Available", languages=["fr"])
        workflow = floor.workflow(default=support)
        task = floor.task(workflow, customer="Bo")
        floor.advance(60)
        assert floor.place(task) == ("pending", "Support") and floor.offers(task) == []
        assert floor.capacity(worker) == 100
        floor.move(worker, "Available")
        assert floor.place(task) == ("reserved", "Support") and floor.offers(task) == [("Alice", "pending")]
        assert floor.capacity(worker) == 0
        floor.advance(10)
        assert task.reservations.list()[0].update(reservation_status="accepted").reservation_status == "accepted"
        assert floor.place(task) == ("assigned", "Support") and floor.capacity(worker) == 0
        following = floor.task(workflow, customer="Cy")
        floor.advance(30)
        assert floor.place(following) == ("pending", "Support")
        assert task.update(assignment_status="completed", reason="helped").assignment_status == "completed"
        assert floor.offers(task) == [("Alice", "completed")]
        assert floor.offers(following) == [("Alice", "pending")]  # the capacity was released, and taken again
        following.reservations.list()[0].update(reservation_status="accepted")
        assert floor.api.tasks(following.fetch().sid).update(assignment_status="completed", reason="helped")
        assert floor.capacity(worker) == 100
        floor.move(worker, "Offline")
        late = floor.task(workflow, customer="Di")
        assert floor.place(late) == ("pending", "Support") and floor.offers(late) == []
        assert [step for step in floor.story(task.fetch().sid) if not step[1].startswith("task-queue.")] == [
            (0, "task.created", ""),
            (60, "reservation.created", "Support"),
            (70, "reservation.accepted", "Support"),
            (100, "task.completed", "Support"),
            (100, "reservation.completed", "Support"),
        ]

    def test_three_chats_and_a_call_at_once(self, floor: Floor) -> None:
        worker = floor.worker("Alice", "Available")
        floor.api.workers(worker).worker_channels("chat").update(capacity=3)
        workflow = floor.workflow(default=floor.queue("All"))
        tasks = [floor.task(workflow, channel) for channel in ("chat", "chat", "voice", "chat", "chat", "voice")]
        standing = [floor.place(task)[0] for task in tasks]
        assert standing == ["reserved", "reserved", "reserved", "reserved", "pending", "pending"]
        assert (floor.capacity(worker, "chat"), floor.capacity(worker, "voice")) == (0, 0)

    def test_who_waited_longest_without_an_assignment_comes_first(self, floor: Floor) -> None:
        for name in ("Alice", "Bob", "Cleo"):
            floor.worker(name, "Available")
        workflow = floor.workflow(default=floor.queue("All"))
        asked = []
        for _ in range(6):
            floor.advance(5)
            task = floor.task(workflow)
            (reservation,) = task.reservations.list()
            reservation.update(reservation_status="accepted")
            task.update(assignment_status="completed", reason="done")
            asked.append(reservation.worker_name)
        assert sorted(asked[:3]) == ["Alice", "Bob", "Cleo"] and asked[3:] == asked[:3]

    def test_an_order_of_ones_own(self, floor: Floor) -> None:
        for name, level in (("Alice", 3), ("Bob", 9), ("Cleo", 5)):
            floor.worker(name, "Available", level=level)
        target = {"queue": floor.queue("All"), "order_by": "worker.level DESC"}
        workflow = floor.workflow({"expression": "1==1", "targets": [target]})
        assert [floor.offers(floor.task(workflow))[0][0] for _ in range(3)] == ["Bob", "Cleo", "Alice"]


class TestTimeoutEvaluation:
    """Three targets of ten seconds each; a reservation lasts five."""

    @pytest.fixture
    def task(self, floor: Floor) -> Any:
        offline = floor.activities["Offline"]
        floor.api.update(timeout_activity_sid=offline)
        self.first = floor.worker("Alice", "Offline", queue="Q1")
        self.second = floor.worker("Bob", "Offline", queue="Q1")
        self.third = floor.worker("Cleo", "Offline", queue="Q2")
        targets = [{"queue": floor.queue(name, f"queue == '{name}'"), "timeout": 10} for name in ("Q1", "Q2", "Q3")]
        return floor.task(floor.workflow({"expression": "1==1", "targets": targets}, task_reservation_timeout=5))

    def reserved_at(self, floor: Floor, seconds: float) -> None:
        floor.advance(seconds)
        floor.move(self.first, "Available")

    def test_the_example(self, floor: Floor, task: Any) -> None:
        floor.advance(2)
        assert floor.place(task) == ("pending", "Q1")
        self.reserved_at(floor, 1)
        assert floor.place(task) == ("reserved", "Q1")
        floor.advance(4)
        assert floor.place(task) == ("reserved", "Q1")
        floor.advance(1)
        assert floor.place(task) == ("pending", "Q2") and floor.offers(task) == [("Alice", "timeout")]
        assert floor.api.workers(self.first).fetch().activity_name == "Offline"
        shown = task.fetch()
        assert shown.age == 8 and (shown.task_queue_entered_date - shown.date_created).total_seconds() == 8
        floor.advance(11)
        assert floor.place(task) == ("pending", "Q2")
        floor.advance(1)
        assert floor.place(task) == ("pending", "Q3")
        floor.advance(9)
        assert floor.place(task) == ("pending", "Q3")
        floor.advance(1)
        assert task.fetch().assignment_status == "canceled"
        assert task.fetch().reason == "Task canceled on Workflow timeout"
        assert [
            step for step in floor.story(task.fetch().sid) if step[1] not in ("task-queue.moved", "task.updated")
        ] == [
            (0, "task.created", ""),
            (0, "task-queue.entered", "Q1"),
            (3, "reservation.created", "Q1"),
            (8, "reservation.timeout", "Q1"),
            (8, "task-queue.entered", "Q2"),
            (20, "task-queue.timeout", "Q2"),
            (20, "task-queue.entered", "Q3"),
            (30, "task-queue.timeout", "Q3"),
            (30, "workflow.timeout", "Q3"),
            (30, "task.canceled", "Q3"),
        ]

    def test_one_long_advance_tells_the_same_story(self, floor: Floor, task: Any) -> None:
        sid = task.fetch().sid
        self.reserved_at(floor, 3)
        floor.advance(600)
        assert refusal(task.fetch) == (404, 20404)  # closed for more than five minutes; its events are still there
        story = floor.story(sid)
        entered = [(at, queue) for at, type, queue in story if type == "task-queue.entered"]
        assert entered == [(0, "Q1"), (8, "Q2"), (20, "Q3")]
        assert story[-1][:2] == (30, "task.canceled")

    def test_another_free_worker_of_the_queue_keeps_the_task_there(self, floor: Floor, task: Any) -> None:
        self.reserved_at(floor, 3)
        floor.advance(2)
        floor.move(self.second, "Available")
        floor.advance(3)
        assert floor.place(task) == ("reserved", "Q1")
        assert floor.offers(task) == [("Alice", "timeout"), ("Bob", "pending")]
        floor.advance(4)  # at 12 the target's time is up, which interrupts no reservation
        assert floor.place(task) == ("reserved", "Q1")
        floor.advance(1)
        assert floor.place(task) == ("pending", "Q2")

    def test_past_the_deadline_a_free_worker_of_the_queue_does_not_count(self, floor: Floor, task: Any) -> None:
        self.reserved_at(floor, 8)
        floor.advance(1)
        floor.move(self.second, "Available")
        floor.advance(4)
        assert floor.place(task) == ("pending", "Q2") and floor.offers(task) == [("Alice", "timeout")]
        floor.advance(7)
        assert floor.place(task) == ("pending", "Q3")
        floor.advance(10)
        assert task.fetch().assignment_status == "canceled"

    def test_the_next_queue_serves_the_task_if_it_can(self, floor: Floor, task: Any) -> None:
        floor.move(self.third, "Available")
        assert floor.offers(task) == []
        self.reserved_at(floor, 3)
        floor.advance(5)
        assert floor.offers(task) == [("Alice", "timeout"), ("Cleo", "pending")]
        assert floor.place(task) == ("reserved", "Q2")
        task.reservations.list(reservation_status="pending")[0].update(reservation_status="accepted")
        floor.advance(1000)
        assert floor.place(task) == ("assigned", "Q2")


EXPRESSIONS = {
    "1==1": "1==1",
    "nobody available": "workers.available == 0",
    "few in one activity": "workers.{xx} < 2",
    "few in one of two": "workers.{xx} < 2 OR workers.{yy} < 2",
}
STAFFS: dict[str, tuple[list[str], set[str]]] = {
    # activities of the workers of the first queue, and the expressions that are true of them
    "nobody": ([], {"1==1", "nobody available", "few in one activity", "few in one of two"}),
    "one and two": (
        ["Lunch", "Break", "Break"],
        {"1==1", "nobody available", "few in one activity", "few in one of two"},
    ),
    "two and one": (["Lunch", "Lunch", "Break"], {"1==1", "nobody available", "few in one of two"}),
    "two and two": (["Lunch", "Lunch", "Break", "Break"], {"1==1", "nobody available"}),
    "all busy": (["Lunch", "Lunch", "Break", "Break", "Available"], {"1==1"}),
}


class TestSkippingOnWorkerAvailability:
    """A routing step is skipped if nobody can be reserved at once and the expression is true."""

    def arrange(self, floor: Floor, expression: str, staff: list[str]) -> str:
        """A workflow of two targets, the first with a skip_if; all its available workers are at capacity."""
        xx, yy = floor.activity("Lunch"), floor.activity("Break")
        first, second = floor.queue("First", "team == 'first'"), floor.queue("Second", "team == 'second'")
        for number, activity in enumerate(staff):
            floor.worker(f"w{number}", activity, team="first")
        if "Available" in staff:
            busy = floor.task(floor.workflow(default=first))
            busy.reservations.list()[0].update(reservation_status="accepted")
        skip_if = expression.format(xx=xx, yy=yy)
        targets = [{"queue": first, "skip_if": skip_if}, {"queue": second}]
        return floor.workflow({"expression": "1==1", "targets": targets})

    @pytest.mark.parametrize("kind", EXPRESSIONS)
    @pytest.mark.parametrize("staff", STAFFS)
    def test_skips_if_and_only_if_the_expression_is_true(self, floor: Floor, kind: str, staff: str) -> None:
        activities, true = STAFFS[staff]
        workflow = self.arrange(floor, EXPRESSIONS[kind], activities)
        expected = "Second" if kind in true else "First"
        assert floor.place(floor.task(workflow)) == ("pending", expected)

    @pytest.mark.parametrize("kind", EXPRESSIONS)
    def test_never_skips_a_worker_who_can_be_reserved(self, floor: Floor, kind: str) -> None:
        workflow = self.arrange(floor, EXPRESSIONS[kind], [])
        floor.worker("free", "Available", team="first")
        task = floor.task(workflow)
        assert floor.place(task) == ("reserved", "First") and floor.offers(task) == [("free", "pending")]

    @pytest.mark.parametrize(("wanted", "expected"), [(0, "Second"), (3, "First")])
    def test_unavailable_workers_of_that_queue_alone_are_counted(
        self, floor: Floor, wanted: int, expected: str
    ) -> None:
        workflow = self.arrange(floor, f"workers.unavailable == {3 - wanted}", ["Lunch", "Break", "Offline"])
        floor.worker("elsewhere", "Offline", team="second")
        assert floor.place(floor.task(workflow)) == ("pending", expected)

    def test_a_task_that_skips_a_filter_qualifies_for_the_next_one_and_the_default(self, floor: Floor) -> None:
        for name in ("First", "Second", "Default"):
            floor.queue(name)
        first: Callable[[str], Any] = lambda skip_if: {  # noqa: E731
            "expression": "type == 'Sales'",
            "targets": [{"queue": floor.queues["First"], "skip_if": skip_if}],
        }
        second = {"expression": "size > 5", "targets": [{"queue": floor.queues["Second"]}]}
        skipping = floor.workflow(first("1==1"), second, default=floor.queues["Default"])
        waiting = floor.workflow(first("1==2"), second, default=floor.queues["Default"])
        assert floor.place(floor.task(skipping, type="Sales", size=9)) == ("pending", "Second")
        assert floor.place(floor.task(skipping, type="Sales", size=1)) == ("pending", "Default")
        assert floor.place(floor.task(skipping, type="Other", size=1)) == ("pending", "Default")
        assert floor.place(floor.task(waiting, type="Sales", size=9)) == ("pending", "First")

    def test_the_workflow_of_the_document(self, floor: Floor) -> None:
        experts = floor.queue("Experts", "expert == true")
        everyone = floor.queue("Everyone", "expert == false")
        targets = [
            {
                "queue": experts,
                "expression": "task.subSection == worker.specializedSubField",
                "order_by": "worker.english_level ASC",
                "priority": "1",
                "skip_if": "workers.available == 0",
            },
            {"priority": "1", "queue": everyone},
        ]
        sales = {"filter_friendly_name": "Sales filter", "expression": "type == 'Sales'", "targets": targets}
        workflow = floor.workflow(sales)
        off = floor.task(workflow, type="Sales", subSection="tea")
        assert floor.place(off) == ("pending", "Everyone") and off.fetch().priority == 1
        for name, field, level in (("Ann", "tea", 8), ("Ben", "tea", 5), ("Cis", "jam", 1)):
            expert = {"expert": True, "specializedSubField": field, "english_level": level}
            floor.worker(name, "Available", **expert)
        made = [floor.task(workflow, type="Sales", subSection="tea") for _ in range(3)]
        assert [floor.offers(task) for task in made] == [[("Ben", "pending")], [("Ann", "pending")], []]
        assert floor.place(made[2]) == ("pending", "Experts")  # experts are available, though busy or of another field
        floor.worker("Dot", "Available", expert=False)
        assert floor.offers(off) == [("Dot", "pending")]


CALLS = {"CA1": "completed", "CA2": "busy", "CA3": "no-answer", "CA4": "in-progress"}


class TestStuckTasks:
    """A cleaner closes the tasks whose calls have ended, and only those."""

    REASON = "the call has ended"

    def clean(self, floor: Floor) -> int:
        open_tasks = floor.api.tasks.list(assignment_status="pending,reserved,assigned", page_size=1000)
        closed = 0
        for task in open_tasks:
            call = json.loads(task.attributes).get("call_sid")
            if task.task_channel_unique_name != "voice" or CALLS.get(call) in (None, "in-progress"):
                continue
            status = "completed" if task.assignment_status == "assigned" else "canceled"
            task.update(assignment_status=status, reason=self.REASON)
            closed += 1
        return closed

    def test_cleaning(self, floor: Floor) -> None:
        alice, bob = floor.worker("Alice", "Available"), floor.worker("Bob")
        workflow = floor.workflow(default=floor.queue("All"))
        assigned = floor.task(workflow, "voice", call_sid="CA1")
        assigned.reservations.list()[0].update(reservation_status="accepted")
        floor.move(bob, "Available")
        reserved, pending, talking = (floor.task(workflow, "voice", call_sid=f"CA{n}") for n in (2, 3, 4))
        chat = floor.task(workflow, "chat", call_sid="CA1")
        no_call = floor.task(workflow, "voice")
        floor.move(bob, "Available")
        before = [task.fetch().assignment_status for task in (assigned, reserved, pending, talking, chat, no_call)]
        assert before == ["assigned", "reserved", "pending", "pending", "reserved", "pending"]
        assert self.clean(floor) == 3
        for task, status in ((assigned, "completed"), (reserved, "canceled"), (pending, "canceled")):
            assert (task.fetch().assignment_status, task.fetch().reason) == (status, self.REASON)
        assert floor.offers(assigned) == [("Alice", "completed")]
        assert floor.offers(reserved) == [("Bob", "canceled")]
        after = [task.fetch().assignment_status for task in (talking, chat, no_call)]
        assert after == ["reserved", "reserved", "reserved"]  # both workers are free for them again
        assert (floor.capacity(alice, "voice"), floor.capacity(bob, "voice")) == (0, 0)
        assert self.clean(floor) == 0

    def test_a_task_closed_for_over_five_minutes_is_not_found(self, floor: Floor) -> None:
        task = floor.task(floor.workflow(default=floor.queue("All")))
        path = f"{floor.path}/Tasks/{task.fetch().sid}"
        assert plain(floor, "GET", path)[1]["assignment_status"] == "pending"
        task.update(assignment_status="canceled", reason=self.REASON)
        floor.advance(299)
        assert plain(floor, "GET", path)[1]["assignment_status"] == "canceled"
        floor.advance(2)
        status, body = plain(floor, "GET", path)
        assert (status, body["code"]) == (404, 20404)


def plain(floor: Floor, method: str, path: str, form: str | None = None) -> tuple[int, Any]:
    """A request as curl sends it with -d and -u; status and body of the answer."""
    headers = {
        "Authorization": "Basic " + b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode(),
        "User-Agent": "curl/8.5.0",
        "Accept": "*/*",
    }
    if form is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
    connection = http.client.HTTPConnection(urlsplit(floor.live.url).netloc, timeout=20)
    try:
        connection.request(method, path, form, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()
