"""How large a message is, counted alike on both engines."""

from __future__ import annotations

from services.chassis.errors import LimitExceeded
from services.chassis.log.types import Message

_BATCH_OVERHEAD = 61
_RECORD_OVERHEAD = 21
"""Kafka's v2 format: header of a batch, and the most a record's own fields take. ``max.message.bytes`` limits
the batch on disk, so a message alone in its batch must fit with both."""


def message_bytes(message: Message) -> int:
    """Upper bound of the bytes the message takes in Kafka's format, uncompressed: what the Kafka client
    counts."""
    fields = [message.key, message.value]
    for name, value in message.headers:
        fields += [name.encode(), value]
    return (
        _BATCH_OVERHEAD
        + _RECORD_OVERHEAD
        + _varint(len(message.headers))
        + sum(_field(field) for field in fields)
    )


def _field(raw: bytes | None) -> int:
    return 1 if raw is None else _varint(len(raw)) + len(raw)


def _varint(number: int) -> int:
    # seven bits to a byte, after the zigzag bit
    return max(1, -(-(number << 1).bit_length() // 7))


def check_size(message: Message, max_message_bytes: int) -> None:
    """Refuse a message its topic does not allow.

    Raises:
        LimitExceeded: with ``stage="produce"`` and ``reason="too_large"``.
    """
    size = message_bytes(message)
    if size > max_message_bytes:
        key = "without a key" if message.key is None else f"with key {message.key[:80]!r}"
        raise LimitExceeded(
            f"a message {key} for topic {message.topic} takes {size} bytes; the topic allows"
            f" {max_message_bytes}",
            stage="produce",
            reason="too_large",
        )
