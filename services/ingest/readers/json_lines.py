"""JSON: one object per line (``.jsonl``), or one document that is an object or an array (``.json``).

Each object is an ``Article`` of ours, a ninjs item, or an article as another program writes it
(:mod:`services.ingest.readers.dialects`). A document may be a JSON Feed. A bad line does not stop the others.

What an item keeps as its original is the line without its end (and without a byte-order mark), or the whole
document when that is one object. The parser does not keep the bytes of an array's elements: theirs are
written anew, and the item says so (``reencoded``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, BinaryIO

import pydantic_core

from services.ingest.readers.dialects import dialect_of, feed_items, from_dialect
from services.ingest.readers.items import Arrival, Item, Limits, Offer, Refusal, Unreadable, from_fields
from services.ingest.readers.ninjs import from_ninjs, is_ninjs

_SKIP_BYTES = 1_048_576
_BOM = b"\xef\xbb\xbf"


def read_lines(arrival: Arrival, stream: BinaryIO, limits: Limits) -> Iterator[Item]:
    """One item per line that is not blank, in constant memory.

    Raises:
        Unreadable: the stream itself breaks (a damaged archive).
    """
    number = 0
    while line := stream.readline(limits.line_bytes + 1):
        number += 1
        if line.isspace():
            continue
        place = arrival.part(f"line {number}")
        if len(line) > limits.line_bytes:
            _skip_line(stream, line)
            message = (
                f"is longer than {limits.line_bytes:,} bytes; split it or raise"
                " ONRECORD_INGEST__MAX_ARTICLE_BYTES"
            )
            yield Refusal(place, "too_large", message, line, cut=True)
            continue
        line = line.removeprefix(_BOM) if number == 1 else line
        yield read_object(place, line.rstrip(b"\r\n"), limits)


def read_document(arrival: Arrival, data: bytes, limits: Limits) -> Iterator[Item]:
    """The items of one JSON document: an object, or an array of objects.

    Raises:
        Unreadable: it is neither.
    """
    return read_objects(arrival, parse(data.removeprefix(_BOM)), data, limits)


def read_objects(arrival: Arrival, value: Any, data: bytes, limits: Limits) -> Iterator[Item]:
    """The items of a document parsed already; ``data`` are its bytes.

    Raises:
        Unreadable: it is neither an object nor an array.
    """
    items = feed_items(value) if isinstance(value, dict) else None
    if isinstance(value, dict) and items is None:
        return iter((read_object(arrival, data, limits, value),))
    elements = value if items is None else items
    if not isinstance(elements, list):
        raise Unreadable("not_object", "is neither a JSON object nor an array of objects")
    return (
        replace(
            read_object(arrival.part(f"item {number}"), pydantic_core.to_json(element), limits, element),
            reencoded=True,
        )
        for number, element in enumerate(elements, start=1)
    )


def read_object(arrival: Arrival, data: bytes, limits: Limits, value: Any = None) -> Offer | Refusal:
    """The article in one JSON object, parsed already when ``value`` is given."""
    try:
        fields = parse(data) if value is None else value
        if not isinstance(fields, dict):
            raise Unreadable("not_object", "is not a JSON object; write one article per line")
        dialect = dialect_of(fields)
        if dialect:
            return from_dialect(arrival, dialect, fields, data, limits)
        return (
            from_ninjs(arrival, fields, data, limits)
            if is_ninjs(fields)
            else from_fields(arrival, fields, data, limits)
        )
    except Unreadable as error:
        return Refusal(arrival, error.reason, error.message, data, stage=error.stage)


def parse(data: bytes) -> Any:
    """JSON as the standard has it: UTF-8, no NaN, no endless nesting; of a repeated name the last value
    stands.

    Raises:
        Unreadable: it is not JSON.
    """
    try:
        return pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise Unreadable(
            "not_json", f"is not JSON ({error}); write one UTF-8 JSON object per line"
        ) from error


def _skip_line(stream: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = stream.readline(_SKIP_BYTES)
