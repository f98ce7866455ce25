"""Politeness: time between two requests to one host, and hosts left alone for a while."""

from __future__ import annotations

import threading
import time

PATIENCE_S = 60.0
"""A wait longer than this is not slept through: the fetch is put off to a later poll."""


class PutOff(Exception):
    """The host is to be left alone for longer than one waits; ``seconds`` says how long."""

    def __init__(self, host: str, seconds: float) -> None:
        super().__init__(f"{host} is left alone for another {seconds:.0f} s")
        self.seconds = seconds


class Hosts:
    """When each host may be asked next. Shared by all fetching threads."""

    def __init__(self, interval_s: float, stop: threading.Event) -> None:
        self._interval_s = interval_s
        self._stop = stop
        self._lock = threading.Lock()
        self._next: dict[str, float] = {}

    def wait(self, host: str, interval_s: float = 0.0) -> None:
        """Wait for this host's turn and take it. ``interval_s`` is what the host itself asks for, if more
        than ours.

        Raises:
            PutOff: the turn is too far away, or the program is asked to stop.
        """
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next.get(host, now))
            if turn - now > PATIENCE_S:
                raise PutOff(host, turn - now)
            self._next[host] = turn + max(self._interval_s, interval_s)
        if self._stop.wait(turn - now):
            raise PutOff(host, 0.0)

    def leave_alone(self, host: str, seconds: float) -> None:
        """Ask this host nothing for so long."""
        with self._lock:
            self._next[host] = max(self._next.get(host, 0.0), time.monotonic() + seconds)
