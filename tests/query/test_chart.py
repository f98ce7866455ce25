"""The chart shows what the record counts."""

from __future__ import annotations

import datetime as dt

from hypothesis import given
from hypothesis import strategies as st

from schemas.events import Day
from services.query.chart import HEIGHT, MAX_BARS, MIN_BARS, chart

DATES = (
    st.dates()
    | st.dates(dt.date(2026, 1, 1), dt.date(2026, 3, 1))
    | st.dates(dt.date(2025, 1, 1), dt.date(2035, 1, 1))
)
DAYS = st.lists(
    st.builds(Day, date=DATES, quotes=st.integers(0, 9), claims=st.integers(1, 9)),
    min_size=1, max_size=9, unique_by=lambda day: day.date,
)  # fmt: skip


@given(DAYS)
def test_bars_hold_exactly_the_series(days: list[Day]) -> None:
    found = chart(days, dt.date.max)
    assert found is not None
    assert sum(bar.quotes for bar in found.bars) == sum(day.quotes for day in days)
    assert sum(bar.claims for bar in found.bars) == sum(day.claims for day in days)
    starts = [bar.start for bar in found.bars]
    assert starts == sorted(set(starts))
    assert max(bar.quotes_height + bar.claims_height for bar in found.bars) - HEIGHT < 0.1
    assert found.highest == max(bar.quotes + bar.claims for bar in found.bars)
    span = (max(day.date for day in days) - min(day.date for day in days)).days
    if span < MAX_BARS:
        assert found.unit == "day"
        assert MIN_BARS <= len(found.bars) <= MAX_BARS
        by_day = {bar.start: (bar.quotes, bar.claims) for bar in found.bars}
        assert all(by_day[day.date] == (day.quotes, day.claims) for day in days)
    assert len(found.bars) <= MAX_BARS + 9


def test_no_series_no_chart() -> None:
    assert chart([], dt.date.max) is None


@given(DAYS, st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)))
def test_no_bar_stands_for_days_to_come(days: list[Day], today: dt.date) -> None:
    found = chart(days, today)
    past = [day for day in days if day.date <= today]
    assert (found is None) == (not past)
    if found is not None:
        assert found.bars[-1].start <= today
        assert sum(bar.quotes + bar.claims for bar in found.bars) == sum(
            day.quotes + day.claims for day in past
        )
        assert found.later == sum(day.quotes + day.claims for day in days if day.date > today)
