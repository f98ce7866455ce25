"""Colours and sizes: dark on light, readable when a page shrinks the picture."""

from __future__ import annotations

from typing import Any

PAGE, CARD, EDGE, GRID = "#f1f3f5", "#ffffff", "#d9dde2", "#e8ebee"
INK, FAINT = "#1f2933", "#66707c"

NAMED = {"green": "#2f8f4e", "orange": "#d9820f", "red": "#cc3344", "blue": "#2765c9"}
"""Grafana's names of colours, dark enough for white text."""

SERIES = (
    "#2765c9", "#e07b00", "#2f8f4e", "#a23bb5", "#cc3344", "#0f94a8", "#8a6d1a", "#5f6ad0", "#d35d94", "#4d5a66", "#7aa51d", "#b0561f",
)  # fmt: skip
"""Distinct on white, also for people who do not see red and green apart, in the first six."""

COLUMNS = 24
COLUMN_PX = 62
ROW_PX = 33
GAP_PX = 7
DPI = 100

TITLE_PT, TEXT_PT, SMALL_PT = 9.0, 7.6, 7.0


def level(value: float, thresholds: dict[str, Any] | None) -> str:
    """The colour of a value under a panel's thresholds; blue without any."""
    name = "blue"
    for step in (thresholds or {}).get("steps", []):
        if step["value"] is None or value >= step["value"]:
            name = step["color"]
    return NAMED[name]
