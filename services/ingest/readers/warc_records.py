"""The records of a web archive, WARC 1.0 or 1.1: where each begins, and where the next one does behind
damage.

The archive may be plain, have a gzip member for each record, or be one member from end to end. Headers and
lengths are FastWARC's to read; unpacking is ours, for its bounds and because it knows where a member began.
"""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from fastwarc.warc import ArchiveIterator, WarcRecord

from services.ingest.readers.gunzip import MAGIC, BrokenGzip, Gunzip

_HEADER_BYTES = 65_536
_BLOCK = 1 << 20
_MEMBER = re.compile(rb"\x1f\x8b\x08")
_RECORD = re.compile(rb"\nWARC/1\.[0-9]\r?\n")


@dataclass(frozen=True, slots=True)
class Place:
    """A byte of the unpacked archive: ``within`` bytes into what is packed at byte ``at`` of the file."""

    at: int
    within: int = 0


class Damaged(Exception):
    """The archive cannot be read on; ``after``: from which byte of the file on another record's own member
    may begin."""

    def __init__(self, message: str, after: int | None = None) -> None:
        super().__init__(message)
        self.after = after


@contextmanager
def reading() -> Iterator[None]:
    """Around whatever reads from an archive.

    Raises:
        Damaged: what was to be read cannot be.
    """
    try:
        yield
    except BrokenGzip as error:
        raise Damaged(error.message, error.member + 1) from error
    except OSError as error:
        if error.errno is not None:
            raise  # of the file, not of what is in it
        raise Damaged(f"holds what is no record of an archive ({error})") from error


def records_from(stream: BinaryIO, place: Place) -> Iterator[tuple[Place, WarcRecord]]:
    """The records from a place on.

    Raises:
        Damaged: it is not one, or ends before a record does.
    """
    plain: io.RawIOBase | BinaryIO = stream
    packed: Gunzip | None = None
    if not stream.seekable():
        plain = _Counted(stream)
    elif _peek(stream, place.at) == MAGIC:
        plain = packed = Gunzip(stream, place.at)
    with reading():
        if packed:
            _discard(packed, place.within)
        records = ArchiveIterator(
            cast(BinaryIO, plain), parse_http=False, stream_detect=False, max_header_len=_HEADER_BYTES
        )
        end: int | None = None
        for record in records:
            if record.headers.get("Content-Length") is None:
                raise Damaged("ends within a record's head, or has a record without a length")
            end = record.stream_pos + record.content_length
            yield Place(*packed.place(record.stream_pos)) if packed else Place(record.stream_pos), record
    if end is None and plain.tell() > place.at:
        raise Damaged("holds no record of an archive")
    if end is not None and plain.tell() < end:
        raise Damaged("ends before its last record does")


def next_place(stream: BinaryIO, at: Place, after: int | None) -> Place | None:
    """Where the next record begins behind a damaged one: in the same unpacked bytes, or with a member of its
    own."""
    if after is None:
        with suppress(BrokenGzip):
            found = _next_record(stream, at)
            if found:
                return found
        # a broken first byte makes a packed archive look like a plain one
        after = at.at + 1
    return next(
        (Place(start) for start in _found(stream, after, _MEMBER, 3) if _holds_record(stream, start)), None
    )


def _next_record(stream: BinaryIO, at: Place) -> Place | None:
    if _peek(stream, at.at) != MAGIC:
        return next((Place(found + 1) for found in _found(stream, at.at + 1, _RECORD, 16)), None)
    packed = Gunzip(stream, at.at)
    _discard(packed, at.within + 1)
    base, kept = packed.tell(), b""
    while block := packed.read(_BLOCK):
        kept += block
        found = _RECORD.search(kept)
        if found:
            return Place(*packed.place(base + found.start() + 1))
        base += max(0, len(kept) - 16)
        kept = kept[-16:]
    return None


def _found(stream: BinaryIO, start: int, sought: re.Pattern[bytes], overlap: int) -> Iterator[int]:
    """Where in the file something stands, from a byte on; the stream may be moved meanwhile."""
    while True:
        stream.seek(start)
        block = stream.read(_BLOCK)
        for match in sought.finditer(block):
            yield start + match.start()
        if len(block) < _BLOCK:
            return
        start += _BLOCK - overlap


def _holds_record(stream: BinaryIO, at: int) -> bool:
    stream.seek(at)
    try:
        return zlib.decompressobj(16 + zlib.MAX_WBITS).decompress(stream.read(4_096), 5) == b"WARC/"
    except zlib.error:
        return False


def _peek(stream: BinaryIO, at: int) -> bytes:
    """The two bytes there; the stream stands before them then."""
    stream.seek(at)
    start = stream.read(2)
    stream.seek(at)
    return start


def _discard(packed: Gunzip, count: int) -> None:
    while count > 0:
        count -= len(packed.read(min(count, _BLOCK))) or count


class _Counted(io.RawIOBase):
    """A stream that cannot be read from elsewhere, and says how many bytes it has given."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._count = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self._stream.read1(len(buffer))  # type: ignore[attr-defined]
        buffer[: len(data)] = data
        self._count += len(data)
        return len(data)
