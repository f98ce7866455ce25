"""Structured logs: JSON lines in containers, human lines on a terminal.

Every line carries ``service``; inside a stage also ``topic``, ``partition``, ``offset``, ``article_id`` and ``trace_id`` where they are
known (bound as context variables). Article text is never logged. ``docs/log-line.schema.json`` describes a line, ``docs/logs.md`` explains.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog

from services.chassis.settings import OpsSettings

QUIET = ("kafka", "httpx", "httpcore", "trafilatura", "htmldate", "courlan", "alembic", "uvicorn", "urllib3")
"""Libraries whose info lines are noise here; their warnings are kept."""

TOLD_BY_US = ("kafka.net", "kafka.producer")
"""The Kafka client's connections and producers: four lines a second while a broker is away, errors among them. What matters of it
reaches us as an exception and is told once, with what is done about it; theirs are written at debug only."""

STACKS = structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False))
"""Without local variables: they would hold article text."""


_process = {"service": "onrecord"}


def name_process(service: str) -> None:
    """From now on lines that name no service of their own carry this one."""
    _process["service"] = service


def _with_service(_logger: object, _method: str, event: structlog.types.EventDict) -> structlog.types.EventDict:
    event.setdefault("service", _process["service"])
    return event


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
        renderer = structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=28, exception_formatter=structlog.dev.plain_traceback)
        tail: list[structlog.types.Processor] = [renderer]
    else:
        renderer = structlog.processors.JSONRenderer()
        tail = [STACKS, structlog.processors.EventRenamer("message"), renderer]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *tail]
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))
    for name in TOLD_BY_US:
        logging.getLogger(name).setLevel(level if level == logging.DEBUG else logging.CRITICAL)
