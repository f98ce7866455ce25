"""Cutting a long text into windows the network can read, each piece answered for by exactly one of them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Window(NamedTuple):
    """Pieces ``[start, end)`` are read together; the answers for ``[keep_start, keep_end)`` are taken from this reading."""

    start: int
    end: int
    keep_start: int
    keep_end: int


class WindowPlan(NamedTuple):
    """How a text is cut, all in pieces: ``size`` per window; ``context`` on each side of a cut inside a paragraph;
    ``paragraph_context`` before a cut between paragraphs (attributions hardly ever cross one: 73 of 18,361 in PolNeAR's
    training part). Twice the context reads a quarter more and finds no more (PolNeAR dev: 0.2 points, within noise)."""

    size: int = 254
    context: int = 32
    paragraph_context: int = 16


def plan_windows(starts_line: npt.NDArray[np.bool_], plan: WindowPlan) -> list[Window]:
    """Windows over ``len(starts_line)`` pieces, left to right; their kept parts cover every piece once.

    A window ends its kept part at the last line break in its second half when there is one, and then needs no context on the right.
    """
    count = len(starts_line)
    breaks = np.flatnonzero(starts_line)
    windows: list[Window] = []
    keep_start = 0
    while keep_start < count:
        at_break = bool(starts_line[keep_start])
        start = max(0, keep_start - (plan.paragraph_context if at_break else plan.context))
        end = start + plan.size
        if end >= count:
            windows.append(Window(max(0, count - plan.size), count, keep_start, count))
            break
        cut = end - plan.context
        candidates = breaks[(breaks > start + plan.size // 2) & (breaks > keep_start) & (breaks <= end)]
        if len(candidates):
            cut = int(candidates[-1])
        windows.append(Window(start, end, keep_start, cut))
        keep_start = cut
    return windows
