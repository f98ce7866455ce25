"""When a source counts as silent, on made-up histories."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from schemas.relational import source_hours
from schemas.sources import GONE, Source, hour_of, selection, sources_of

NOW = datetime(2026, 11, 22, 14, 20, tzinfo=UTC)  # a Sunday
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

Row = tuple[str, str, str, int, int, datetime]


def rows(
    times: Iterable[datetime], outlet: str = "Gazette", stage: str = "ingest", outcome: str = "accepted"
) -> list[Row]:
    """One article at each of these times."""
    return [(outlet, stage, outcome, hour_of(moment), 1, moment) for moment in times]


def listed(rows: Iterable[Row], now: datetime = NOW) -> list[Source]:
    """The sources of a database with these rows."""
    engine = sa.create_engine("sqlite://")
    source_hours.create(engine)
    with engine.begin() as connection:
        merged: dict[tuple[str, str, str, int], tuple[int, datetime]] = {}
        for outlet, stage, outcome, hour, articles, latest in rows:
            key = (outlet, stage, outcome, hour)
            known = merged.get(key, (0, latest))
            merged[key] = (known[0] + articles, max(known[1], latest))
        names = ("outlet", "stage", "outcome", "hour", "articles", "latest")
        if merged:
            connection.execute(
                source_hours.insert(),
                [dict(zip(names, (*key, *value), strict=True)) for key, value in merged.items()],
            )
        found = sources_of(connection.execute(selection(now)), now)
    engine.dispose()
    return found


def judged(times: Iterable[datetime], now: datetime = NOW) -> Source:
    (source,) = listed(rows(times), now)
    return source


def every(step: timedelta, until: datetime, span: timedelta) -> list[datetime]:
    """Moments ``step`` apart over ``span``, the last one at ``until``."""
    return [until - step * number for number in range(int(span / step) + 1)]


def daytime(days: Iterable[datetime]) -> list[datetime]:
    """A newspaper: every hour from 8 to 20 on these days."""
    return [day.replace(hour=hour, minute=5) for day in days for hour in range(8, 21)]


@pytest.mark.parametrize(
    ("quiet", "silent"),
    [(HOUR, False), (5.9 * HOUR, False), (6.1 * HOUR, True), (13 * DAY, True), (GONE + HOUR, False)],
)
def test_an_hourly_source_is_missed_after_six_hours_and_for_two_weeks(quiet: timedelta, silent: bool) -> None:
    source = judged(every(HOUR, NOW - quiet, 10 * DAY))
    assert source.allowed == 6 * HOUR
    assert source.silent_since == (NOW - quiet if silent else None)


def test_a_daily_source_is_missed_after_three_days() -> None:
    assert judged(every(DAY, NOW - 2.9 * DAY, 13 * DAY)).silent_since is None
    assert judged(every(DAY, NOW - 3.1 * DAY, 13 * DAY)).silent_since == NOW - 3.1 * DAY


def test_a_night_is_no_silence() -> None:
    monday = datetime(2026, 11, 16, tzinfo=UTC)
    paper = daytime(monday - DAY * back for back in range(10))
    assert judged(paper, monday.replace(hour=23)).silent_since is None
    assert judged(paper, monday + DAY + 7 * HOUR).silent_since is None
    assert judged(paper, monday + 3 * DAY).silent_since == monday.replace(hour=20, minute=5)


def test_a_weekend_is_no_silence() -> None:
    friday = datetime(2026, 11, 20, tzinfo=UTC)
    weekdays = [day for back in range(14) if (day := friday - DAY * back).weekday() < 5]
    for hours in range(21, 3 * 24):
        assert judged(daytime(weekdays), friday + HOUR * hours).silent_since is None
    assert judged(daytime(weekdays), friday + 9 * DAY).silent_since is not None, (
        "a usual gap of 60 h: a week at most"
    )


def test_the_first_night_of_a_source_is_no_silence() -> None:
    day = datetime(2026, 11, 21, tzinfo=UTC)
    busy = [moment + timedelta(minutes=minutes) for moment in daytime([day]) for minutes in (0, 20)]
    assert judged(busy, day + DAY + 8 * HOUR).silent_since is None
    assert judged(busy, day + 2 * DAY).silent_since is not None


@pytest.mark.parametrize(
    "times",
    [
        [NOW - 3 * DAY + timedelta(seconds=number) for number in range(1000)],
        [NOW - 3 * DAY],
        [NOW - 3 * DAY, NOW - 5 * DAY, NOW - 6 * DAY],
        every(timedelta(minutes=5), NOW - 3 * DAY, 6 * HOUR),
    ],
    ids=["a file read in one go", "one article", "now and then", "a short burst"],
)
def test_a_source_without_a_rhythm_is_never_missed(times: list[datetime]) -> None:
    source = judged(times)
    assert (source.allowed, source.silent_since) == (None, None)


def test_silence_does_not_wear_the_rhythm_off() -> None:
    last = NOW - 12 * DAY
    assert judged(every(6 * HOUR, last, 5 * DAY)).silent_since == last
    assert judged(every(6 * HOUR, last, 3 * DAY)).silent_since is None, "it had no rhythm before either"


def test_articles_are_counted_as_they_come_in_and_by_what_became_of_them() -> None:
    times = every(8 * HOUR, NOW - HOUR, 10 * DAY)
    extracted = rows(times[:20], stage="extract", outcome="extracted") + rows(
        times[20:], stage="extract", outcome="empty"
    )
    letters = rows(times[:2], stage="extract", outcome="dead_lettered")
    (source,) = listed([*rows(times), *extracted, *letters])
    assert (source.day, source.week, source.last_article) == (3, 21, NOW - HOUR)
    assert source.outcomes == {"dead_lettered": 2, "empty": 1, "extracted": 20}


def test_producers_that_name_no_outlet_are_counted_as_extracted() -> None:
    foreign = rows(every(HOUR, NOW - 8 * HOUR, 9 * DAY), "Foreign", "extract", "extracted")
    first, second = listed([*foreign, *rows([NOW])])
    assert (first.outlet, first.silent_since) == ("Foreign", NOW - 8 * HOUR)
    assert (second.outlet, second.week) == ("Gazette", 1)


def test_a_clock_that_runs_ahead_hides_no_silence() -> None:
    usual = every(HOUR, NOW - 8 * HOUR, 9 * DAY)
    assert judged([*usual, NOW + 30 * DAY]) == judged(usual)
    assert listed(rows([NOW + 30 * DAY])) == []


def test_a_replayed_dead_letter_is_no_sign_of_life() -> None:
    usual = every(HOUR, NOW - 8 * HOUR, 9 * DAY)
    replayed = rows([NOW - HOUR], outcome="replayed")
    assert listed([*rows(usual), *replayed]) == listed(rows(usual))
    assert listed(replayed) == []


def test_enough_history_is_asked_for() -> None:
    bound = selection(NOW).whereclause
    assert bound is not None
    assert str(hour_of(NOW - 28 * DAY)) in str(bound.compile(compile_kwargs={"literal_binds": True}))


def test_nothing_known_is_nothing() -> None:
    assert listed([]) == []
    assert listed(rows([NOW], stage="aggregate")) == []
