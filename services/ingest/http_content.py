"""What HTTP's content headers say, and bodies taken out of their codings: gzip, deflate, brotli, zstd,
chunks. Bounded in bytes."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

import brotli
import zstandard

ACCEPTED_CODINGS = "gzip, br, zstd"
"""For ``Accept-Encoding``."""
_ZSTD_WINDOW = 8 * 1_048_576
"""RFC 9659: what a reader must be able to keep, and no more."""
_ZSTD_SLICE = 1 << 10
"""Bytes unpacked at once: the unpacker has no limit of its own, and four bytes may stand for 128 KiB."""
_MAX_MEMBERS = 100
"""Of a body, one behind the other; each costs a look at all that follows."""
_CHUNK_LINE = re.compile(rb"[ \t]*([0-9A-Fa-f]{1,16})[ \t]*(?:;[^\n]*)?\r?\n")


class Undecodable(Exception):
    """A body that its coding does not fit. ``unknown`` tells a coding that nobody here knows from damage."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class TooLarge(Exception):
    """The decoded body is larger than allowed; ``beginning`` is as much of it as is."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__("too large")
        self.beginning = beginning


def content_type(value: str) -> tuple[str, str | None]:
    """Media type in lower case, and the charset, of a ``Content-Type``."""
    media_type, _, parameters = value.partition(";")
    for parameter in parameters.split(";"):
        name, _, given = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), given.strip().strip("\"'") or None
    return media_type.strip().lower(), None


def codings(value: str) -> list[str]:
    """The names in a ``Content-Encoding``, those that change nothing left out."""
    return [
        name
        for part in value.split(",")
        if (name := part.strip().lower()) not in ("", "identity", "none", "utf-8")
    ]


def decoded(body: bytes, encoding: str, most: int) -> bytes:
    """The body without its ``Content-Encoding``.

    Raises:
        Undecodable: damaged, cut short, or in a coding that is not known.
        TooLarge: more than ``most`` bytes.
    """
    names = codings(encoding)
    for name in reversed(names):
        decode = {"gzip": _gzip, "x-gzip": _gzip, "deflate": _deflate, "br": _brotli, "zstd": _zstd}.get(name)
        if decode is None or len(names) > 2:
            raise Undecodable(f"Content-Encoding {encoding[:40]!r} is not read", unknown=True)
        try:
            body = decode(body, most + 1)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise Undecodable(f"the compressed answer is damaged ({error})") from error
        if len(body) > most:
            raise TooLarge(body[:most])
    return body


def dechunked(body: bytes) -> bytes:
    """The body without ``Transfer-Encoding: chunked``; one that does not look so as it is, because archives
    often keep the header only.

    Raises:
        Undecodable: damaged, or cut short.
    """
    if not _CHUNK_LINE.match(body):
        return body
    parts: list[bytes] = []
    at = 0
    while True:
        line = _CHUNK_LINE.match(body, at)
        if line is None:
            raise Undecodable(
                "a chunk of the answer is damaged"
                if at < len(body)
                else "the answer ends before its last chunk"
            )
        size = int(line[1], 16)
        if size == 0:
            return b"".join(parts)
        end = line.end() + size
        parts.append(body[line.end() : end])
        at = end + (2 if body[end : end + 2] == b"\r\n" else 1)
        if len(body) < end or body[at - 1 : at] not in (b"\n", b""):
            raise Undecodable("a chunk of the answer is damaged, or cut short")


def _gzip(data: bytes, most: int) -> bytes:
    return _joined(data, most, b"\x1f\x8b", lambda rest, room: _inflated(rest, room, zlib.MAX_WBITS | 16))


def _deflate(data: bytes, most: int) -> bytes:
    try:
        return _inflated(data, most, zlib.MAX_WBITS)[0]
    except zlib.error:
        # without the wrapper that the standard asks for, as some servers have it
        return _inflated(data, most, -zlib.MAX_WBITS)[0]


def _joined(
    data: bytes, most: int, magic: bytes, unpack: Callable[[bytes, int], tuple[bytes, bytes]]
) -> bytes:
    """Members or frames that stand one behind the other; ``unpack`` gives the first of them and what is
    behind it."""
    body = b""
    for _ in range(_MAX_MEMBERS):
        more, data = unpack(data, most - len(body))
        body += more
        if len(body) >= most or not data.startswith(magic):
            return body
    raise Undecodable(f"the compressed answer is in more than {_MAX_MEMBERS} pieces")


def _inflated(data: bytes, most: int, bits: int) -> tuple[bytes, bytes]:
    unpacker = zlib.decompressobj(bits)
    body = unpacker.decompress(data, most)
    if len(body) < most and not unpacker.eof:
        raise Undecodable("the compressed answer ends early")
    return body, unpacker.unused_data


def _brotli(data: bytes, most: int) -> bytes:
    unpacker = brotli.Decompressor()
    body: bytes = unpacker.process(data, output_buffer_limit=most)
    while len(body) < most and not unpacker.is_finished():
        more = unpacker.process(b"", output_buffer_limit=most - len(body))
        if not more:
            raise Undecodable("the compressed answer ends early")
        body += more
    return body


def _zstd(data: bytes, most: int) -> bytes:
    return _joined(data, most, b"\x28\xb5\x2f\xfd", _zstd_frame)


def _zstd_frame(data: bytes, most: int) -> tuple[bytes, bytes]:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()
    body = bytearray()
    for at in range(0, len(data), _ZSTD_SLICE):
        body += unpacker.decompress(data[at : at + _ZSTD_SLICE])
        if unpacker.eof or len(body) >= most:
            return bytes(body), unpacker.unused_data + data[at + _ZSTD_SLICE :]
    raise Undecodable("the compressed answer ends early")
