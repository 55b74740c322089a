"""The lifecycles as tables: every pair is legal or an error, and nothing leaves a final state."""

from itertools import product

import pytest

from pointsman.domain.lifecycle import (
    RESERVATION,
    RESERVATION_STATES,
    TASK,
    TASK_STATES,
    TRANSFER,
    TRANSFER_STATES,
    after,
)

TABLES = {
    "task": (TASK, TASK_STATES),
    "reservation": (RESERVATION, RESERVATION_STATES),
    "transfer": (TRANSFER, TRANSFER_STATES),
}


@pytest.mark.parametrize("name", TABLES)
def test_states_are_known_and_all_are_reached_from_the_first(name):
    table, states = TABLES[name]
    reached, edge = {states[0]}, {states[0]}
    while edge:
        edge = {to for (state, _), to in table.items() if state in edge} - reached
        reached |= edge
    assert reached == set(states)
    assert {state for state, _ in table} <= set(states)


def final_states(table, states):
    return set(states) - {state for state, _ in table}


def test_final_states():
    assert final_states(TASK, TASK_STATES) == {"completed", "canceled"}
    assert final_states(TRANSFER, TRANSFER_STATES) == {"complete", "failed", "canceled"}
    ended = {"completed", "rejected", "timeout", "canceled", "rescinded"}
    assert (
        final_states(RESERVATION, RESERVATION_STATES)
        == ended
        == set(RESERVATION_STATES) - {"pending", "accepted", "wrapping"}
    )


@pytest.mark.parametrize("name", TABLES)
def test_a_pair_that_is_not_in_the_table_is_an_error(name):
    table, states = TABLES[name]
    for state, trigger in product(states, {trigger for _, trigger in table}):
        if (state, trigger) in table:
            assert after(table, state, trigger) == table[state, trigger]
        else:
            with pytest.raises(KeyError):
                after(table, state, trigger)


@pytest.mark.parametrize(
    ("state", "trigger"),
    [("assigned", "cancel"), ("wrapping", "cancel"), ("pending", "complete"), ("reserved", "wrap")],
)
def test_a_task_s_forbidden_ways(state, trigger):
    assert (state, trigger) not in TASK
