"""Splits by waiting time: sorted once, and the same as counting each wait."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pointsman.history import marks
from pointsman.history.figures import Window
from pointsman.history.marks import NO_WAIT
from pointsman.operations.statistics_views import OF_QUEUE, cumulative

WAITS = st.lists(st.integers(0, 12), max_size=30)


@given(WAITS, WAITS, st.lists(st.integers(0, 14), unique=True, max_size=6).map(sorted))
def test_every_wait_is_on_one_side_of_every_threshold(
    accepted: list[int], canceled: list[int], thresholds: list[int]
) -> None:
    counts = {(marks.ACCEPTED, wait): accepted.count(wait) for wait in accepted}
    counts |= {(marks.CANCELED, wait): canceled.count(wait) for wait in canceled}
    view = cumulative({(marks.REJECTED, NO_WAIT): 3, **counts}, Window(0, 1), thresholds, OF_QUEUE)
    assert (view["reservations_accepted"], view["tasks_canceled"]) == (len(accepted), len(canceled))
    assert view["reservations_rejected"] == 3 and view["wait_duration_until_accepted"]["total"] == sum(accepted)
    assert view["split_by_wait_time"] == {
        str(threshold): {
            "above": {
                "tasks_canceled": sum(wait >= threshold for wait in canceled),
                "reservations_accepted": sum(wait >= threshold for wait in accepted),
            },
            "below": {
                "tasks_canceled": sum(wait < threshold for wait in canceled),
                "reservations_accepted": sum(wait < threshold for wait in accepted),
            },
        }
        for threshold in thresholds
    }
