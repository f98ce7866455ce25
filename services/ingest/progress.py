"""Progress of long work: a bar on a terminal, a log line every few seconds otherwise."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol, Self, TextIO

import structlog
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

logger = structlog.get_logger()

LINE_EVERY_S = 5.0
"""Often enough to see that it lives, seldom enough for a log."""


class Reporter(Protocol):
    """Told how far the work is. Use it as a context manager."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        """``done`` of ``total`` (None while unknown) are finished; ``note`` is a few words beside it."""
        ...


def reporter(task: str, stream: TextIO | None = None) -> Reporter:
    """A bar when ``stream`` (standard error by default) is a terminal, log lines otherwise."""
    out = stream or sys.stderr
    return Bar(task, out) if out.isatty() else Lines(task)


class Bar:
    """A progress bar that disappears when the work is done."""

    def __init__(self, task: str, stream: TextIO) -> None:
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}"),
        )
        self._progress = Progress(
            *columns, TimeElapsedColumn(), TimeRemainingColumn(), console=Console(file=stream), transient=True
        )
        self._task: TaskID = self._progress.add_task(task, total=None, note="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        self._progress.update(self._task, completed=done, total=total, note=note)


class Lines:
    """A log line every few seconds; nothing for work that is quicker than that."""

    def __init__(self, task: str, every_s: float = LINE_EVERY_S) -> None:
        self._task = task
        self._every_s = every_s
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return

    def update(self, done: int, total: int | None = None, note: str = "") -> None:
        now = time.monotonic()
        if now - self._last >= self._every_s:
            self._last = now
            logger.info(self._task, done=done, total=total, **({"note": note} if note else {}))
