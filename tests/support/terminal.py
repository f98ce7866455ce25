"""A program on a terminal, as a person sees and interrupts it."""

from __future__ import annotations

import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from tests.support.patience import LOOK_S, PATIENCE_S

CTRL_C = b"\x03"

_ON_ITS_TERMINAL = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGINT, signal.SIG_DFL)  # ignored where the tests run in the background of a shell
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""
"""Makes the terminal the program's own: only then is Ctrl-C a signal to it."""


class Terminal:
    """A pseudo-terminal and the program that it controls."""

    def __init__(self, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self._near, far = pty.openpty()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _ON_ITS_TERMINAL, *command],
            env=dict(variables), stdin=far, stdout=far, stderr=far, start_new_session=True,
        )  # fmt: skip
        os.close(far)
        self.seen = ""
        """All that it has written."""

    def wait_for(self, pattern: str) -> None:
        """Read on until the pattern stands in what was seen."""
        deadline = time.monotonic() + PATIENCE_S
        while not re.search(pattern, self.seen):
            assert self._read(), f"it ended before {pattern!r}:\n{self.seen}"
            assert time.monotonic() < deadline, f"waited too long for {pattern!r}:\n{self.seen}"

    def press(self, keys: bytes) -> None:
        """Type."""
        os.write(self._near, keys)

    def end(self) -> int:
        """Read until the program has ended; its exit code, negative for a signal's number."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < deadline, f"it does not end:\n{self.seen}"
        return self._process.wait(PATIENCE_S)

    def _read(self) -> bool:
        if not select.select([self._near], [], [], LOOK_S)[0]:
            return True
        try:
            data = os.read(self._near, 65_536)
        except OSError:  # nobody has the other end any more
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait(PATIENCE_S)
        os.close(self._near)
