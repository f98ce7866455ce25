"""Panels without a time axis: large figures, bars and tables."""

from __future__ import annotations

from typing import Any

from matplotlib.axes import Axes

from pictures import style, units
from pictures.charts import nothing
from pictures.source import Series


def stat(axes: Axes, panel: dict[str, Any], series: list[Series]) -> None:
    """One large value on its level's colour, over its past."""
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_axis_off()
    filled = panel["options"]["colorMode"] == "background"
    if not series:
        nothing(axes, panel)
        return
    if panel["options"]["textMode"] == "name":
        shown = "\n".join(one.name for one in series)
        axes.text(
            0.5,
            0.5,
            shown,
            size=16,
            weight="bold",
            color=style.NAMED["blue"],
            ha="center",
            va="center",
            transform=axes.transAxes,
        )
        return
    value = series[0].last
    color = (
        style.level(value, defaults.get("thresholds")) if "thresholds" in defaults else style.NAMED["blue"]
    )
    if filled:
        axes.figure.patches[-1].set_facecolor(color)
    ink = "#ffffff" if filled else color
    if panel["options"]["graphMode"] == "area" and len(series[0].values) > 1:
        _past(axes, series[0], ink)
    shown = units.text(value, defaults.get("unit", "short"), defaults.get("decimals"))
    axes.text(
        0.5,
        0.58,
        shown,
        size=21,
        weight="bold",
        color=ink,
        ha="center",
        va="center",
        transform=axes.transAxes,
    )


def _past(axes: Axes, one: Series, color: str) -> None:
    low, high = min(0.0, *one.values), max(one.values)
    if high <= low:
        return
    axes.fill_between(one.times, low, one.values, color=color, alpha=0.22, linewidth=0)
    axes.plot(one.times, one.values, color=color, alpha=0.6, linewidth=1)
    axes.set_xlim(one.times[0], one.times[-1])
    axes.set_ylim(low, low + (high - low) * 3)  # the figure stands above its past


def bars(axes: Axes, panel: dict[str, Any], series: list[Series]) -> None:
    """Horizontal bars, the longest first, each with its value."""
    defaults = panel["fieldConfig"]["defaults"]
    axes.set_axis_off()
    ranked = sorted((one for one in series if one.last > 0), key=lambda one: -one.last)
    if not ranked:
        nothing(axes, panel)
        return
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(ranked), 5), 0)
    largest = ranked[0].last
    for row, one in enumerate(ranked):
        axes.text(0.0, row + 0.26, one.name, size=style.TEXT_PT, color=style.INK, va="center")
        value = units.text(one.last, defaults.get("unit", "short"), defaults.get("decimals"))
        axes.text(
            1.0,
            row + 0.68,
            value,
            size=style.TEXT_PT + 1,
            weight="bold",
            color=style.INK,
            ha="right",
            va="center",
        )
        axes.barh(row + 0.68, 0.86, height=0.34, color=style.GRID)
        axes.barh(
            row + 0.68,
            max(0.004, 0.86 * one.last / largest),
            height=0.34,
            color=style.level(one.last, defaults.get("thresholds")),
        )


def table(axes: Axes, panel: dict[str, Any], series: list[Series]) -> None:
    """One row per series, one column per label that the panel's transformation leaves."""
    axes.set_axis_off()
    if not series:
        nothing(axes, panel)
        return
    options = panel["transformations"][0]["options"]
    hidden = {name for name, left_out in options["excludeByName"].items() if left_out}
    order = options["indexByName"]
    found = {name for one in series for name in one.labels} - hidden
    names = sorted(found, key=lambda name: (order.get(name, len(order)), name))
    cells = [[one.labels.get(name, "") for name in names] for one in series]
    heads = [options["renameByName"].get(name, name) for name in names]
    widths = [max(len(row[column]) for row in [heads, *cells]) for column in range(len(names))]
    longest = 40
    widths = [min(width, longest) + 2 for width in widths]
    starts = [sum(widths[:column]) / sum(widths) for column in range(len(names))]
    axes.set_xlim(0, 1)
    axes.set_ylim(max(len(cells) + 1, 6), 0)
    for column, start in enumerate(starts):
        axes.text(
            start, 0.5, heads[column], size=style.TEXT_PT, weight="bold", color=style.FAINT, va="center"
        )
        for row, values in enumerate(cells, start=1):
            value = values[column] if len(values[column]) <= longest else values[column][: longest - 1] + "…"
            axes.text(start, row + 0.5, value, size=style.TEXT_PT, color=style.INK, va="center")
    for row in range(1, len(cells) + 1):
        axes.axhline(row, color=style.GRID, linewidth=0.8)
