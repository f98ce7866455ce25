"""CloudEvents 1.0 on the event log.

Written in **binary mode** (cloudevents/spec, ``bindings/kafka-protocol-binding.md``): the record's value is
the event as JSON, its attributes are ``ce_*`` headers. Read in four forms, because producers outside this
project choose theirs:

- binary mode;
- structured mode (``content-type: application/cloudevents+json``), with ``data`` or ``data_base64``;
- plain JSON with no ``ce_*`` header at all. Every topic carries exactly one type of event, and Kafka Connect,
  console producers and most scripts cannot set headers: refusing them would turn away articles whose meaning
  is not in doubt;
- any of these behind Confluent's five-byte Schema Registry prefix. JSON never starts with a zero byte, so
  nothing is ambiguous.

What JSON leaves open is decided here: duplicate keys, NaN and Infinity, lone surrogates and numbers beyond
their field's range are refused; a byte order mark is skipped; a null value (a tombstone) has no event.
Nothing but :class:`PoisonError` is raised.
"""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.events import Event
from services.chassis.errors import LimitExceeded, PoisonError
from services.chassis.log.topics import ARTICLE_BYTES
from services.chassis.log.types import Message, Record
from services.chassis.tracing import TraceContext

SPEC_VERSION = "1.0"
JSON_TYPE = "application/json"

Mode = Literal["binary", "structured", "plain"]

E = TypeVar("E", bound=Event)

_REQUIRED = ("id", "source", "specversion", "type")
_ATTRIBUTE = re.compile(r"[a-z0-9]{1,64}")
_STRUCTURED = "application/cloudevents"
_REGISTRY_MAGIC = 0
_REGISTRY_PREFIX = 5
"""Magic byte and a four-byte schema id."""
_ERRORS_SHOWN = 5
"""Enough to see a pattern; a broken list of 1000 spans would repeat itself."""
_LABEL_CHARS = 128
_ID_FIELDS = ("quote_id", "claim_id", "document_id")
_TOO_DEEP = "the JSON is nested too deep"


@dataclass(frozen=True, slots=True)
class Decoded(Generic[E]):
    """An event as it was read.

    ``attributes`` are the CloudEvents attributes and extensions as text, empty for plain JSON.
    ``traceparent`` is the sender's, or None when there is none that can be read.
    """

    event: E
    mode: Mode
    attributes: Mapping[str, str]
    traceparent: str | None


def encode(
    event: Event, *, source: str, traceparent: str | None = None, time: dt.datetime | None = None
) -> Message:
    """The event as a binary-mode record for its topic.

    The same arguments always give the same bytes. ``time`` is left out unless given, since a replay must not
    change outputs.

    Args:
        event: what to send; its ``partition_key`` becomes the record's key.
        source: URI reference of the producer, for example ``/onrecord/extract``. ``source`` and ``id``
            together are unique.
        traceparent: what :func:`services.chassis.tracing.continue_trace` returned.
        time: when it happened; must be aware.
    """
    attributes = {
        "specversion": SPEC_VERSION,
        "id": event.event_id,
        "source": source,
        "type": event.event_type,
        "subject": event.subject,
        "dataschema": event.schema_uri(),
        **event.extensions,
    }
    if time is not None:
        attributes["time"] = _rfc3339(time)
    if traceparent is not None:
        attributes["traceparent"] = traceparent
    headers = [(f"ce_{name}", value.encode()) for name, value in attributes.items()]
    headers.append(("content-type", JSON_TYPE.encode()))
    if traceparent is not None:
        headers.append(("traceparent", traceparent.encode()))
    return Message(event.topic, event.partition_key.encode(), event.encode(), tuple(headers))


def decode(record: Record, expected: type[E], *, max_bytes: int = ARTICLE_BYTES) -> Decoded[E]:
    """The event a record carries.

    Args:
        record: as read from the log.
        expected: the type of event the record's topic carries.
        max_bytes: longest value that is parsed at all.

    Raises:
        LimitExceeded: the value is longer than ``max_bytes`` (``too_large``) or nested too deep
            (``too_deep``).
        PoisonError: stage ``decode``, reason ``empty``, ``not_utf8``, ``not_json``, ``duplicate_key``,
            ``content_type``, ``envelope``, ``spec_version`` or ``wrong_type``; or stage ``validate``, reason
            ``schema``. The message names the event and the article where they can be known, and never quotes
            their text.
    """
    reader = _Reader(record, expected, max_bytes)
    return reader.decode()


