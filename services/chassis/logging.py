"""Structured logs: JSON lines in containers, human lines on a terminal.

Every line carries ``service``; inside a stage also ``topic``, ``partition``, ``offset``, ``article_id`` and
``trace_id`` where they are known (bound as context variables). Article text is never logged.
``docs/log-line.schema.json`` describes a line, ``docs/logs.md`` explains.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import TextIO

import structlog

from services.chassis.settings import OpsSettings

QUIET = ("kafka", "httpx", "httpcore", "trafilatura", "htmldate", "courlan", "alembic", "uvicorn", "urllib3")
"""Libraries whose info lines are noise here; their warnings are kept."""

TOLD_BY_US = ("kafka.net", "kafka.producer")
"""The Kafka client's connections and producers. What matters of it reaches us as an exception and is told
once, with what is done about it or, where a command ends, with the setting to mend; theirs are written at
debug only."""

REPETITIVE = "kafka"
"""The Kafka client: several lines a second, errors among them, while a broker is away."""
HOLD_S = 60.0
"""One line of a kind in this time; the others are counted."""

STACKS = structlog.processors.ExceptionRenderer(
    structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
)
"""Without local variables: they would hold article text."""


_NUMBERS = re.compile(r"\d+(\.\d+)?")

_process = {"service": "onrecord"}


def name_process(service: str) -> None:
    """From now on lines that name no service of their own carry this one."""
    _process["service"] = service


def _with_service(
    _logger: object, _method: str, event: structlog.types.EventDict
) -> structlog.types.EventDict:
    event.setdefault("service", _process["service"])
    return event


@dataclass(slots=True)
class _Kind:
    """Lines alike: when the next may be written, the last one, and how many were held back."""

    until: float
    last: logging.LogRecord
    held: int = 0


class Repeats(logging.Filter):
    """Lets one line of a kind through in :data:`HOLD_S`, then one that says how many like it were held back.

    A kind is a logger's message before its arguments are filled in, numbers aside. Its first line always gets
    through. There is no clock of its own: what is due is told when the next line of any logger comes along.
    """

    def __init__(
        self,
        root: str,
        tell: Callable[[logging.LogRecord], object],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``root``: the logger whose lines, and those of all below it, are counted; others pass. ``tell``
        writes the counting line."""
        super().__init__(root)
        self._tell = tell
        self._clock = clock
        self._kinds: dict[tuple[str, str], _Kind] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the line; writes the counts that are due before it."""
        if getattr(record, "counts_repeats", False):
            return True
        now = self._clock()
        with self._lock:
            due = self._due(now)
            through = not super().filter(record) or self._first(record, now)
        for line in due:
            self._tell(line)
        return through

    def _first(self, record: logging.LogRecord, now: float) -> bool:
        kind = self._kinds.setdefault(
            (record.name, _NUMBERS.sub("#", str(record.msg))), _Kind(now + HOLD_S, record)
        )
        if kind.last is record:
            return True
        kind.last = record
        kind.held += 1
        return False

    def _due(self, now: float) -> list[logging.LogRecord]:
        lines = []
        for key, kind in list(self._kinds.items()):
            if kind.until > now:
                continue
            if not kind.held:
                del self._kinds[key]
                continue
            seconds = now - kind.until + HOLD_S
            line = copy(kind.last)
            line.msg = f"{kind.last.getMessage()} ({kind.held} lines like it held back in {seconds:.0f} s)"
            line.args, line.exc_info, line.counts_repeats = None, None, True
            lines.append(line)
            kind.until, kind.held = now + HOLD_S, 0
        return lines


def configure(settings: OpsSettings, stream: TextIO | None = None) -> None:
    """Send structlog's and the standard library's lines to ``stream`` (standard error by default)."""
    out = stream or sys.stderr
    human = settings.log_format == "console" or (settings.log_format == "auto" and out.isatty())
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        _with_service,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    renderer: structlog.types.Processor
    if human:
        renderer = structlog.dev.ConsoleRenderer(
            colors=out.isatty(), pad_event_to=28, exception_formatter=structlog.dev.plain_traceback
        )
        tail: list[structlog.types.Processor] = [renderer]
    else:
        renderer = structlog.processors.JSONRenderer()
        tail = [STACKS, structlog.processors.EventRenamer("message"), renderer]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail],
        )
    )
    if level > logging.DEBUG:
        handler.addFilter(Repeats(REPETITIVE, handler.handle))
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in TOLD_BY_US:
        logging.getLogger(name).setLevel(logging.NOTSET if level == logging.DEBUG else logging.CRITICAL)
    if level == logging.DEBUG:
        # no further down: at debug it writes whole requests, which hold articles
        logging.getLogger(REPETITIVE).setLevel(logging.INFO)
