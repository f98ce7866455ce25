"""One record on its way through the stage: where it stands, which trace it is part of, how long it took, and
how it failed."""

from __future__ import annotations

import time
import traceback
from dataclasses import dataclass, replace

from services.chassis.log.types import Record
from services.chassis.tracing import Span, incoming


@dataclass(frozen=True, slots=True)
class RecordContext:
    """``started_ns`` and ``ended_ns`` are nanoseconds since 1970; waits between tries are part of it."""

    record: Record
    span: Span
    started_ns: int
    ended_ns: int = 0

    @classmethod
    def begin(cls, record: Record) -> RecordContext:
        """The context of a record that is about to be handled, in the trace its headers name."""
        return cls(record, Span.after(incoming(record.headers)), time.time_ns())

    def end(self, span: Span | None = None) -> RecordContext:
        """The same, over; ``span`` is the handler's own where it found a better one, as in a structured
        CloudEvent."""
        return replace(self, span=span or self.span, ended_ns=max(self.started_ns, time.time_ns()))

    @property
    def seconds(self) -> float:
        """How long it took."""
        return (self.ended_ns - self.started_ns) / 1e9

    @property
    def place(self) -> dict[str, object]:
        """What every log line about the record says."""
        return {
            "topic": self.record.topic,
            "partition": self.record.partition,
            "offset": self.record.offset,
            "trace_id": self.span.trace_id,
        }


class Dead(Exception):
    """A record's way into the dead letters."""

    def __init__(self, error: Exception, attempts: int) -> None:
        super().__init__(str(error))
        self.error = error
        self.attempts = attempts


def innermost(error: BaseException) -> str:
    """Where an error was raised: ``file.py:12 in function``."""
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return "unknown"
    last = frames[-1]
    return f"{last.filename.rpartition('/')[2]}:{last.lineno} in {last.name}"
