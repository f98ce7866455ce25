"""Standard input that a stop interrupts.

A read that waits for a slow pipe goes on by itself after a signal's handler has run (PEP 475), so whoever
presses Ctrl-C would wait for the pipe. Here it is looked at twice a second whether a stop was asked for.
"""

from __future__ import annotations

import io
import os
import select
import sys
import threading
from typing import BinaryIO, cast

from services.chassis.errors import StageStopped

_LOOK_S = 0.5


class StandardInput(io.RawIOBase):
    """The bytes of a file descriptor until a stop is asked for."""

    def __init__(self, descriptor: int, stop: threading.Event) -> None:
        self._descriptor = descriptor
        self._stop = stop

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        """Read what is there, waiting for some.

        Raises:
            StageStopped: a stop was asked for before anything came.
        """
        while not select.select([self._descriptor], [], [], _LOOK_S)[0]:
            if self._stop.is_set():
                raise StageStopped("standard input was still open")
        data = os.read(self._descriptor, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def standard_input(stop: threading.Event) -> BinaryIO:
    """The program's standard input; where it is no file of the system (in a test, say), as it is."""
    try:
        descriptor = sys.stdin.buffer.fileno()
    except (OSError, AttributeError):
        return sys.stdin.buffer
    return cast(BinaryIO, io.BufferedReader(StandardInput(descriptor, stop)))
