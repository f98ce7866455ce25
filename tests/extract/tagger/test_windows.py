"""Windows cover every piece once, and are cut between paragraphs where they can be."""

from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from services.extract.tagger.windows import WindowPlan, plan_windows

PLAN = WindowPlan(size=40, context=8, paragraph_context=4)


@given(st.lists(st.booleans(), max_size=300))
def test_every_piece_is_kept_exactly_once_and_read_with_what_is_kept(breaks: list[bool]) -> None:
    windows = plan_windows(np.array(breaks, np.bool_), PLAN)
    kept = [piece for window in windows for piece in range(window.keep_start, window.keep_end)]
    assert kept == list(range(len(breaks)))
    for window in windows:
        assert 0 <= window.start <= window.keep_start < window.keep_end <= window.end <= len(breaks)
        assert window.end - window.start <= PLAN.size


@given(st.integers(0, 400))
def test_cuts_inside_a_paragraph_have_context_on_both_sides(count: int) -> None:
    windows = plan_windows(np.zeros(count, np.bool_), PLAN)
    for left, right in pairwise(windows):
        assert left.end - left.keep_end >= PLAN.context
        assert right.keep_start - right.start >= PLAN.context


def test_a_paragraph_break_near_the_end_is_where_the_cut_falls() -> None:
    starts_line = np.zeros(80, np.bool_)
    starts_line[[0, 36]] = True
    first, second, *_ = plan_windows(starts_line, PLAN)
    assert (first.keep_end, second.keep_start, second.start) == (36, 36, 32)
