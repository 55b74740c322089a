"""Positions: whatever joins and leaves, each stands where a sorted list would have it."""

from hypothesis import given, settings
from hypothesis import strategies as st

from pointsman.engine.workspace import task_queues, tasks
from pointsman.engine.workspace.matching import ranking
from pointsman.engine.workspace.matching.ranking import Ranking

from .driver import Centre
from .play import Play, histories, setups


@settings(max_examples=100)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 30), st.integers(0, 30)), max_size=200))
def test_a_ranking_is_a_sorted_list(moves):
    shelf, ranking.SHELF = ranking.SHELF, 2
    try:
        ranks, plain = Ranking(), []
        for number, (joins, one, other) in enumerate(moves):
            if joins or not plain:
                plain.append((one, other, number))
                ranks.add(plain[-1])
            else:
                ranks.remove(plain.pop(one % len(plain)))
            assert [ranks.position(order) for order in sorted(plain)] == list(range(1, len(plain) + 1))
            assert ranks.count == len(plain)
    finally:
        ranking.SHELF = shelf


@settings(max_examples=50)
@given(setups, histories)
def test_positions_are_those_of_the_waiting_tasks_in_order(setup, history):
    centre = Centre(setup.settings, multi_task_enabled=setup.multitasking)
    play = Play(centre, pause=0.001)
    play.set_up(setup)
    for move in history:
        play.perform(move)
        floor = centre.ws.floor
        for task in centre.ws.tables.tasks:
            mine = floor.waiting.get(task.sid)
            if mine is None:
                assert floor.place(task.sid) is None
                continue
            roster = mine.line.pool.roster
            rivals = [each.order for each in floor.waiting.values() if each.line.pool.roster is roster]
            if not roster.queue.sid:
                rivals = [
                    each.order for each in floor.waiting.values() if each.task.routing_target == task.routing_target
                ]
            assert floor.place(task.sid) == (1 + sorted(rivals).index(mine.order), len(rivals))


def test_priority_age_and_order_of_the_queue_decide():
    centre = Centre()
    queue = centre.queue("Queue")
    centre.workflow([{"expression": "1==1", "targets": [{"queue": queue.sid}]}])
    first, second, third = (centre.at(second, tasks.create, attributes="{}") for second in (0, 1, 2))
    place = centre.ws.floor.place
    assert [place(task.sid) for task in (first, second, third)] == [(1, 3), (2, 3), (3, 3)]
    centre.do(tasks.update, third.sid, priority=5)
    assert [place(task.sid) for task in (first, second, third)] == [(2, 3), (3, 3), (1, 3)]
    centre.do(task_queues.update, queue.sid, task_order="LIFO")
    assert [place(task.sid) for task in (first, second, third)] == [(3, 3), (2, 3), (1, 3)]
    centre.do(tasks.update, third.sid, assignment_status="canceled")
    assert [place(task.sid) for task in (first, second, third)] == [(2, 2), (1, 2), None]
