"""How a record is stored, appended and read."""

from __future__ import annotations

import random
import sqlite3
import struct
from collections.abc import Iterator, Sequence

from services.chassis.errors import PoisonError
from services.chassis.failpoints import failpoint
from services.chassis.log.limits import check_size
from services.chassis.log.partitioner import partition_for
from services.chassis.log.sqlite.schema import PARTITION_BITS
from services.chassis.log.sqlite.topics import Catalog, Topic
from services.chassis.log.topics import DLQ_SUFFIX
from services.chassis.log.types import Headers, Message, Record, TopicPartition

_OFFSET_MASK = (1 << PARTITION_BITS) - 1
_LENGTHS = struct.Struct("<II")


def encode_headers(headers: Headers) -> bytes | None:
    """Names and values one after the other, each pair behind its two lengths: order and duplicates stay."""
    if not headers:
        return None
    parts = []
    for name, value in headers:
        raw = name.encode()
        parts += [_LENGTHS.pack(len(raw), len(value)), raw, value]
    return b"".join(parts)


def decode_headers(raw: bytes | None) -> Headers:
    """What :func:`encode_headers` was given."""
    headers = []
    at = 0
    while raw and at < len(raw):
        name_length, value_length = _LENGTHS.unpack_from(raw, at)
        at += _LENGTHS.size
        value_at = at + name_length
        headers.append((raw[at:value_at].decode(), raw[value_at : value_at + value_length]))
        at = value_at + value_length
    return tuple(headers)


def append(
    connection: sqlite3.Connection, catalog: Catalog, messages: Sequence[Message], now_ms: int
) -> list[tuple[TopicPartition, int]]:
    """Append inside the caller's transaction; returns where each message went.

    Messages without key and partition go to one partition per call, chosen at random, as Kafka's sticky
    partitioner does.

    Raises:
        TopicMissing: a topic was never created, or has no partition of that number.
        LimitExceeded: a message is larger than its topic allows.
        PoisonError: a message without a key for a compacted topic, which Kafka refuses too.
    """
    sticky = random.random()  # noqa: S311  spreading load, not keeping secrets
    placed: list[tuple[TopicPartition, int]] = []
    following: dict[int, int] = {}
    for message in messages:
        topic = catalog.topic(connection, message.topic)
        _check(message, topic)
        number = _partition(message, topic.spec.partitions, sticky)
        partition_id = topic.partition_id(number)
        if partition_id not in following:
            (following[partition_id],) = connection.execute(
                "SELECT next_offset FROM partition WHERE id = ?", (partition_id,)
            ).fetchone()
        offset = following[partition_id]
        following[partition_id] = offset + 1
        connection.execute(
            "INSERT INTO record (id, timestamp_ms, appended_ms, key, headers, value) VALUES (?, ?, ?, ?,"
            " ?, ?)",
            (
                partition_id << PARTITION_BITS | offset,
                now_ms if message.timestamp_ms is None else message.timestamp_ms,
                now_ms,
                message.key,
                encode_headers(message.headers),
                message.value,
            ),
        )
        placed.append((TopicPartition(message.topic, number), offset))
        if message.topic.endswith(DLQ_SUFFIX):
            failpoint("dead_letter_write")
        failpoint("after_send")
    connection.executemany(
        "UPDATE partition SET next_offset = ? WHERE id = ?",
        [(offset, key) for key, offset in following.items()],
    )
    failpoint("after_flush")
    return placed


def _check(message: Message, topic: Topic) -> None:
    check_size(message, topic.spec.max_message_bytes)
    if topic.spec.compact and message.key is None:
        raise PoisonError(
            f"a message without a key for the compacted topic {message.topic}: give it a key",
            stage="produce",
            reason="no_key",
        )


def _partition(message: Message, partitions: int, sticky: float) -> int:
    if message.partition is not None:
        return message.partition
    return int(sticky * partitions) if message.key is None else partition_for(message.key, partitions)


def select(
    connection: sqlite3.Connection, tp: TopicPartition, partition_id: int, start: int, stop: int, limit: int
) -> Iterator[Record]:
    """Up to ``limit`` records with ``start <= offset < stop``, in order. Offsets may have gaps."""
    base = partition_id << PARTITION_BITS
    rows = connection.execute(
        "SELECT id, timestamp_ms, key, headers, value FROM record WHERE id >= ? AND id < ? ORDER BY id"
        " LIMIT ?",
        (base + start, base + stop, limit),
    )
    for row_id, timestamp_ms, key, headers, value in rows:
        yield Record(
            tp.topic, tp.partition, row_id & _OFFSET_MASK, timestamp_ms, key, value, decode_headers(headers)
        )


def page(
    connection: sqlite3.Connection,
    tp: TopicPartition,
    partition_id: int,
    start: int,
    stop: int,
    limit: int,
    room: int,
) -> tuple[list[Record], int]:
    """As :func:`select`, but no further than the record that fills ``room`` bytes: at least one, however
    large. Returns them and their bytes.
    """
    found: list[Record] = []
    weight = 0
    for record in select(connection, tp, partition_id, start, stop, limit):
        found.append(record)
        weight += stored_bytes(record)
        if weight >= room:
            break
    return found, weight


def stored_bytes(record: Record) -> int:
    """What a record weighs in memory, near enough to bound a batch."""
    return len(record.key or b"") + len(record.value or b"") + sum(len(value) for _, value in record.headers)
