"""Articles in a table: CSV, or with tabs, semicolons or bars between the columns; the first row names them.

A column goes into the field of ours that has its name or one of the usual others (:data:`COLUMNS`), in any case; where that is not so,
``ONRECORD_INGEST__CSV_COLUMNS`` says which column holds what (``content=body_text,url=link``).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from typing import BinaryIO

from schemas.events import Article
from services.chassis.pagedates import moment_of
from services.ingest.readers.decoding import decode
from services.ingest.readers.items import Arrival, Item, Limits, Refusal, Unreadable, from_fields, language_tag, person_names

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
                raise Unreadable("too_large", f"has a row larger than {self._most:,} bytes, or a quotation mark that is never closed")
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
    head = next(text, "")
    if not head.strip():
        raise Unreadable("empty", "has no first row that names its columns", "validate")
    separator = max(_SEPARATORS, key=head.count)
    fields = _fields(next(csv.reader([head], delimiter=separator)), limits)
    lines.taken()
    # a field's limit is the process's, and its default is shorter than articles are
    csv.field_size_limit(max(csv.field_size_limit(), limits.line_bytes))
    try:
        for number, row in enumerate(csv.reader(text, delimiter=separator), start=1):
            original = lines.taken().rstrip(b"\r\n")
            if any(value.strip() for value in row):
                yield _item(arrival.part(f"row {number}"), dict(zip(fields, row, strict=False)), original, limits)
    except csv.Error as error:
        raise Unreadable("not_table", f"cannot be read on as a table ({error})") from error


def _fields(head: list[str], limits: Limits) -> list[str]:
    """The field that each column goes into; a column that goes into none keeps its name."""
    names = [name.strip() for name in head]
    asked = {column.lower(): field for field, column in limits.columns}
    usual = {column: field for column, field in COLUMNS.items() if field not in asked.values()}
    fields: list[str] = []
    for name in names:
        field = (usual | asked).get(name.lower(), name)
        fields.append(name if field in fields else field)
    missing = sorted(set(asked) - {name.lower() for name in names})
    if missing or "content" not in fields:
        which = f"no column {missing[0]!r}" if missing else "no column that holds the articles' text"
        known = ", ".join(name[:40] for name in names[:20])
        cure = "name it in ONRECORD_INGEST__CSV_COLUMNS, for example content=COLUMN"
        raise Unreadable("not_table", f"has {which} among {known}; {cure}", "validate")
    return fields


def _item(place: Arrival, row: dict[str, str], original: bytes, limits: Limits) -> Item:
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
