"""When a source has fallen silent: one rule for the alert (aggregate's gauge) and the reader (query's list).

A source is an outlet. What counts is when its article revisions came in, by the hour. Only a source with a
rhythm can be missed:

- **steady**: articles on at least five different days (UTC) of the seven that end with its last article; or
- **busy**: at least twenty articles in the 24 hours that end with its last one, in at least twelve different
  hours of them. (A file of a thousand old articles, read in one go, is no rhythm.)

Its *usual gap* is the longest time between two of its articles, in whole hours, in the fourteen days that end
with its last one: long enough to hold a weekend. The source is **silent** when nothing has come for longer
than three times its usual gap, at least six hours. Three, because a source that publishes at random times
exceeds twice its longest gap every few months, three times hardly ever. While less than two days are known of
it, the limit is at least a day: its nights are not known yet.

Its history ends with its last article, so silence does not wear the rhythm off. After fourteen days of
silence it counts as gone: whoever had to know has been told for two weeks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from operator import itemgetter
from typing import Any

import sqlalchemy as sa

from schemas.relational import EPOCH, Fate, Step, source_hours

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
WEEK = 7 * DAY

STEADY_DAYS = 5
BUSY_ARTICLES = 20
BUSY_HOURS = 12
FACTOR = 3
LEAST = 6 * HOUR
MOST = WEEK
YOUNG = 2 * DAY
HISTORY = 14 * DAY
GONE = 14 * DAY

FAR_AHEAD = HOUR
"""A producer's clock may be wrong: what is dated later than this from now is left out, or it would hide a
silence until then."""


@dataclass(frozen=True, slots=True)
class Source:
    """An outlet, as of a moment.

    ``day`` and ``week`` count article revisions of the last 24 hours (to the hour) and 7 days; ``outcomes``
    counts what became of those of the week: extraction's outcomes and ``dead_lettered``. ``allowed`` is the
    longest silence that is usual, None without a rhythm; ``silent_since`` is when the last article came, set
    only when the source is silent.
    """

    outlet: str
    day: int
    week: int
    last_article: datetime
    outcomes: Mapping[str, int]
    allowed: timedelta | None
    silent_since: datetime | None


@dataclass(slots=True)
class _Hours:
    """Articles per hour, and when the last one came."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    latest: datetime = EPOCH

    def add(self, hours: Mapping[int, int], latest: datetime) -> None:
        for hour, articles in hours.items():
            self.counts[hour] += articles
        self.latest = max(self.latest, latest)


def hour_of(moment: datetime) -> int:
    """Whole hours since 1970 in UTC, as :data:`schemas.relational.source_hours` counts them."""
    return (moment - EPOCH) // HOUR


def selection(now: datetime) -> sa.Select[Any]:
    """The rows that :func:`sources_of` needs: ``(outlet, stage, outcome, hours, latest)``, by outlet.

    ``hours`` is ``hour:articles,hour:articles…``: four weeks of a thousand outlets are half a million rows of
    the table, which a driver would spend minutes on, and hundreds of megabytes.
    """
    table = source_hours.c
    hours = sa.func.aggregate_strings(
        sa.cast(table.hour, sa.Text) + ":" + sa.cast(table.articles, sa.Text), ","
    )
    columns = table.outlet, table.stage, table.outcome
    known = table.hour.between(hour_of(now - GONE - HISTORY), hour_of(now + FAR_AHEAD))
    return (
        sa.select(*columns, hours, sa.func.max(table.latest))
        .where(known)
        .group_by(*columns)
        .order_by(table.outlet)
    )


def sources_of(rows: Iterable[Sequence[Any]], now: datetime) -> list[Source]:
    """Every source there was in the last four weeks, by name, given the rows of :func:`selection`.

    Articles are counted as they come in; those of producers that name no outlet in their records' headers
    (:attr:`schemas.events.Article.extensions`) as they are extracted. One that a person put back from the
    dead letters came in before: it is no sign of life.
    """
    found = (_source_of(outlet, mine, now) for outlet, mine in groupby(rows, key=itemgetter(0)))
    return [source for source in found if source is not None]


def _source_of(outlet: str, rows: Iterable[Sequence[Any]], now: datetime) -> Source | None:
    arrived: dict[str, _Hours] = defaultdict(_Hours)
    outcomes: dict[str, int] = defaultdict(int)
    week_ago = hour_of(now - WEEK)
    for _, stage, outcome, packed, latest in rows:
        hours = {
            int(hour): int(articles) for hour, articles in (pair.split(":") for pair in packed.split(","))
        }
        if outcome != Fate.REPLAYED:
            arrived[stage].add(hours, latest)
        if stage == Step.EXTRACT:
            lately = sum(articles for hour, articles in hours.items() if hour > week_ago)
            outcomes |= {outcome: lately} if lately else {}
    arrivals = arrived.get(Step.INGEST) or arrived.get(Step.EXTRACT)
    return _source(outlet, arrivals, outcomes, now) if arrivals is not None else None


def allowed_silence(counts: Mapping[int, int], last: datetime) -> timedelta | None:
    """How long a source with these articles per hour may be quiet after its last one; None when it has no
    rhythm."""
    end = hour_of(last)
    hours = sorted(hour for hour in counts if end - HISTORY // HOUR < hour <= end)
    steady = len({hour // 24 for hour in hours if hour > end - WEEK // HOUR}) >= STEADY_DAYS
    recent = [hour for hour in hours if hour > end - DAY // HOUR]
    busy = len(recent) >= BUSY_HOURS and sum(counts[hour] for hour in recent) >= BUSY_ARTICLES
    if not (steady or busy):
        return None
    gap = max((after - before for before, after in pairwise(hours)), default=0) * HOUR
    young = (end - hours[0]) * HOUR < YOUNG
    return min(max(FACTOR * gap, DAY if young else LEAST), MOST)


def _source(outlet: str, arrivals: _Hours, outcomes: Mapping[str, int], now: datetime) -> Source:
    allowed = allowed_silence(arrivals.counts, arrivals.latest)
    quiet = now - arrivals.latest
    silent = allowed is not None and allowed < quiet <= GONE

    def since(moment: datetime) -> int:
        first = hour_of(moment)
        return sum(articles for hour, articles in arrivals.counts.items() if hour > first)

    return Source(
        outlet=outlet,
        day=since(now - DAY),
        week=since(now - WEEK),
        last_article=arrivals.latest,
        outcomes=dict(sorted(outcomes.items())),
        allowed=allowed,
        silent_since=arrivals.latest if silent else None,
    )
