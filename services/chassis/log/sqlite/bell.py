"""Waking up when there may be something to read."""

from __future__ import annotations

import threading


class Bell:
    """Rung by each writer of this process after its commit; waiting readers count the strokes."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._strokes = 0

    @property
    def strokes(self) -> int:
        """How often it was rung so far."""
        return self._strokes

    def ring(self) -> None:
        """Wake every reader that waits."""
        with self._condition:
            self._strokes += 1
            self._condition.notify_all()

    def wait(self, heard: int, timeout_s: float) -> bool:
        """Wait for a stroke after the first ``heard``; False when there was none within ``timeout_s``."""
        with self._condition:
            return self._condition.wait_for(lambda: self._strokes != heard, timeout_s)
