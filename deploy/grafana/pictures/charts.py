"""Panels with a time axis: lines, stacks, bars, heat maps and states."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, MultipleLocator

from pictures import style, units
from pictures.source import Series, Source

LEGEND_COLUMNS = ("Last", "Mean", "Max")

TICKS_S = (60, 120, 300, 600, 900, 1800, 3600, 7200, 21600, 43200, 86400, 604800, 2592000)
MAX_TICKS = 9


def time_axis(axes: Axes, source: Source) -> None:
    """Hours and minutes of the time range, in UTC."""
    axes.set_xlim(source.start, source.end)
    apart = next(step for step in TICKS_S if (source.end - source.start) / step <= MAX_TICKS)
    axes.xaxis.set_major_locator(MultipleLocator(apart))
    axes.xaxis.set_major_formatter(
        FuncFormatter(lambda moment, _: f"{dt.datetime.fromtimestamp(moment, dt.UTC):%H:%M}")
    )
    axes.tick_params(length=0, pad=3, labelsize=style.SMALL_PT, labelcolor=style.FAINT)
    for side in axes.spines.values():
        side.set_visible(False)


def lines(axes: Axes, panel: dict[str, Any], series: list[Series], source: Source) -> None:
    """Lines, or stacked areas or bars, as the panel's field settings say."""
    defaults = panel["fieldConfig"]["defaults"]
    custom = defaults["custom"]
    unit = defaults.get("unit", "short")
    stacked = custom.get("stacking", {}).get("mode") == "normal"
    if stacked:
        _stack(axes, series, source, as_bars=custom.get("drawStyle") == "bars")
    else:
        for index, one in enumerate(series):
            times, values = _gaps(one, source.step)
            axes.plot(times, values, color=_color(index), linewidth=1.5, solid_joinstyle="round")
    low, high = _span(series, defaults, axes.get_ylim())
    axes.set_ylim(low, high + (high - low) * 0.02)
    size = units.scale(high, unit)
    axes.yaxis.set_major_locator(
        FixedLocator(
            [
                tick * size
                for tick in MaxNLocator(4).tick_values(low / size, high / size)
                if tick * size <= high
            ]
        )
    )
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: units.text(value, unit)))
    axes.grid(axis="y", color=style.GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    if custom.get("thresholdsStyle", {}).get("mode") == "dashed":
        for step in defaults["thresholds"]["steps"]:
            if step["value"] is not None and low < step["value"] < high:
                axes.axhline(
                    step["value"], color=style.NAMED[step["color"]], linewidth=1, linestyle=(0, (5, 4))
                )
    time_axis(axes, source)


def legend(axes: Axes, panel: dict[str, Any], series: list[Series], rows: int) -> None:
    """Name, last, mean and largest value of each series, the largest last value first; what does not fit is
    counted."""
    defaults = panel["fieldConfig"]["defaults"]
    unit = defaults.get("unit", "short")
    axes.set_axis_off()
    axes.set_xlim(0, 1)
    axes.set_ylim(rows, 0)
    for column, head in enumerate(LEGEND_COLUMNS):
        axes.text(
            0.72 + 0.14 * column, 0.5, head, size=style.SMALL_PT, color=style.FAINT, ha="right", va="center"
        )
    ranked = sorted(enumerate(series), key=lambda pair: -pair[1].last)
    shown = ranked if len(ranked) <= rows - 1 else ranked[: rows - 2]
    for line, (index, one) in enumerate(shown, start=1):
        axes.plot(
            [0, 0.022], [line + 0.5, line + 0.5], color=_color(index), linewidth=3, solid_capstyle="butt"
        )
        name = one.name if len(one.name) <= 46 else one.name[:45] + "…"
        axes.text(0.034, line + 0.5, name, size=style.TEXT_PT, color=style.INK, va="center")
        for column, value in enumerate((one.last, sum(one.values) / len(one.values), max(one.values))):
            shown_value = units.text(value, unit)
            axes.text(
                0.72 + 0.14 * column,
                line + 0.5,
                shown_value,
                size=style.TEXT_PT,
                color=style.INK,
                ha="right",
                va="center",
            )
    if len(shown) < len(ranked):
        axes.text(
            0.034,
            rows - 0.5,
            f"and {len(ranked) - len(shown)} more",
            size=style.SMALL_PT,
            color=style.FAINT,
            va="center",
        )


def heat(axes: Axes, panel: dict[str, Any], series: list[Series], source: Source) -> None:
    """Cumulative buckets (``le``) taken apart; one row per bucket between the smallest and the largest that
    hold anything."""
    unit = panel["options"]["yAxis"].get("unit", "short")
    ordered = sorted(series, key=lambda one: float(one.labels["le"]))
    bounds = [float(one.labels["le"]) for one in ordered]
    count = round((source.end - source.start) / source.step) + 1
    grid = np.zeros((len(ordered), count))
    for row, one in enumerate(ordered):
        for time, value in zip(one.times, one.values, strict=True):
            grid[row, round((time - source.start) / source.step)] = value
    cells = np.diff(grid, axis=0, prepend=0).clip(min=0)
    held = np.flatnonzero(cells.sum(axis=1) > 0)
    if not held.size:
        nothing(axes, panel)
        return
    first, last = max(0, held[0] - 1), min(len(bounds), held[-1] + 2)
    cells = cells[first:last]
    times = source.start + source.step * (np.arange(count + 1) - 0.5)
    shaded = np.ma.masked_less_equal(np.sqrt(cells), 0)
    axes.pcolormesh(
        times, np.arange(len(cells) + 1), shaded, cmap="Blues", vmin=-0.25 * shaded.max(), rasterized=True
    )
    labels = ["∞" if math.isinf(bound) else units.text(bound, unit) for bound in bounds[first:last]]
    every = max(1, math.ceil(len(labels) / 9))
    axes.set_yticks(np.arange(1, len(cells) + 1)[::every], labels[::every])
    axes.grid(axis="y", color=style.GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    time_axis(axes, source)


def states(axes: Axes, panel: dict[str, Any], series: list[Series], source: Source) -> None:
    """One band per series, coloured by the panel's levels."""
    thresholds = panel["fieldConfig"]["defaults"]["thresholds"]
    width = source.step * 1.05  # neighbours overlap a little: no hairlines between them
    for row, one in enumerate(reversed(series)):
        colors = [style.level(value, thresholds) for value in one.values]
        spans = [(time - source.step / 2, width) for time in one.times]
        axes.broken_barh(spans, (row + 0.12, 0.76), facecolors=colors, linewidth=0)
    axes.set_ylim(0, len(series))
    axes.set_yticks([row + 0.5 for row in range(len(series))], [one.name for one in reversed(series)])
    time_axis(axes, source)


def marks(axes: Axes, moments: list[float]) -> None:
    """Where an alert began to fire, as Grafana marks an annotation."""
    for moment in moments:
        axes.axvline(moment, color=style.NAMED["red"], linewidth=0.9, linestyle=(0, (2, 2)), alpha=0.8)
        axes.plot(
            [moment],
            [0],
            marker="^",
            color=style.NAMED["red"],
            markersize=4,
            transform=axes.get_xaxis_transform(),
            clip_on=False,
        )


def nothing(axes: Axes, panel: dict[str, Any]) -> None:
    """What Grafana writes into a panel without data."""
    axes.set_axis_off()
    message = panel["fieldConfig"]["defaults"].get("noValue", "No data")
    axes.text(
        0.5,
        0.5,
        message,
        size=style.TITLE_PT,
        color=style.FAINT,
        ha="center",
        va="center",
        transform=axes.transAxes,
    )


def _stack(axes: Axes, series: list[Series], source: Source, *, as_bars: bool) -> None:
    moments = sorted({time for one in series for time in one.times})
    times = np.array(moments)
    below = np.zeros(len(moments))
    for index, one in enumerate(series):
        found = dict(zip(one.times, one.values, strict=True))
        values = np.array([found.get(time, 0.0) for time in moments])
        if as_bars:
            axes.bar(times, values, width=source.step, bottom=below, color=_color(index), linewidth=0)
        else:
            axes.fill_between(times, below, below + values, color=_color(index), alpha=0.55, linewidth=0)
            axes.plot(times, np.where(values > 0, below + values, np.nan), color=_color(index), linewidth=1)
        below = below + values
    if below.size and below.max() > 0:
        axes.set_ylim(0, below.max() * 1.08)


def _span(series: list[Series], defaults: dict[str, Any], drawn: tuple[float, float]) -> tuple[float, float]:
    """The value axis as Grafana lays it out: hard bounds bind, soft ones only widen."""
    custom = defaults["custom"]
    low = min(min(one.values) for one in series)
    high = max(drawn[1], 0.0) if any(max(map(abs, one.values)) for one in series) else 0.0
    if low == high or max(max(one.values) for one in series) == low:
        high = low  # a flat line: no margin of the plotting library's own
    if custom.get("axisSoftMin") is not None:
        low = min(low, custom["axisSoftMin"])
    if custom.get("axisSoftMax") is not None:
        high = max(high, custom["axisSoftMax"])
    if defaults.get("min") is not None:
        low = defaults["min"]
    if defaults.get("max") is not None:
        high = min(high, defaults["max"])
    return low, high if high > low else low + 1


def _gaps(one: Series, step: float) -> tuple[list[float], list[float]]:
    """The points, with a break where samples are missing: a line across a gap would claim data."""
    times: list[float] = []
    values: list[float] = []
    for index, (time, value) in enumerate(zip(one.times, one.values, strict=True)):
        if index and time - one.times[index - 1] > 1.5 * step:
            times.append(time - step)
            values.append(math.nan)
        times.append(time)
        values.append(value)
    return times, values


def _color(index: int) -> str:
    return style.SERIES[index % len(style.SERIES)]
