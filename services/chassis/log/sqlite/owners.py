"""Who holds a lease, and whether that process is still there."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_PROC = Path("/proc")
_UNKNOWN_START = 0
_GONE = {"Z", "X", "x"}
"""States of a process that has ended and waits to be reaped."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process: ``host`` names machine, boot and pid namespace; ``started`` tells a reused pid, in clock
    ticks since boot (0: unknown)."""

    host: str
    pid: int
    started: int

    @property
    def node(self) -> str:
        """The machine's name alone, for people."""
        return self.host.partition("/")[0]


def this_process() -> Owner:
    """The process that asks."""
    return Owner(_host(), os.getpid(), _stat(os.getpid())[1])


def is_dead(owner: Owner) -> bool:
    """True only when the process surely no longer runs. False for one elsewhere: only time tells about it."""
    if owner.host != _host() or os.name == "nt":  # there, asking with signal 0 would end the process
        return False
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # another user's: it is there
    state, started = _stat(owner.pid)
    return state in _GONE or (started != owner.started and _UNKNOWN_START not in (started, owner.started))


@cache
def _host() -> str:
    # two containers may share the machine's name and even the file, but see different processes under one pid
    parts = [platform.node() or "localhost"]
    try:
        parts.append((_PROC / "sys/kernel/random/boot_id").read_text().strip())
        parts.append(os.readlink(_PROC / "self/ns/pid"))
    except OSError:
        parts.append("no-proc")
    return "/".join(parts)


def _stat(pid: int) -> tuple[str, int]:
    """State of a process and its start in clock ticks since boot; unknown where the system does not say."""
    try:
        # the command's name, in brackets, may itself hold spaces and brackets
        fields = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return "", _UNKNOWN_START
    return fields[0], int(fields[19])
