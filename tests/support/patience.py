"""How long tests wait for what must come.

A deadline here is where a test gives up, never a pace: what is waited for is looked at again and again, so a
quick machine waits as long as it takes and no longer. It allows for a machine ten times slower than ours, and
for one that stands still for a minute.
"""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_S = 240.0
"""Longest wait for one thing."""
LOOK_S = 0.05
"""Between two looks."""


def until(condition: Callable[[], object], what: str, still: Callable[[], object] = lambda: True) -> None:
    """Wait for a condition.

    Args:
        condition: what is looked at.
        what: its name, for the failure.
        still: what must hold meanwhile, such as a thread that lives; without it waiting is in vain.
    """
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert still(), f"it ended before {what}"
        assert time.monotonic() < deadline, f"waited too long for {what}"
        time.sleep(LOOK_S)
