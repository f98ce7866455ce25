"""What tests of the event log share, on either engine."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator

from services.chassis.log.types import Batch, Consumer, EventLog, Headers, Message, Record, TopicSpec
from tests.support.patience import LOOK_S, PATIENCE_S


def new_topic(
    log: EventLog,
    partitions: int = 3,
    *,
    name: str = "",
    suffix: str = "",
    compact: bool = False,
    max_message_bytes: int = 1_048_576,
) -> str:
    """Create a topic nobody else uses, with a new name unless one is given; returns the name."""
    name = name or f"t-{uuid.uuid4().hex[:12]}{suffix}"
    log.create_topics([TopicSpec(name, partitions, None, compact, max_message_bytes)])
    return name


def new_group() -> str:
    """The name of a group nobody else uses."""
    return f"g-{uuid.uuid4().hex[:12]}"


def polled(consumer: Consumer, count: int, max_records: int | None = None) -> Iterator[Batch]:
    """Poll until ``count`` records were read or patience ends; yields the batches that are not empty."""
    deadline = time.monotonic() + PATIENCE_S
    seen = 0
    while seen < count and time.monotonic() < deadline:
        batch = consumer.poll(0.5, max_records)
        if batch.records:
            seen += len(batch.records)
            yield batch


def drain(consumer: Consumer, count: int, max_records: int | None = None) -> list[Record]:
    """The next ``count`` records (fewer when patience ends)."""
    return [record for batch in polled(consumer, count, max_records) for record in batch.records]


def soon(look: Callable[[], object], expected: object) -> None:
    """Look until it is as expected. On Kafka a transaction is seen a moment after it was committed; on SQLite
    at once."""
    deadline = time.monotonic() + (PATIENCE_S if expected else 0.0)
    while look() != expected and time.monotonic() < deadline:
        time.sleep(LOOK_S)
    assert look() == expected


def everything(log: EventLog, topic: str) -> list[Record]:
    """All visible records of a topic, partition by partition."""
    return [
        record for number in range(log.topics()[topic].spec.partitions) for record in log.read(topic, number)
    ]


def values(records: list[Record]) -> list[bytes]:
    """The values, sorted, for comparison regardless of partition."""
    return sorted(record.value for record in records if record.value is not None)


def numbered(topic: str, numbers: range, *, keys: int = 5, headers: Headers = ()) -> list[Message]:
    """Messages whose value is their number, spread over a few keys."""
    return [Message(topic, b"key-%d" % (n % keys), b"%06d" % n, headers) for n in numbers]
