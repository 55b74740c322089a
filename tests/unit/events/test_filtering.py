"""EventsFilter: which types pass."""

import pytest

from pointsman.events.filtering import wants


@pytest.mark.parametrize("all_of_them", [None, "", "  ", ", ,"])
def test_without_a_name_every_type_passes(all_of_them):
    assert wants(all_of_them, "task.created")


@pytest.mark.parametrize(
    ("events_filter", "type", "passes"),
    [
        ("task.created", "task.created", True),
        ("task.created, task.canceled,worker.activity.update", "task.canceled", True),
        (" task.created ,", "task.created", True),
        ("task.created", "task.created.late", False),
        ("task.created", "task", False),
        ("task", "task.created", False),
        ("no.such.type", "task.created", False),
        ("no.such.type, task.created", "task.created", True),
        ("Task.Created", "task.created", False),
    ],
)
def test_a_filter_lets_the_named_types_pass(events_filter, type, passes):
    assert wants(events_filter, type) is passes
