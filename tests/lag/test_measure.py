"""Lag of a group is measured from the log alone, the same on both engines."""

from __future__ import annotations

import time
from collections.abc import Collection

from services.chassis.log.types import EventLog, Message, TopicPartition
from services.lag.measure import GroupLag, measure
from tests.support.log import new_group, new_topic, polled
from tests.support.patience import PATIENCE_S

MINUTE_MS = 60_000


def settled(log: EventLog, group: str, topic: str, records: Collection[int], now_ms: int) -> GroupLag:
    """The lag once it counts one of ``records``: on Kafka a commit is seen a moment after it happened,
    partition by partition."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        lag = measure(log, {group: [topic]}, [topic], now_ms).groups[group, topic]
        if lag.records in records:
            return lag
        assert time.monotonic() < deadline, lag


def test_lag_falls_as_a_group_commits_and_stays_when_its_member_is_gone(log: EventLog) -> None:
    topic, group = new_topic(log, 2), new_group()
    written = time.time_ns() // 1_000_000
    with log.producer(f"test-{group}") as producer:
        producer.append(
            [
                Message(topic, b"k", b"%d" % n, partition=n % 2, timestamp_ms=written + n * 1000)
                for n in range(6)
            ]
        )
    # on Kafka each of the two partitions ends with a transaction marker, which counts while records are in
    # front of it
    before = settled(log, group, topic, range(6, 9), written + MINUTE_MS)
    assert (before.seconds, before.committed) == (60.0, 0)

    with log.stage_consumer(group, [topic], "0") as consumer:
        done = 0
        for batch in polled(consumer, 6):
            consumer.commit(batch, batch.next_offsets, [])
            done += len(batch.records)
    assert done == 6
    # the group has no live member any more
    after = settled(log, group, topic, (0,), written + MINUTE_MS)
    assert after.seconds == 0.0
    assert after.committed >= 6

    with log.producer(f"test-{group}") as producer:
        producer.append([Message(topic, b"k", b"late", partition=1, timestamp_ms=written + 10_000)])
    # the marker that its predecessor's transaction left is passed with the record
    late = settled(log, group, topic, (1, 2, 3), written + MINUTE_MS)
    assert late.seconds == 50.0
    assert late.committed == after.committed


def test_a_record_dated_ahead_is_not_negative_age(log: EventLog) -> None:
    topic, group = new_topic(log, 1), new_group()
    now = time.time_ns() // 1_000_000
    with log.producer(f"test-{group}") as producer:
        producer.append([Message(topic, b"k", b"v", timestamp_ms=now + MINUTE_MS)])
    assert settled(log, group, topic, (1, 2), now).seconds == 0.0


def test_topics_that_do_not_exist_are_left_out_and_ends_are_summed(log: EventLog) -> None:
    topic, group = new_topic(log, 2), new_group()
    with log.producer(f"test-{group}") as producer:
        placed = producer.append([Message(topic, b"k", b"%d" % n, partition=n % 2) for n in range(4)])
    assert {tp for tp, _ in placed} == {TopicPartition(topic, 0), TopicPartition(topic, 1)}
    reading = measure(log, {group: [topic, "never.created"]}, [topic, "never.created"], 0)
    assert set(reading.groups) == {(group, topic)}
    assert set(reading.ends) == {topic}
    assert 4 <= reading.ends[topic] <= 6, "four records, and on Kafka a marker per partition, a moment later"
