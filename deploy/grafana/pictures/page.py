"""One dashboard on one page."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from PIL import Image

from pictures import charts, figures, style
from pictures.source import Series, Source

HEADER_PX = 46
TITLE_PX = 24
LEGEND_ROW_PX = 15
MAX_LEGEND_ROWS = 7
COLORS = 128
"""Enough for this palette with smooth edges, and a third of the bytes of full colour."""


class Page:
    """Places panels on the dashboard's grid, in pixels from the top left."""

    def __init__(self, dashboard: dict[str, Any], source: Source) -> None:
        self._dashboard, self._source = dashboard, source
        grid = [panel["gridPos"] for panel in dashboard["panels"]]
        self._width = style.COLUMNS * style.COLUMN_PX + 2 * style.GAP_PX
        self._height = (
            HEADER_PX + max(place["y"] + place["h"] for place in grid) * style.ROW_PX + style.GAP_PX
        )
        self._marks = _beginnings(source, dashboard["annotations"]["list"])
        self.figure = Figure(
            (self._width / style.DPI, self._height / style.DPI), dpi=style.DPI, facecolor=style.PAGE
        )

    def draw(self) -> Page:
        """Draw the header and every panel; raises :class:`pictures.source.QueryFailed` for a query that
        Prometheus refuses."""
        self._header()
        for panel in self._dashboard["panels"]:
            if panel["type"] == "row":
                self._row(panel)
            else:
                self._panel(panel)
        return self

    def save(self, path: Path) -> None:
        """Write a PNG with few colours."""
        self.figure.canvas.draw()
        self.figure.savefig(path, dpi=style.DPI)
        with Image.open(path) as full:
            few = full.convert("RGB").quantize(
                COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE
            )
        few.save(path, optimize=True)

    def _header(self) -> None:
        start, end = (
            dt.datetime.fromtimestamp(moment, dt.UTC) for moment in (self._source.start, self._source.end)
        )
        self._text(style.GAP_PX + 6, 24, self._dashboard["title"], size=14, weight="bold", color=style.INK)
        shown = (
            f"{start:%d %b %Y %H:%M} – {end:%H:%M} UTC · rates over {self._source.fill('$__rate_interval')}"
        )
        self._text(self._width - style.GAP_PX - 6, 24, shown, size=9, color=style.FAINT, ha="right")

    def _row(self, panel: dict[str, Any]) -> None:
        x, y, _, height = self._place(panel["gridPos"])
        self._text(x + 4, y + height / 2, panel["title"], size=11, weight="bold", color=style.INK)

    def _panel(self, panel: dict[str, Any]) -> None:
        x, y, width, height = self._place(panel["gridPos"])
        card = FancyBboxPatch(
            (x / self._width, 1 - (y + height) / self._height), width / self._width, height / self._height,
            boxstyle="square,pad=0", transform=self.figure.transFigure, facecolor=style.CARD, edgecolor=style.EDGE, linewidth=0.8,
            zorder=-1,  # below the axes, whose own background is clear
        )  # fmt: skip
        self.figure.patches.append(card)
        series = [one for target in panel["targets"] for one in self._source.read(target)]
        kind = panel["type"]
        if kind == "stat":
            figures.stat(self._axes(x, y + TITLE_PX, width, height - TITLE_PX), panel, series)
        elif kind in ("bargauge", "table"):
            inside = self._axes(x + 12, y + TITLE_PX + 4, width - 24, height - TITLE_PX - 12)
            (figures.bars if kind == "bargauge" else figures.table)(inside, panel, series)
        elif not series:
            charts.nothing(self._axes(x, y + TITLE_PX, width, height - TITLE_PX), panel)
        elif kind == "timeseries":
            self._lines(panel, series, x, y, width, height)
        else:
            indent = 150 if kind == "state-timeline" else 52
            inside = self._axes(x + indent, y + TITLE_PX + 8, width - indent - 14, height - TITLE_PX - 32)
            (charts.heat if kind == "heatmap" else charts.states)(inside, panel, series, self._source)
            charts.marks(inside, self._marks)
        filled = kind == "stat" and panel["options"]["colorMode"] == "background" and bool(series)
        self._text(
            x + 10,
            y + 14,
            panel["title"],
            size=style.TITLE_PT,
            weight="bold",
            color="#ffffff" if filled else style.INK,
        )

    def _lines(
        self, panel: dict[str, Any], series: list[Series], x: float, y: float, width: float, height: float
    ) -> None:
        rows = min(len(series) + 1, MAX_LEGEND_ROWS)
        legend = rows * LEGEND_ROW_PX
        plot = self._axes(x + 56, y + TITLE_PX + 8, width - 72, height - TITLE_PX - legend - 36)
        charts.lines(plot, panel, series, self._source)
        charts.marks(plot, self._marks)
        charts.legend(self._axes(x + 14, y + height - legend - 6, width - 28, legend), panel, series, rows)

    def _place(self, grid: dict[str, int]) -> tuple[float, float, float, float]:
        x = style.GAP_PX + grid["x"] * style.COLUMN_PX
        y = HEADER_PX + grid["y"] * style.ROW_PX
        return x, y, grid["w"] * style.COLUMN_PX - style.GAP_PX, grid["h"] * style.ROW_PX - style.GAP_PX

    def _axes(self, x: float, y: float, width: float, height: float) -> Axes:
        box = (x / self._width, 1 - (y + height) / self._height, width / self._width, height / self._height)
        axes = self.figure.add_axes(box)
        axes.set_facecolor("none")
        return axes

    def _text(self, x: float, y: float, words: str, **look: Any) -> None:
        self.figure.text(x / self._width, 1 - y / self._height, words, va="center", **look)


def _beginnings(source: Source, annotations: list[dict[str, Any]]) -> list[float]:
    """When each annotation's series appeared: the moments at which alerts began to fire."""
    found: list[float] = []
    for annotation in annotations:
        for one in source.read({**annotation["target"], "legendFormat": "__auto"}):
            jumps = zip(one.times, one.times[1:], strict=False)
            found += [one.times[0], *(after for before, after in jumps if after - before > 1.5 * source.step)]
    return sorted(set(found))
