"""What the stages may rely on, whichever engine carries the log.

The one difference: on Kafka a transaction is seen a moment after it was committed, when its markers have been
written; on SQLite at once. Hence ``soon``.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.chassis.errors import LimitExceeded, TopicMissing
from services.chassis.log.partitioner import partition_for
from services.chassis.log.types import EventLog, Message, Producer, Record, TopicPartition, TopicSpec
from tests.support.log import drain, everything, new_group, new_topic, numbered, polled, soon, values

SAME_LOG = settings(max_examples=20)  # examples use topics of their own on one log


def by_key(records: list[Record]) -> dict[bytes | None, list[bytes]]:
    found = defaultdict(list)
    for record in records:
        found[record.key].append(record.value or b"")
    return dict(found)


@pytest.fixture
def producer(log: EventLog) -> Iterator[Producer]:
    with log.producer(f"test-{new_group()}") as producer:
        yield producer


# topics


def test_topics_are_created_once_and_described(log: EventLog) -> None:
    name = new_topic(log, 2)
    spec = TopicSpec(name + ".x", 3, retention_ms=86_400_000, max_message_bytes=50_000)
    compacted = TopicSpec(name + ".y", 1, None, compact=True)
    assert sorted(log.create_topics([spec, TopicSpec(name, 7, None), compacted])) == [
        spec.name,
        compacted.name,
    ]
    assert log.create_topics([spec, compacted]) == []
    found = log.topics()
    assert found[spec.name].spec == spec
    assert found[compacted.name].spec == compacted
    assert found[name].spec.partitions == 2, "an existing topic is left as it is"
    assert found[name].ranges == {0: (0, 0), 1: (0, 0)}


def test_a_missing_topic_is_named_with_its_cure(log: EventLog) -> None:
    there, missing = new_topic(log), "never-created-" + new_group()
    with (
        log.producer("test") as producer,
        pytest.raises(TopicMissing, match=f"{missing}.*onrecord topics create"),
    ):
        producer.append([Message(there, b"k", b"v"), Message(missing, b"k", b"v")])
    assert everything(log, there) == []
    with pytest.raises(TopicMissing, match=f"{missing}.*onrecord topics create"):
        log.stage_consumer(new_group(), [there, missing], "0")
    with pytest.raises(TopicMissing, match=missing):
        log.sink_consumer(new_group(), [missing], "0", lambda _: {})
    with pytest.raises(TopicMissing, match=missing):
        list(log.read(missing, 0))
    assert missing not in log.topics()


# appending


def test_append_tells_where_each_message_went(log: EventLog) -> None:
    topic = new_topic(log, 4)
    messages = numbered(topic, range(30), keys=12)
    with log.producer("test") as producer:
        placed = producer.append(messages)
        assert producer.append([]) == []
    assert len(placed) == 30
    soon(lambda: len(everything(log, topic)), 30)
    found = {(record.tp, record.offset): (record.key, record.value) for record in everything(log, topic)}
    for message, (tp, offset) in zip(messages, placed, strict=True):
        assert message.key is not None
        assert tp == TopicPartition(topic, partition_for(message.key, 4))
        assert found[tp, offset] == (message.key, message.value)


def test_a_named_partition_wins_over_the_key(log: EventLog) -> None:
    topic = new_topic(log, 3)
    with log.producer("test") as producer:
        placed = producer.append(
            [Message(topic, b"same", b"%d" % number, partition=number) for number in (2, 0, 1)]
        )
    assert [tp.partition for tp, _ in placed] == [2, 0, 1]


def test_append_is_atomic_when_one_message_is_too_large(log: EventLog) -> None:
    topic, other = new_topic(log, max_message_bytes=2_000), new_topic(log)
    messages = [
        *numbered(topic, range(3)),
        *numbered(other, range(3)),
        Message(topic, b"big", b"x" * 2_001),
        Message(other, b"k", b"v"),
    ]
    with log.producer("test") as producer:
        with pytest.raises(LimitExceeded, match=topic) as caught:
            producer.append(messages)
        assert (caught.value.stage, caught.value.reason) == ("produce", "too_large")
        assert everything(log, topic) == everything(log, other) == []
        producer.append([Message(topic, b"fits", b"x" * 1_500)])
    soon(lambda: [record.key for record in everything(log, topic)], [b"fits"])


# consuming


def test_whether_records_are_left_behind_a_position(log: EventLog, producer: Producer) -> None:
    topic = new_topic(log, 2)
    beginning = {TopicPartition(topic, 0): 0, TopicPartition(topic, 1): 0}
    assert not log.holds_records(beginning)
    ((tp, offset),) = producer.append([Message(topic, b"k", b"v", partition=1)])
    soon(lambda: log.holds_records(beginning), True)
    assert log.holds_records({tp: offset})
    # on Kafka a transaction marker follows the record, and it is none
    assert not log.holds_records({TopicPartition(topic, 0): 0, tp: offset + 1})


def test_the_first_record_behind_each_position_is_found(log: EventLog, producer: Producer) -> None:
    topic = new_topic(log, 3)
    assert log.first_records({}) == {}
    placed = producer.append([Message(topic, b"k", b"%d" % n, partition=n % 2) for n in range(6)])
    producer.append([Message(topic, b"k", b"late", partition=0)])
    beginning = {TopicPartition(topic, number): 0 for number in range(3)}
    soon(
        lambda: {tp: record.value for tp, record in log.first_records(beginning).items()},
        {placed[0][0]: b"0", placed[1][0]: b"1"},
    )
    # one position in the middle, one at the end, where on Kafka only a transaction marker stands
    behind = {placed[2][0]: placed[2][1], placed[5][0]: placed[5][1] + 1}
    assert {tp: record.value for tp, record in log.first_records(behind).items()} == {placed[2][0]: b"2"}


def test_order_per_key_is_kept_and_every_partition_is_read(log: EventLog) -> None:
    topic = new_topic(log, 4)
    messages = numbered(topic, range(200), keys=17)
    with log.producer("test") as producer:
        producer.append(messages[:120])
        producer.append(messages[120:])
    with log.stage_consumer(new_group(), [topic], "0") as consumer:
        read = drain(consumer, 200, max_records=13)
        assert consumer.assignment() == {TopicPartition(topic, number) for number in range(4)}
    assert values(read) == [b"%06d" % n for n in range(200)]
    assert all(got == sorted(got) for got in by_key(read).values())
    assert {record.partition for record in read} == {0, 1, 2, 3}


def test_a_batch_knows_where_it_began_and_ended(log: EventLog) -> None:
    topic = new_topic(log, 2)
    with log.producer("test") as producer:
        placed = producer.append(numbered(topic, range(40), keys=9))
    with log.stage_consumer(group := new_group(), [topic], "0") as consumer:
        for batch in polled(consumer, 40, max_records=7):
            assert 0 < len(batch.records) <= 7
            for tp in batch.first_offsets:
                offsets = [record.offset for record in batch.records if record.tp == tp]
                assert offsets == sorted(offsets)
                assert (batch.first_offsets[tp], batch.next_offsets[tp]) == (offsets[0], offsets[-1] + 1)
            consumer.commit(batch, batch.next_offsets, [])
    soon(
        lambda: log.committed(group),
        {tp: max(offset for at, offset in placed if at == tp) + 1 for tp, _ in placed},
    )


def test_an_empty_log_gives_an_empty_batch(log: EventLog) -> None:
    with log.stage_consumer(new_group(), [new_topic(log)], "0") as consumer:
        assert consumer.poll(0.0).records == ()
        assert consumer.poll(0.2).records == ()


def test_a_waiting_consumer_sees_what_is_appended_meanwhile(log: EventLog) -> None:
    topic = new_topic(log)
    with log.stage_consumer(new_group(), [topic], "0") as consumer, log.producer("test") as producer:
        consumer.poll(0.0)
        writer = threading.Timer(0.1, producer.append, [numbered(topic, range(3))])
        writer.start()
        assert values(drain(consumer, 3)) == [b"000000", b"000001", b"000002"]
        writer.join()


@SAME_LOG
@given(
    appends=st.lists(
        st.lists(
            st.tuples(st.sampled_from([b"a", b"b", b"c", b"d", None]), st.integers(0, 255)), max_size=12
        ),
        max_size=5,
    ),
    max_records=st.integers(1, 9),
)
def test_any_appends_are_read_once_each_and_in_order(
    log: EventLog, producer: Producer, appends: list[list[tuple[bytes | None, int]]], max_records: int
) -> None:
    topic = new_topic(log, 3)
    sent: list[Message] = []
    for chunk in appends:
        messages = [
            Message(topic, key, b"%d/%d" % (len(sent) + n, number)) for n, (key, number) in enumerate(chunk)
        ]
        producer.append(messages)
        sent += messages
    with log.stage_consumer(new_group(), [topic], "0") as consumer:
        read = drain(consumer, len(sent), max_records)
        assert sorted(r.value or b"" for r in read) == sorted(m.value or b"" for m in sent)
        keyed = by_key(read)
        for key in {m.key for m in sent} - {None}:
            assert keyed[key] == [m.value for m in sent if m.key == key]


# bytes


@pytest.fixture
def plain_topic(log: EventLog) -> str:
    return new_topic(log, 2)


@SAME_LOG
@given(
    key=st.none() | st.binary(max_size=40),
    value=st.none() | st.binary(max_size=200),
    headers=st.lists(
        st.tuples(st.text(st.characters(codec="utf-8"), max_size=10), st.binary(max_size=20)), max_size=5
    ).map(tuple),
    timestamp_ms=st.integers(1, 2**41),
)
def test_records_come_back_byte_for_byte(
    log: EventLog,
    producer: Producer,
    plain_topic: str,
    key: bytes | None,
    value: bytes | None,
    headers: tuple[tuple[str, bytes], ...],
    timestamp_ms: int,
) -> None:
    ((tp, offset),) = producer.append([Message(plain_topic, key, value, headers, timestamp_ms=timestamp_ms)])
    expected = Record(plain_topic, tp.partition, offset, timestamp_ms, key, value, headers)
    soon(lambda: list(log.read(plain_topic, tp.partition, offset, offset + 1)), [expected])


def test_dead_letters_keep_every_byte_and_share_the_transaction(log: EventLog) -> None:
    topic = new_topic(log, 1)
    dead, out = topic + ".dlq", new_topic(log, 1)
    log.create_topics([TopicSpec(dead, 1, None)])
    poison = [
        Message(topic, None, None, timestamp_ms=1_700_000_000_001),
        Message(topic, b"", b"", (), timestamp_ms=1_700_000_000_002),
        Message(
            topic,
            b"\x00\xff\xfe",
            bytes(range(256)),
            (("h", b"1"), ("h", b""), ("", b"\x80"), ("h", b"1")),
            timestamp_ms=1_700_000_000_003,
        ),
    ]
    with log.producer("test") as producer:
        producer.append([*poison, Message(topic, b"good", b"good")])
    with log.stage_consumer(group := new_group(), [topic], "0") as consumer:
        for batch in polled(consumer, 4):
            letters = [
                Message(
                    dead, r.key, r.value, (*r.headers, ("dlq-version", b"1")), timestamp_ms=r.timestamp_ms
                )
                for r in batch.records
                if r.key != b"good"
            ]
            good = [Message(out, r.key, r.value) for r in batch.records if r.key == b"good"]
            consumer.commit(batch, batch.next_offsets, [*letters, *good])
    soon(lambda: len(everything(log, dead)), 3)
    kept = everything(log, dead)
    assert [(r.key, r.value, r.headers[:-1], r.timestamp_ms) for r in kept] == [
        (m.key, m.value, m.headers, m.timestamp_ms) for m in poison
    ]
    assert all(r.headers[-1] == ("dlq-version", b"1") for r in kept)
    soon(lambda: [r.value for r in everything(log, out)], [b"good"])
    soon(lambda: list(log.committed(group)), [TopicPartition(topic, 0)])


# transactions


def test_outputs_and_offsets_appear_together_at_commit(log: EventLog) -> None:
    topic, out, group = new_topic(log, 1), new_topic(log, 2), new_group()
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(10)))
    with log.stage_consumer(group, [topic], "0") as consumer:
        first, *_ = polled(consumer, 1, max_records=4)
        assert log.committed(group) == {}
        assert everything(log, out) == []
        consumer.commit(first, first.next_offsets, numbered(out, range(4)))
        soon(lambda: log.committed(group), first.next_offsets)
        soon(lambda: values(everything(log, out)), [b"%06d" % n for n in range(4)])
        rest = drain(consumer, 10 - len(first.records))
        assert values([*first.records, *rest]) == [b"%06d" % n for n in range(10)], (
            "reads on behind what was committed"
        )


def test_a_failed_commit_leaves_nothing_and_recover_replays_the_batch(log: EventLog) -> None:
    topic, out, group = new_topic(log, 2), new_topic(log, 2, max_message_bytes=2_000), new_group()
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(20), keys=7))
    with log.stage_consumer(group, [topic], "0") as consumer:
        (batch,) = polled(consumer, 1)
        with pytest.raises(LimitExceeded):
            consumer.commit(
                batch, batch.next_offsets, [*numbered(out, range(5)), Message(out, b"big", b"x" * 5_000)]
            )
        assert everything(log, out) == []
        assert log.committed(group) == {}
        consumer.recover(batch)
        again: list[Record] = []
        for replay in polled(consumer, 20):
            consumer.commit(
                replay, replay.next_offsets, [Message(out, r.key, r.value) for r in replay.records]
            )
            again += replay.records
    assert values(again) == [b"%06d" % n for n in range(20)]
    soon(lambda: values(everything(log, out)), [b"%06d" % n for n in range(20)])


def test_part_of_a_batch_can_be_committed_record_by_record(log: EventLog) -> None:
    topic, out, group = new_topic(log, 2), new_topic(log, 1), new_group()
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(6), keys=6))
    with log.stage_consumer(group, [topic], "0") as consumer:
        done: dict[TopicPartition, int] = {}
        for batch in polled(consumer, 6):
            for record in batch.records:
                consumer.commit(
                    batch, {record.tp: record.offset + 1}, [Message(out, record.key, record.value)]
                )
                done[record.tp] = record.offset + 1
                soon(lambda: log.committed(group), done)
    soon(lambda: values(everything(log, out)), [b"%06d" % n for n in range(6)])
    with log.stage_consumer(group, [topic], "0") as successor:
        assert successor.poll(1.0).records == ()


def test_a_stage_may_read_what_it_wrote(log: EventLog) -> None:
    topic, loop = new_topic(log, 1), new_topic(log, 1)
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(1)))
    with log.stage_consumer(new_group(), [topic, loop], "0") as consumer:
        (batch,) = polled(consumer, 1)
        consumer.commit(batch, batch.next_offsets, [Message(loop, b"k", b"again")])
        assert [r.value for r in drain(consumer, 1)] == [b"again"]


# groups


def test_a_successor_goes_on_where_the_group_committed(log: EventLog) -> None:
    topic, group = new_topic(log, 3), new_group()
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(60), keys=11))
    with log.stage_consumer(group, [topic], "0") as first:
        (done,) = polled(first, 1, max_records=20)
        first.commit(done, done.next_offsets, [])
        next(polled(first, 1, max_records=10))  # read, never committed
    with log.stage_consumer(group, [topic], "0") as second:
        rest = drain(second, 60 - len(done.records))
    assert values([*done.records, *rest]) == [b"%06d" % n for n in range(60)]


def test_groups_do_not_disturb_each_other(log: EventLog) -> None:
    topic, group, other = new_topic(log), new_group(), new_group()
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(10)))
    with log.stage_consumer(group, [topic], "0") as one, log.stage_consumer(other, [topic], "0") as two:
        for batch in polled(one, 10):
            one.commit(batch, batch.next_offsets, [])
        assert len(drain(two, 10)) == 10
    soon(lambda: sum(log.committed(group).values()), 10)
    assert log.committed(other) == {}
    assert log.committed(new_group()) == {}


def test_seek_reads_again_and_skips_what_is_not_assigned(log: EventLog) -> None:
    topic = new_topic(log, 1)
    with log.producer("test") as producer:
        placed = producer.append(numbered(topic, range(10)))
    with log.stage_consumer(new_group(), [topic], "0") as consumer:
        drain(consumer, 10)
        consumer.seek({placed[7][0]: placed[7][1], TopicPartition("somebody-else", 0): 3})
        assert values(drain(consumer, 3)) == [b"000007", b"000008", b"000009"]


def test_lag_counts_down_to_nothing(log: EventLog) -> None:
    topic = new_topic(log, 1)
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(10)))
    with log.stage_consumer(new_group(), [topic], "0") as consumer:
        drain(consumer, 4, max_records=4)
        assert 6 <= consumer.lag()[TopicPartition(topic, 0)] <= 7, "Kafka counts the transaction's marker"
        drain(consumer, 6)
        consumer.poll(0.2)
        assert consumer.lag()[TopicPartition(topic, 0)] <= 1


def test_keep_alive_reads_nothing(log: EventLog) -> None:
    topic = new_topic(log, 1)
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(5)))
    with log.stage_consumer(new_group(), [topic], "0") as consumer:
        first = drain(consumer, 2, max_records=2)
        consumer.keep_alive()
        rest = drain(consumer, 3)
    assert values([*first, *rest]) == [b"%06d" % n for n in range(5)]


# sinks


def test_a_sink_starts_where_its_database_says(log: EventLog) -> None:
    topic, group = new_topic(log, 3), new_group()
    with log.producer("test") as producer:
        placed = producer.append(
            [
                Message(topic, b"k", b"%d-%d" % (number, n), partition=number)
                for number in range(3)
                for n in range(5)
            ]
        )
    offsets = {(tp.partition, n): offset for (tp, offset), n in zip(placed, [*range(5)] * 3, strict=True)}
    asked: list[frozenset[TopicPartition]] = []

    def assigned(partitions: frozenset[TopicPartition]) -> dict[TopicPartition, int]:
        asked.append(partitions)
        return {TopicPartition(topic, 0): offsets[0, 3], TopicPartition(topic, 1): offsets[1, 4] + 1}

    with log.sink_consumer(group, [topic], "0", assigned) as consumer:
        read = drain(consumer, 7)
        assert values(read) == [b"0-3", b"0-4", *(b"2-%d" % n for n in range(5))]
        assert (
            frozenset().union(*asked) == consumer.assignment() == {TopicPartition(topic, n) for n in range(3)}
        )
        end = {TopicPartition(topic, 2): offsets[2, 4] + 1}

        def reported() -> object:
            consumer.report(end)  # again and again: nothing depends on one report, and on Kafka it may fail
            return log.committed(group)

        soon(reported, end)
    with log.sink_consumer(group, [topic], "0", lambda _: {}) as consumer:
        assert len(drain(consumer, 15)) == 15, "what was reported is never used to resume"


# replay


def test_replay_from_any_offset(log: EventLog) -> None:
    topic = new_topic(log, 1)
    with log.producer("test") as producer:
        placed = [producer.append(numbered(topic, range(n * 50, n * 50 + 50))) for n in range(5)]
    where = [offset for chunk in placed for _, offset in chunk]
    soon(lambda: len(everything(log, topic)), 250)
    records = list(log.read(topic, 0))
    assert [r.offset for r in records] == where
    for start, stop in [(0, 0), (0, 249), (120, 180), (249, 249), (17, 18)]:
        assert list(log.read(topic, 0, where[start], where[stop])) == records[start:stop]
    assert list(log.read(topic, 0, where[240])) == records[240:]
    assert list(log.read(topic, 0, where[-1] + 100)) == []


def test_replay_stops_at_the_end_as_of_now(log: EventLog) -> None:
    topic = new_topic(log, 1)
    with log.producer("test") as producer:
        producer.append(numbered(topic, range(3)))
        soon(lambda: len(everything(log, topic)), 3)
        replay = log.read(topic, 0)
        seen = [next(replay)]
        producer.append(numbered(topic, range(3, 6)))
        seen += replay
    assert values(seen) == [b"000000", b"000001", b"000002"]


# closing


def test_everything_can_be_closed_twice(log: EventLog) -> None:
    topic = new_topic(log)
    members = [
        log.producer("test"),
        log.stage_consumer(new_group(), [topic], "0"),
        log.sink_consumer(new_group(), [topic], "0", lambda _: {}),
    ]
    for member in [*members, *members]:
        member.close()
    log.close()
    log.close()
