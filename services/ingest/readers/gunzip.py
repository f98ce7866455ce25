"""Reading gzip without letting a bomb in: memory stays constant, and a stream that swells beyond reason is
refused.

A gzip file may consist of several members, as archives do: one for each record. Where they began is
remembered for as long as it is asked for, so that reading can go on there later; of very many small ones,
where every other one did.
"""

from __future__ import annotations

import io
import zlib
from collections import deque
from typing import BinaryIO

from services.ingest.readers.items import Unreadable

MAGIC = b"\x1f\x8b"

_FREE_BYTES = 16 * 1_048_576
_MAX_RATIO = 200
"""News in JSON packs 3 to 10 times, very repetitive dumps 50; a bomb 1,000. The ratio counts from 16 MiB on:
small files do no harm."""
_CHUNK = 1 << 16
_REMEMBERED = 4_096
"""Members. They are many more than the records that are read ahead only where somebody made them small."""


class BrokenGzip(Unreadable):
    """What cannot be unpacked; ``member``: where in the file the member began that it is in."""

    def __init__(self, message: str, member: int) -> None:
        super().__init__("gzip", message)
        self.member = member


class Gunzip(io.RawIOBase):
    """A binary stream of the decompressed bytes.

    Raises:
        BrokenGzip: on reading, when the data are damaged or swell beyond the limit.
    """

    def __init__(self, stream: BinaryIO, start: int = 0) -> None:
        """``start``: where in its file the stream stands, for :meth:`place`."""
        self._stream = stream
        self._member: zlib._Decompress | None = None
        self._packed = b""
        self._read = start
        self._start = start
        self._count = 0
        self._members: deque[tuple[int, int]] = deque()

    def readable(self) -> bool:
        return True

    def place(self, offset: int) -> tuple[int, int]:
        """Where in the file the member began that holds the decompressed byte ``offset``, or one before it,
        and how far behind that beginning the byte is.

        Members before it are forgotten: ask with growing offsets.
        """
        while len(self._members) > 1 and self._members[1][0] <= offset:
            self._members.popleft()
        first, at = self._members[0] if self._members else (0, self._start)
        return at, offset - first

    @property
    def member(self) -> int:
        """Where in the file the member began that was read last."""
        return self._members[-1][1] if self._members else self._start

    def tell(self) -> int:
        """How many bytes it has given."""
        return self._count

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        data = self._some(len(buffer))
        self._count += len(data)
        if self._count > _FREE_BYTES and self._count > _MAX_RATIO * (self._read - self._start):
            raise BrokenGzip(
                f"unpacks to more than {_MAX_RATIO} times its size; it is not an archive of articles",
                self.member,
            )
        buffer[: len(data)] = data
        return len(data)

    def _some(self, most: int) -> bytes:
        """Some of what comes next, nothing at the end."""
        while True:
            if not self._packed:
                self._packed = self._stream.read(_CHUNK)
                self._read += len(self._packed)
                if not self._packed:
                    if self._member:
                        raise self._damaged("it ends early")
                    return b""
            if self._member is None and not self._begin_member():
                continue
            assert self._member is not None
            try:
                data = self._member.decompress(self._packed, most)
            except zlib.error as error:
                raise self._damaged(str(error)) from error
            if self._member.eof:
                self._packed, self._member = self._member.unused_data, None
            else:
                self._packed = self._member.unconsumed_tail
            if data:
                return data

    def _begin_member(self) -> bool:
        """Whether a member begins here; zeros between two are padding."""
        if self._members:
            self._packed = self._packed.lstrip(b"\0")
        if not self._packed:
            return False
        if self._members and self._members[-1][0] == self._count:
            self._members.pop()  # it was empty
        if len(self._members) == _REMEMBERED:
            self._members = deque(list(self._members)[::2])
        self._members.append((self._count, self._read - len(self._packed)))
        self._member = zlib.decompressobj(16 + zlib.MAX_WBITS)
        return True

    def _damaged(self, why: str) -> BrokenGzip:
        return BrokenGzip(f"is a damaged gzip file ({why}); make it anew", self.member)


def unpacked(stream: BinaryIO) -> BinaryIO:
    """The stream itself, or its decompressed bytes when it begins as gzip does. The stream must be able to
    :meth:`peek`."""
    peek = getattr(stream, "peek", None)
    buffered = stream if peek else io.BufferedReader(stream)  # type: ignore[type-var]
    if buffered.peek(2)[:2] != MAGIC:  # type: ignore[attr-defined]
        return buffered
    return io.BufferedReader(Gunzip(buffered))
