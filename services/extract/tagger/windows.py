"""Cutting a long text into windows the network can read, each piece answered for by exactly one of them."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Window(NamedTuple):
    """Pieces ``[start, end)`` are read together; the answers for ``[keep_start, keep_end)`` are taken from
    this reading."""

    start: int
    end: int
    keep_start: int
    keep_end: int


class WindowPlan(NamedTuple):
    """How a text is cut, all in pieces: at most ``size`` per window; ``context`` on each side of a cut inside
    a paragraph; ``paragraph_context`` before a cut between paragraphs, half of it behind (attributions hardly
    ever cross one: 73 of 18,361 in PolNeAR's training part). On PolNeAR dev twice the context and windows of
    192 are within noise of this, 384 pieces are 2 points worse."""

    size: int = 254
    context: int = 32
    paragraph_context: int = 16


def plan_windows(starts_line: npt.NDArray[np.bool_], plan: WindowPlan) -> list[Window]:
    """Windows over ``len(starts_line)`` pieces, left to right; their kept parts cover every piece once.

    As few as will do and of about equal length, cut between paragraphs where one begins between a third of a
    window and a whole one; so little is read twice, and the last window does not stand without context.
    """
    count = len(starts_line)
    breaks = np.flatnonzero(starts_line)
    behind = plan.paragraph_context // 2
    windows: list[Window] = []
    keep_start = 0
    while keep_start < count:
        start = max(0, keep_start - (plan.paragraph_context if starts_line[keep_start] else plan.context))
        if start + plan.size >= count:
            windows.append(Window(start, count, keep_start, count))
            break
        # a sixteenth is left for cuts that fall before or behind the even one
        remaining = count - keep_start
        usual = max(1, plan.size * 15 // 16 - plan.paragraph_context)
        even = keep_start + remaining / math.ceil(remaining / usual)
        candidates = breaks[(breaks > keep_start + plan.size // 3) & (breaks <= start + plan.size - behind)]
        if len(candidates):
            cut = int(candidates[np.abs(candidates - even).argmin()])
            end = cut + behind
        else:
            end = start + plan.size
            cut = end - plan.context
        windows.append(Window(start, end, keep_start, cut))
        keep_start = cut
    return windows
