"""What the official Python client does beside plain calls: conditional changes and streams of pages."""

from __future__ import annotations

from itertools import islice

import pytest

from .served import Floor, refusal


@pytest.fixture
def workflow(floor: Floor) -> str:
    return floor.workflow(default=floor.queue("All"))


class TestConditionalChanges:
    """Of updates: this client drops the If-Match of a delete (9.13); the Node client does not."""

    def test_a_task_changes_only_if_the_tag_matches(self, floor: Floor, workflow: str) -> None:
        task = floor.task(workflow)
        task.fetch()
        seen = floor.http.etag
        assert task.update(if_match=seen, priority=5).priority == 5
        now = floor.http.etag
        assert now != seen
        assert refusal(lambda: task.update(if_match=seen, priority=6))[0] == 412
        assert task.fetch().priority == 5 and floor.http.etag == now
        assert task.update(priority=7).priority == 7

    def test_two_workers_updates_do_not_overwrite_each_other(self, floor: Floor) -> None:
        worker = floor.api.workers(floor.worker("Alice"))
        worker.fetch()
        seen = floor.http.etag
        worker.update(if_match=seen, attributes='{"by": "one"}')
        late = lambda: worker.update(if_match=seen, attributes='{"by": "other"}')  # noqa: E731
        assert refusal(late)[0] == 412
        assert worker.fetch().attributes == '{"by": "one"}'

    def test_a_reservation_is_accepted_as_it_was_seen(self, floor: Floor, workflow: str) -> None:
        floor.worker("Alice", "Available")
        task = floor.task(workflow)
        reservation = task.reservations(task.reservations.list()[0].sid)
        reservation.fetch()
        seen = floor.http.etag
        accepted = reservation.update(if_match=seen, reservation_status="accepted")
        assert accepted.reservation_status == "accepted"
        late = lambda: reservation.update(if_match=seen, reservation_status="completed")  # noqa: E731
        assert refusal(late)[0] == 412
        assert reservation.fetch().reservation_status == "accepted"


class TestStreams:
    def test_a_stream_fetches_page_after_page_as_it_is_read(self, floor: Floor, workflow: str) -> None:
        made = [floor.task(workflow, number=number).fetch().sid for number in range(11)]
        floor.http.answers.clear()
        stream = floor.api.tasks.stream(page_size=4)
        assert [task.sid for task in islice(stream, 4)] == made[:4] and len(floor.http.answers) == 1
        assert [task.sid for task in stream] == made[4:] and len(floor.http.answers) == 3

    @pytest.mark.parametrize(("size", "limit"), [(1, 3), (3, 3), (3, 7), (None, 5), (1000, None), (11, 50)])
    def test_limits_and_sizes(self, floor: Floor, workflow: str, size: int | None, limit: int | None) -> None:
        made = [floor.task(workflow, number=number).fetch().sid for number in range(11)]
        got = [task.sid for task in floor.api.tasks.stream(page_size=size, limit=limit)]
        assert got == made[:limit]

    def test_a_filtered_stream_survives_what_its_reader_changes(self, floor: Floor, workflow: str) -> None:
        made = [floor.task(workflow, odd=bool(number % 2)).fetch().sid for number in range(11)]
        seen = []
        found = floor.api.tasks.stream(
            assignment_status=["pending"], evaluate_task_attributes="odd == true", page_size=2
        )
        for task in found:
            seen.append(task.sid)
            task.update(assignment_status="canceled", reason="seen")
        assert seen == made[1::2]

    def test_a_page_leads_on_and_back(self, floor: Floor, workflow: str) -> None:
        made = [floor.task(workflow).fetch().sid for _ in range(5)]
        first = floor.api.tasks.page(page_size=2)
        assert [task.sid for task in first] == made[:2]
        second = first.next_page()
        assert second is not None and [task.sid for task in second] == made[2:4]
        back = second.previous_page()
        assert back is not None and [task.sid for task in back] == made[:2]
        assert [task.sid for task in floor.api.tasks.get_page(second.next_page_url)] == made[4:]
