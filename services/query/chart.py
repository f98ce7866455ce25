"""The series of an actor as a bar chart: geometry here, SVG in the template, words in HTML so that they never
shrink."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from schemas.events import Day

MAX_BARS = 92
"""A quarter by days: with more, bars get thinner than a finger or a pixel on a small screen."""
MIN_BARS = 14
"""With fewer, one bar would be a wall."""
HEIGHT = 100.0
GAP = 0.2
"""Share of a slot left blank between bars."""
UNITS = (("day", 1), ("week", 7), ("month", 31), ("year", 366), ("century", 36_525))


@dataclass(frozen=True, slots=True)
class Bar:
    """One slot: quotes stand on claims. ``x`` and ``width`` count slots; heights are of :data:`HEIGHT`."""

    start: date
    label: str
    quotes: int
    claims: int
    x: float
    width: float
    quotes_height: float
    claims_height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """Bars of one unit (``day``, ``week``, ``month``, ``year``, ``century``), gaps included as empty bars."""

    unit: str
    bars: tuple[Bar, ...]
    highest: int
    first: str
    last: str
    later: int
    """Statements dated after the day that the chart ends with."""

    @property
    def filled(self) -> list[Bar]:
        """The slots that hold anything, newest first: the table beside the chart."""
        return [bar for bar in reversed(self.bars) if bar.quotes or bar.claims]


def chart(series: Sequence[Day], until: date) -> Chart | None:
    """The chart of a per-day series up to the day ``until``, which is today: no bar stands for days to come.
    None without one."""
    days = [day for day in series if day.date <= until]
    if not days:
        return None
    first, last = min(day.date for day in days), max(day.date for day in days)
    unit = next((name for name, size in UNITS if (last - first).days / size < MAX_BARS), UNITS[-1][0])
    slots = _padded(_slots(_floor(first, unit), last, unit), unit, until)
    quotes: Counter[date] = Counter()
    claims: Counter[date] = Counter()
    for day in days:
        quotes[_floor(day.date, unit)] += day.quotes
        claims[_floor(day.date, unit)] += day.claims
    highest = max(quotes[slot] + claims[slot] for slot in slots)
    scale = HEIGHT / max(highest, 1)
    bars = tuple(
        Bar(
            start=slot,
            label=_label(slot, unit),
            quotes=quotes[slot],
            claims=claims[slot],
            x=index + GAP / 2,
            width=1 - GAP,
            quotes_height=round(quotes[slot] * scale, 2),
            claims_height=round(claims[slot] * scale, 2),
        )
        for index, slot in enumerate(slots)
    )
    return Chart(
        unit=unit,
        bars=bars,
        highest=highest,
        first=bars[0].label,
        last=bars[-1].label,
        later=sum(day.quotes + day.claims for day in series) - sum(day.quotes + day.claims for day in days),
    )


def _floor(day: date, unit: str) -> date:
    if unit == "week":
        return date.fromordinal(max(1, day.toordinal() - day.weekday()))
    if unit == "month":
        return day.replace(day=1)
    if unit == "century":
        return date(max(1, day.year // 100 * 100), 1, 1)
    return day.replace(month=1, day=1) if unit == "year" else day


def _next(slot: date, unit: str) -> date | None:
    """The slot after; None at the end of the calendar."""
    try:
        if unit == "month":
            return slot.replace(year=slot.year + slot.month // 12, month=slot.month % 12 + 1)
        if unit == "year":
            return slot.replace(year=slot.year + 1)
        if unit == "century":
            return slot.replace(year=slot.year // 100 * 100 + 100)
        return slot + timedelta(days=7 if unit == "week" else 1)
    except (OverflowError, ValueError):
        return None


def _slots(first: date, last: date, unit: str) -> list[date]:
    slots = [first]
    while (following := _next(slots[-1], unit)) is not None and following <= last:
        slots.append(following)
    return slots


def _padded(slots: list[date], unit: str, until: date) -> list[date]:
    """At least :data:`MIN_BARS` slots, by empty ones on both sides, none after ``until``; only days are ever
    that few."""
    missing = MIN_BARS - len(slots)
    if missing <= 0 or unit != "day":
        return slots
    end = min(until.toordinal(), slots[-1].toordinal() + missing // 2)
    start = max(1, end - MIN_BARS + 1)
    return [date.fromordinal(ordinal) for ordinal in range(start, end + 1)]


def _label(slot: date, unit: str) -> str:
    day = f"{slot.day} {slot:%b} {slot.year}"
    names = {"day": day, "week": f"week of {day}", "month": f"{slot:%b} {slot.year}", "year": str(slot.year)}
    return names.get(unit, f"{slot.year // 100 * 100}–{slot.year // 100 * 100 + 99}")