class _Reader(Generic[E]):
    """One record on its way to an event; gathers what is known about it, to name it when it fails."""

    def __init__(self, record: Record, expected: type[E], max_bytes: int) -> None:
        self._record = record
        self._expected = expected
        self._max_bytes = max_bytes
        self._attributes: dict[str, str] = {}
        self._headers: dict[str, bytes | None] = {}
        self._data: object = None

    def decode(self) -> Decoded[E]:
        value = self._value()
        self._headers = {name.lower(): content for name, content in self._record.headers}
        media_type = self._media_type()
        if media_type.startswith(_STRUCTURED):
            mode: Mode = "structured"
            if media_type != f"{_STRUCTURED}+json":
                self._fail(
                    "content_type",
                    "a structured CloudEvent must be application/cloudevents+json, one event per record",
                )
            data = self._structured(value)
        else:
            self._attributes = self._binary_attributes()
            mode = "binary" if self._attributes else "plain"
            if mode == "binary":
                self._check_envelope()
            self._check_media_type(media_type)
            data = self._text(value)
            self._data = self._parse(data)
        return Decoded(self._event(data), mode, self._attributes, self._traceparent())

    def _value(self) -> bytes:
        value = self._record.value
        if not value:
            self._fail("empty", "the record has no value")
        if len(value) > self._max_bytes:
            self._limit("too_large", f"{len(value)} bytes, more than the {self._max_bytes} allowed")
        if value[0] == _REGISTRY_MAGIC and len(value) > _REGISTRY_PREFIX:
            value = value[_REGISTRY_PREFIX:]
        return value

    def _media_type(self) -> str:
        raw = self._headers.get("content-type") or b""
        return raw.decode("utf-8", "replace").partition(";")[0].strip().lower()

    def _check_media_type(self, media_type: str) -> None:
        if media_type and media_type not in (JSON_TYPE, "text/json") and not media_type.endswith("+json"):
            self._fail("content_type", f"the data must be {JSON_TYPE}")

    def _binary_attributes(self) -> dict[str, str]:
        attributes = {}
        for header, content in self._headers.items():
            if not header.startswith("ce_"):
                continue
            name = header.removeprefix("ce_")
            if not _ATTRIBUTE.fullmatch(name):
                self._fail("envelope", "a ce_ header's name may hold only letters and digits")
            try:
                attributes[name] = (content or b"").decode()
            except UnicodeDecodeError:
                self._fail("envelope", f"header ce_{name} is not UTF-8")
        return attributes

    def _structured(self, value: bytes) -> str:
        """Fills the attributes from the envelope; returns the data as JSON."""
        envelope = self._parse(self._text(value))
        if not isinstance(envelope, dict):
            self._fail("envelope", "a structured CloudEvent must be a JSON object")
        members = dict(envelope)
        data, packed = members.pop("data", None), members.pop("data_base64", None)
        for name, content in members.items():
            if content is None:
                continue
            if not _ATTRIBUTE.fullmatch(name) or not isinstance(content, str | int):
                self._fail(
                    "envelope",
                    "attributes are named with lower-case letters and digits and hold text, integers or"
                    " booleans",
                )
            self._attributes[name] = content if isinstance(content, str) else json.dumps(content)
        self._check_envelope()
        self._check_media_type(self._attributes.get("datacontenttype", "").partition(";")[0].strip().lower())
        if data is not None and packed is not None:
            self._fail("envelope", "`data` and `data_base64` exclude each other")
        if packed is None:
            if data is None:
                self._fail("empty", "the CloudEvent has no data")
            self._data = data
            try:
                return json.dumps(data)
            except RecursionError:
                self._limit("too_deep", _TOO_DEEP)
        try:
            text = self._text(base64.b64decode(packed, validate=True))
        except (TypeError, ValueError):
            self._fail("envelope", "`data_base64` is not base64")
        self._data = self._parse(text)
        return text

    def _check_envelope(self) -> None:
        missing = [name for name in _REQUIRED if not self._attributes.get(name)]
        if missing:
            self._fail("envelope", f"a CloudEvent must have {', '.join(missing)}")
        if self._attributes["specversion"] != SPEC_VERSION:
            self._fail(
                "spec_version",
                f"CloudEvents {_label(self._attributes['specversion'])} is not supported, only"
                f" {SPEC_VERSION}",
            )
        if self._attributes["type"] != self._expected.event_type:
            self._fail(
                "wrong_type",
                f"type is {_label(self._attributes['type'])}, this topic carries {self._expected.event_type}",
            )

    def _text(self, value: bytes) -> str:
        try:
            return value.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            self._fail("not_utf8", f"invalid UTF-8 at byte {error.start}")

    def _parse(self, text: str) -> object:
        try:
            return _JSON.decode(text)
        except RecursionError:
            self._limit("too_deep", _TOO_DEEP)
        except _DuplicateKeyError as error:
            self._fail("duplicate_key", str(error))
        except json.JSONDecodeError as error:
            self._fail("not_json", f"{error.msg} at line {error.lineno} column {error.colno}")
        except ValueError as error:  # NaN, or an integer of more digits than Python converts
            self._fail("not_json", str(error).partition(";")[0])

    def _event(self, data: str) -> E:
        try:
            return self._expected.read(data)
        except ValidationError as error:
            self._invalid(error.errors(include_url=False, include_input=False, include_context=False))

    def _invalid(self, problems: list[ErrorDetails]) -> NoReturn:
        if problems[0]["type"] == "json_invalid":
            if "recursion" in problems[0]["msg"]:
                self._limit("too_deep", _TOO_DEEP)
            self._fail("not_json", problems[0]["msg"])
        shown = "; ".join(
            f"{'.'.join(map(str, problem['loc'])) or '(root)'}: {problem['msg']}"
            for problem in problems[:_ERRORS_SHOWN]
        )
        more = f"; and {len(problems) - _ERRORS_SHOWN} more" if len(problems) > _ERRORS_SHOWN else ""
        self._fail("schema", shown + more, stage="validate")

    def _traceparent(self) -> str | None:
        """The plain header names the last hop; the extension, which intermediaries leave alone, the event's
        beginning."""
        raw = self._headers.get("traceparent")
        for candidate in (
            raw.decode("utf-8", "replace") if raw else None,
            self._attributes.get("traceparent"),
        ):
            if candidate and TraceContext.parse(candidate):
                return candidate
        return None

    def _name(self) -> str:
        """What is being decoded, as far as it is known: ``Quote quote-1 (article art-1)``."""
        data = self._data if isinstance(self._data, dict) else {}
        nested = data.get("article")
        article = data.get("article_id") or (nested.get("article_id") if isinstance(nested, dict) else None)
        event = self._attributes.get("id") or next(
            (data.get(name) for name in _ID_FIELDS if data.get(name)), None
        )
        subject = (
            article or self._attributes.get("subject") or (self._record.key or b"").decode("utf-8", "replace")
        )
        parts = [self._expected.__name__]
        if isinstance(event, str):
            parts.append(_label(event))
        if isinstance(subject, str) and subject:
            parts.append(f"({'article' if article else 'about'} {_label(subject)})")
        return " ".join(parts)

    def _fail(self, reason: str, message: str, *, stage: str = "decode") -> NoReturn:
        raise PoisonError(f"{self._name()}: {message}", stage=stage, reason=reason) from None

    def _limit(self, reason: str, message: str) -> NoReturn:
        raise LimitExceeded(f"{self._name()}: {message}", stage="decode", reason=reason) from None


class _DuplicateKeyError(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object's members. Parsers disagree on which duplicate counts, so a duplicate would mean different
    things to readers."""
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateKeyError("a JSON object holds the same key twice")
    return members


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


_JSON = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse_constant)


def _label(text: str) -> str:
    """An identifier fit for a message: printable, bounded."""
    shown = text if text.isprintable() else ascii(text)[1:-1]
    return shown if len(shown) <= _LABEL_CHARS else shown[:_LABEL_CHARS] + "…"


def _rfc3339(time: dt.datetime) -> str:
    if time.tzinfo is None:
        raise ValueError(f"the time of an event must be aware, got {time.isoformat()}")
    return time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
