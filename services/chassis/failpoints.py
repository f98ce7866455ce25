"""Points at which a fault test may kill the process, as a power cut would.

``ONRECORD_FAILPOINT=name`` kills the process with SIGKILL when it reaches the point ``name``; ``name:n`` at
the n-th time. Nothing is cleaned up and nothing is flushed. Without the variable a point costs one
comparison.
"""

from __future__ import annotations

import os
import signal
from itertools import count
from typing import Final

from services.chassis.errors import SettingsError

VARIABLE: Final = "ONRECORD_FAILPOINT"

NAMES: Final = (
    "after_send",
    "after_flush",
    "after_offsets",
    "before_commit",
    "after_commit",
    "dead_letter_write",
)
"""In the order a transaction meets them: each message written, all of them written, offsets written, about to
commit, committed; and each message written to a dead-letter topic."""


def parse(value: str | None) -> tuple[str, int] | None:
    """The point and the number of the hit that kills, or None when the variable is not set.

    Raises:
        SettingsError: not a known point, or not a positive number.
    """
    if not value:
        return None
    name, _, hits = value.partition(":")
    if name not in NAMES:
        raise SettingsError([f"{VARIABLE}={value}: no such point; there are {', '.join(NAMES)}"])
    if hits and not (hits.isascii() and hits.isdigit() and int(hits) > 0):
        raise SettingsError([f"{VARIABLE}={value}: what follows the colon must be a number from 1 up"])
    return name, int(hits or 1)


_armed = parse(os.environ.get(VARIABLE))
_hits = count(1)


def failpoint(name: str) -> None:
    """Kill the process here if this is the point, and the hit, that the environment asks for."""
    if _armed is not None and name == _armed[0] and next(_hits) == _armed[1]:
        os.kill(os.getpid(), signal.SIGKILL)
