"""Reading gzip without letting a bomb in: memory stays constant, and a stream that swells beyond reason is refused."""

from __future__ import annotations

import gzip
import io
import zlib
from typing import BinaryIO

from services.ingest.readers.items import Unreadable

MAGIC = b"\x1f\x8b"

_FREE_BYTES = 16 * 1_048_576
_MAX_RATIO = 200
"""News in JSON packs 3 to 10 times, very repetitive dumps 50; a bomb 1,000. The ratio counts from 16 MiB on: small files do no harm."""


class _Counting(io.RawIOBase):
    """Counts the compressed bytes handed on."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        data = self._stream.read(size)
        self.count += len(data)
        return data


class Gunzip(io.RawIOBase):
    """A binary stream of the decompressed bytes.

    Raises:
        Unreadable: on reading, when the data are damaged or swell beyond the limit.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._packed = _Counting(stream)
        self._plain = gzip.GzipFile(fileobj=self._packed, mode="rb")
        self._count = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        try:
            data = self._plain.read1(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise Unreadable("gzip", f"is a damaged gzip file ({error}); make it anew") from error
        self._count += len(data)
        if self._count > _FREE_BYTES and self._count > _MAX_RATIO * self._packed.count:
            raise Unreadable("gzip", f"unpacks to more than {_MAX_RATIO} times its size; it is not an archive of articles")
        buffer[: len(data)] = data
        return len(data)


def unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or its decompressed bytes when it begins as gzip does. The stream must be able to :meth:`peek`."""
    peek = getattr(stream, "peek", None)
    buffered = stream if peek else io.BufferedReader(stream)  # type: ignore[type-var]
    if buffered.peek(2)[:2] != MAGIC:  # type: ignore[attr-defined]
        return buffered
    return io.BufferedReader(Gunzip(buffered))
