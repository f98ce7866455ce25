"""Which partition a key belongs to: Kafka's default partitioner, so that both engines place records alike."""

from __future__ import annotations

import struct

_SEED = 0x9747B28C
_M = 0x5BD1E995
"""MurmurHash2's mixing constant; the seed is the Java client's."""
_WORD = 0xFFFFFFFF
_POSITIVE = 0x7FFFFFFF
"""Java hashes are signed: the client masks the sign off before it takes the remainder."""


def murmur2(data: bytes) -> int:
    """MurmurHash2 of ``data`` as the Java client computes it, as an unsigned 32-bit number."""
    length = len(data)
    whole = length & ~3
    h = _SEED ^ length
    for (word,) in struct.iter_unpack("<I", data[:whole]):
        k = word * _M & _WORD
        k ^= k >> 24
        h = (h * _M & _WORD) ^ (k * _M & _WORD)
    if length != whole:
        h ^= int.from_bytes(data[whole:], "little")
        h = h * _M & _WORD
    h ^= h >> 13
    h = h * _M & _WORD
    return h ^ (h >> 15)


def partition_for(key: bytes, partitions: int) -> int:
    """The partition of ``key`` among ``partitions``, 0-based."""
    return (murmur2(key) & _POSITIVE) % partitions
