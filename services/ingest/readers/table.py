"""Articles in a table: CSV, or with tabs, semicolons or bars between the columns; the first row names them.

A column goes into the field of ours that has its name or one of the usual others (:data:`COLUMNS`), in any
case; where that is not so, ``ONRECORD_INGEST__CSV_COLUMNS`` says which column holds what
(``content=body_text,url=link``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import BinaryIO

from schemas.events import Article
from services.chassis.pagedates import moment_of
from services.ingest.readers.decoding import decode
from services.ingest.readers.items import (
    Arrival,
    Item,
    Limits,
    Refusal,
    Unreadable,
    from_fields,
    language_tag,
    person_names,
)

COLUMNS: Mapping[str, str] = {
    **{name: name for name in Article.model_fields},
    "text": "content", "body": "content", "article": "content", "article_text": "content", "full_text": "content", "maintext": "content",
    "link": "url", "address": "url", "headline": "title", "author": "authors", "byline": "authors", "by": "authors",
    "date": "published_at", "published": "published_at", "publish_date": "published_at", "date_publish": "published_at",
    "date_published": "published_at", "pubdate": "published_at", "lang": "language", "publisher": "outlet", "publication": "outlet",
    "source": "outlet", "domain": "outlet",
}  # fmt: skip
"""The field that a column goes into, by the column's name in lower case."""
_SEPARATORS = ",;\t|"


class _Lines:
    """The lines of a stream as text, and the bytes of those that were read since they were asked for last."""

    def __init__(self, stream: BinaryIO, most: int) -> None:
        self._stream = stream
        self._most = most
        self._taken = bytearray()

    def __iter__(self) -> Iterator[str]:
        while line := self._stream.readline(self._most + 1):
            if len(self._taken) + len(line) > self._most:
                raise Unreadable(
                    "too_large",
                    f"has a row larger than {self._most:,} bytes, or a quotation mark that is never closed",
                )
            self._taken += line
            yield decode(line, "utf-8")

    def taken(self) -> bytes:
        data, self._taken = bytes(self._taken), bytearray()
        return data


def read_table(arrival: Arrival, stream: BinaryIO, limits: Limits) -> Iterator[Item]:
    """One item per row that is not empty, in constant memory.

    Raises:
        Unreadable: no column holds the articles' text, or the table cannot be read on.
    """
    lines = _Lines(stream, limits.line_bytes)
    text = iter(lines)
    first = next(text, "")
    if not first.strip():
        raise Unreadable("empty", "has no first row that names its columns", "validate")
    separator = max(_SEPARATORS, key=first.count)
    # a field's limit is the process's, and its default is shorter than articles are
    csv.field_size_limit(max(csv.field_size_limit(), limits.line_bytes))
    rows = csv.reader(chain([first], text), delimiter=separator, strict=True)
    number = -1
    try:
        for number, row in enumerate(rows):
            original = lines.taken().rstrip(b"\r\n")
            if number == 0:
                fields = _fields(row, limits)
            elif any(value.strip() for value in row):
                yield _item(arrival.part(f"row {number}"), fields, row, original, limits)
    except csv.Error as error:
        # where the next row begins can only be guessed, and a piece of one must not become an article
        cure = (
            "double the quotation marks inside of quoted cells, end lines with LF or CRLF, and read it again"
        )
        raise Unreadable("not_table", f"cannot be read from row {number + 1} on ({error}); {cure}") from error


def _fields(head: list[str], limits: Limits) -> list[str]:
    """The field that each column goes into; for a column that goes into none, something that is no field."""
    names = [name.strip() for name in head]
    asked = {column.lower(): field for field, column in limits.columns}
    # a field's own name before its other names, and what was asked for before both
    own = {name.lower() for name in names} & set(Article.model_fields)
    usual = {
        column: field
        for column, field in COLUMNS.items()
        if field not in asked.values() and (field not in own or column == field)
    }
    fields: list[str] = []
    for name in names:
        field = (usual | asked).get(name.lower(), name)
        other = field in fields or (field in asked.values() and name.lower() not in asked)
        fields.append(f"column {name}" if other else field)
    missing = sorted(set(asked) - {name.lower() for name in names})
    if missing or "content" not in fields:
        which = f"no column {missing[0]!r}" if missing else "no column that holds the articles' text"
        known = ", ".join(name[:40] for name in names[:20])
        cure = "name it in ONRECORD_INGEST__CSV_COLUMNS, for example content=COLUMN"
        raise Unreadable("not_table", f"has {which} among {known}; {cure}", "validate")
    return fields


def _item(place: Arrival, fields: list[str], cells: list[str], original: bytes, limits: Limits) -> Item:
    if any(cell.strip() for cell in cells[len(fields) :]):
        cure = "put a cell that holds a separator between quotation marks"
        return Refusal(
            place, "not_table", f"has {len(cells)} cells for {len(fields)} columns; {cure}", original
        )
    row = dict(zip(fields, cells, strict=False))
    given: dict[str, object] = {name: value for name, value in row.items() if value.strip()}
    given.setdefault("content", "")
    if "authors" in given:
        given["authors"] = person_names(row["authors"].split(";"))
    if "language" in given:
        given["language"] = language_tag(row["language"])
    for name in ("published_at", "fetched_at"):
        if name in given:
            given[name] = moment_of(row[name]) or row[name]
    try:
        return from_fields(place, given, original, limits)
    except Unreadable as error:
        return Refusal(place, error.reason, error.message, original, stage=error.stage)
