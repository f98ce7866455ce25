"""W3C Trace Context: one trace follows an article through every service.

The header travels as plain ``traceparent`` on each record (https://www.w3.org/TR/trace-context-2/). A missing
or malformed one starts a new trace; it never fails the record.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Self

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = "ff"
_SAMPLED = 0x01
_KNOWN_FLAGS = 0x03
"""``sampled`` and level 2's ``random trace id``; others must be sent as zero until they are defined."""
_MAX_CHARS = 512
"""A later version may be longer than version 00's 55 characters; nothing sensible is longer than this."""


@dataclass(frozen=True, slots=True)
class TraceContext:
    """One span of one trace: 32 and 16 lower-case hex digits, neither all zero."""

    trace_id: str
    span_id: str
    flags: int = _SAMPLED

    @classmethod
    def parse(cls, traceparent: str | None) -> Self | None:
        """The context a ``traceparent`` names, or None when it is missing or malformed."""
        if traceparent is None or len(traceparent) > _MAX_CHARS:
            return None
        match = _TRACEPARENT.fullmatch(traceparent)
        if match is None:
            return None
        version, trace_id, span_id, flags, more = match.groups()
        if version == _INVALID_VERSION or (version == "00" and more):
            return None
        if not trace_id.strip("0") or not span_id.strip("0"):
            return None
        return cls(trace_id, span_id, int(flags, 16) & _KNOWN_FLAGS)

    @classmethod
    def new(cls) -> Self:
        """The first span of a new trace."""
        return cls(_random_hex(16), _random_hex(8))

    def child(self) -> TraceContext:
        """A new span of the same trace."""
        return TraceContext(self.trace_id, _random_hex(8), self.flags)

    def __str__(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


@dataclass(frozen=True, slots=True)
class Span:
    """One piece of work in a trace: ``context`` is sent on with what the work made, ``parent`` is the work it
    continues."""

    context: TraceContext
    parent: TraceContext | None = None

    @classmethod
    def after(cls, incoming: str | None) -> Self:
        """A child of the incoming ``traceparent``, or the first span of a new trace when there is none that
        can be read.

        Span ids are random, so headers differ between replays; ids of events do not.
        """
        parent = TraceContext.parse(incoming)
        return cls(parent.child() if parent else TraceContext.new(), parent)

    @property
    def trace_id(self) -> str:
        """32 lower-case hex digits."""
        return self.context.trace_id

    @property
    def traceparent(self) -> str:
        """The header to send on."""
        return str(self.context)


@dataclass(frozen=True, slots=True)
class FinishedSpan:
    """A span with what it did, for export. ``started_ns`` and ``ended_ns`` are nanoseconds since 1970.

    ``error`` is a class of error, never a message: those may be long. ``attributes`` are named as
    OpenTelemetry's conventions say.
    """

    name: str
    kind: Literal["producer", "consumer"]
    span: Span
    started_ns: int
    ended_ns: int
    attributes: Mapping[str, str | int | bool]
    error: str | None = None


Spans = Callable[[FinishedSpan], None]
"""Takes finished spans; never blocks, never raises."""


def incoming(headers: Sequence[tuple[str, bytes]]) -> str | None:
    """The ``traceparent`` of a record that can be read: the plain header names the last hop, the CloudEvents
    extension, which intermediaries leave alone, the event's beginning."""
    found = dict(headers)
    for name in ("traceparent", "ce_traceparent"):
        text = found.get(name, b"").decode("utf-8", "replace")
        if TraceContext.parse(text):
            return text
    return None


def continue_trace(incoming: str | None) -> str:
    """The ``traceparent`` to send on, as :meth:`Span.after` makes it."""
    return Span.after(incoming).traceparent


def _random_hex(size: int) -> str:
    value = secrets.token_hex(size)
    while not value.strip("0"):  # all zero is not a valid id
        value = secrets.token_hex(size)
    return value
