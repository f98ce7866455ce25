"""CSV and Parquet: a row for each item, by the columns of :mod:`services.query.exports.columns`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from pydantic_core import to_json

from services.chassis.errors import OnrecordError
from services.query.exports.columns import Column, Kind, flat

if TYPE_CHECKING:
    import pyarrow as pa

BOM = "\ufeff"
"""Excel takes a file without it for the machine's old code page, and breaks every “ and é. Other readers skip
it."""
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What makes a spreadsheet take a cell for a formula (OWASP, CSV Injection), East Asian forms included."""
ROW_GROUP = 10_000
"""Rows gathered for one group of a Parquet file: some MB, and enough for its encodings to pay."""

PARQUET_MISSING = (
    "Parquet needs the extra `parquet`: pip install 'onrecord[parquet]'. The other formats need nothing."
)


class MissingExtra(OnrecordError):
    """The library that writes a format is not installed; the message names the cure."""


def as_csv(columns: Sequence[Column], batches: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """RFC 4180: UTF-8 with a byte-order mark, commas, CRLF, a header; a batch at a time.

    A text that a spreadsheet would take for a formula gets an apostrophe before it, which spreadsheets hide.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write(BOM)
    writer.writerow([column.name for column in columns])
    for batch in batches:
        writer.writerows([_cell(column.value(item)) for column in columns] for item in batch)
        yield buffer.getvalue().encode()
        buffer.seek(0)
        buffer.truncate()
    # of an empty record, the header
    yield buffer.getvalue().encode()


def _cell(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat()}Z"
    if isinstance(value, list):
        return to_json(value).decode()
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else str(value)
    return value


def as_parquet(columns: Sequence[Column], batches: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    """A Parquet file, a group of rows at a time; each column's meaning goes along as its metadata.

    Raises:
        MissingExtra: pyarrow is not installed. Raised at the call.
    """
    try:
        import pyarrow  # noqa: F401 - 40 MB, wanted by few: asked for here, not when the program starts
    except ImportError as error:
        raise MissingExtra(PARQUET_MISSING) from error
    return _parquet(columns, batches)


def _parquet(columns: Sequence[Column], batches: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([_field(column) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        rows: list[dict[str, Any]] = []
        for batch in batches:
            rows.extend(dict(flat(columns, item)) for item in batch)
            if len(rows) >= ROW_GROUP:
                writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
                rows = []
            yield sink.take()
        if rows:
            writer.write_batch(pa.RecordBatch.from_pylist(rows, schema=schema))
    yield sink.take()


def _field(column: Column) -> pa.Field:
    import pyarrow as pa

    types = {
        Kind.TEXT: pa.string(),
        Kind.INTEGER: pa.int64(),
        Kind.NUMBER: pa.float64(),
        Kind.BOOLEAN: pa.bool_(),
        Kind.TIME: pa.timestamp("us", tz="UTC"),
        Kind.TEXTS: pa.list_(pa.string()),
        Kind.SPANS: pa.list_(pa.struct([("start", pa.int64()), ("end", pa.int64())])),
    }
    return pa.field(column.name, types[column.kind], metadata={"description": column.meaning})


class _Sink(io.RawIOBase):
    """A file to write to, emptied from time to time."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._size

    def write(self, data: Any) -> int:
        part = bytes(data)
        self._parts.append(part)
        self._size += len(part)
        return len(part)

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._parts = b"".join(self._parts), []
        return taken
