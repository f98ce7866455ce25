"""When a thing that a service cannot work without last answered: the log, the database, ingest's index.

Readiness rests on answers, because nothing else tells: a poll that returns nothing looks the same whether a
topic is idle or every broker is dead, and a consumer keeps its partitions through an outage. Two ways of
collecting answers:

- Kafka's clients notice every answer of a broker as it comes in (:mod:`services.chassis.log.kafka.opening`).
  They ask for metadata every :data:`ASK_S` seconds anyway, idle or in a rebalance, on their own threads.
- What says nothing by itself is asked by :class:`Asking`, on a thread of its own: a question may hang as long
  as it likes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.chassis.errors import OnrecordError, TransientError

if TYPE_CHECKING:
    from services.chassis.metrics import Metrics

ASK_S = 10.0
"""Between two questions."""
LATELY_S = 30.0
"""An answer is recent for this long: two may be lost or late before a service calls itself not ready."""
LET_GO_S = 1.0
"""How long an end waits for a question that is under way."""


class Reach:
    """One such thing, by the name that people read. Safe for threads; counts as answering when it is made."""

    def __init__(self, name: str, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._clock = clock
        self.answered()

    @property
    def at(self) -> float:
        """When it last answered, in seconds since 1970."""
        return self._at

    @property
    def silent_s(self) -> float:
        """Seconds since it last answered."""
        return self._clock() - self._answered_at

    def answered(self) -> None:
        """It has answered just now."""
        self._answered_at, self._at = self._clock(), time.time()
        self._why = ""

    def failed(self, why: str) -> None:
        """It has answered with an error, or not at all: ``why`` is told with the problem once that has
        lasted."""
        self._why = why

    def problem(self) -> str:
        """``log unreachable since 2026-11-30T08:00:00Z (42 s): why``; empty while it has answered lately."""
        silent = self.silent_s
        return unreachable(self.name, silent, self._why) if silent > LATELY_S else ""

    def expose(self, metrics: Metrics, service: str) -> None:
        """Let the metrics tell when it last answered."""
        metrics.gauge("last_answer_timestamp", service=service, dependency=self.name).set_function(
            lambda: self.at
        )


def unreachable(name: str, seconds: float, why: str) -> str:
    """The line that says since when."""
    return f"{name} unreachable since {since(seconds)}" + (f": {why}" if why else "")


def since(seconds: float) -> str:
    """``2026-11-30T08:00:00Z (42 s)``: a time so long ago."""
    began = datetime.fromtimestamp(time.time() - seconds, UTC).isoformat(timespec="seconds")
    return f"{began.replace('+00:00', 'Z')} ({seconds:.0f} s)"


class OpenedFile:
    """A SQLite file, by what it is and not by its name: one that was moved away goes on working for those who
    have it open, and nobody would find what they write."""

    def __init__(self, path: Path) -> None:
        """``path`` exists."""
        self._path = path
        self._identity = self._look()

    def check(self) -> None:
        """See that the name still stands for it.

        Raises:
            TransientError: it is gone, or another file stands in its place.
        """
        found = self._look()
        if found != self._identity:
            what = "another file stands in its place" if found else "the file is gone"
            raise TransientError(f"{self._path}: {what}; put it back, or restart to go on with what is there")

    def _look(self) -> tuple[int, int] | None:
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino


class Asking:
    """Asks on a thread of its own, every :data:`ASK_S` seconds, until it is closed."""

    def __init__(self, reach: Reach, ask: Callable[[], None]) -> None:
        """``ask`` returns when there is an answer and raises otherwise. Begins with :meth:`start`."""
        self._reach = reach
        self._ask = ask
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"asking {reach.name}", daemon=True)

    def start(self) -> None:
        """Begin, once."""
        if self._thread.ident is None:
            self._thread.start()

    def close(self) -> None:
        """Ask no more; what is under way is not waited for longer than :data:`LET_GO_S`."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join(LET_GO_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._ask()
            except OnrecordError as error:
                self._reach.failed(str(error))
            except Exception as error:  # noqa: BLE001 - whatever it is, the next question must be asked
                self._reach.failed(type(error).__name__)
            else:
                self._reach.answered()
            self._ended.wait(ASK_S)
