"""A log made anew, restored or truncated is noticed by whoever keeps positions in it, whichever engine
carries it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from services.chassis.log.identity import contradicted, mark_of, replaced
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import EventLog, Message, Origin, Position, Record, TopicPartition, TopicSpec
from tests.support.log import drain, everything, new_group, new_topic, numbered, polled, soon, values
from tests.support.patience import until


def stored(log: EventLog, topic: str) -> tuple[list[Record], dict[TopicPartition, Position]]:
    """What a reader of the whole topic would keep."""
    topic_id = log.topics()[topic].topic_id
    records = everything(log, topic)
    return records, {
        record.tp: Position(record.offset + 1, Origin(topic_id, mark_of(record))) for record in records
    }


def fill(log: EventLog, topic: str, numbers: range = range(20)) -> None:
    with log.producer(f"test-{new_group()}") as producer:
        producer.append(numbered(topic, numbers, keys=7))
    soon(lambda: len(everything(log, topic)) >= len(numbers), True)


def test_a_topic_keeps_its_id_and_shares_it_with_no_other(log: EventLog) -> None:
    one, other = new_topic(log), new_topic(log)
    ids = [log.topics()[name].topic_id for name in (one, other, one, other)]
    assert all(ids)
    assert ids[:2] == ids[2:]
    assert ids[0] != ids[1]


def test_positions_of_this_log_stay(log: EventLog) -> None:
    topic = new_topic(log)
    fill(log, topic)
    _, positions = stored(log, topic)
    assert replaced(log, log.topics(), positions) == {}
    fill(log, topic, range(20, 60))
    assert replaced(log, log.topics(), positions) == {}, "what came behind says nothing against them"
    assert replaced(log, log.topics(), {}) == {}


def test_positions_of_another_topic_are_told_apart_by_its_id(log: EventLog) -> None:
    topic, other = new_topic(log), new_topic(log)
    fill(log, topic)
    _, positions = stored(log, topic)
    fill(log, other, range(40))
    elsewhere = {TopicPartition(other, tp.partition): position for tp, position in positions.items()}
    found = replaced(log, log.topics(), elsewhere)
    assert found.keys() == elsewhere.keys()
    assert {(one.why, one.kept, one.found) for one in found.values()} == {
        ("topic_id", log.topics()[topic].topic_id, log.topics()[other].topic_id)
    }


def test_positions_beyond_the_end_are_of_a_longer_log(log: EventLog) -> None:
    topic = new_topic(log, 1)
    fill(log, topic)
    (end,) = [end for _, end in log.topics()[topic].ranges.values()]
    tp, gone = TopicPartition(topic, 0), TopicPartition(topic, 5)
    found = contradicted(
        log.topics(),
        {tp: Position(end + 1), gone: Position(1), TopicPartition("no-such-topic", 0): Position(9)},
    )
    assert {at: one.why for at, one in found.items()} == {tp: "beyond_end", gone: "beyond_end"}
    assert contradicted(log.topics(), {tp: Position(end)}) == {}, "kept by a release that stored no origins"


def test_another_record_before_a_position_tells_a_log_that_was_written_on(log: EventLog) -> None:
    topic = new_topic(log)
    fill(log, topic)
    records, positions = stored(log, topic)
    last = {record.tp: record for record in records}
    tp = records[0].tp
    other = next(record for record in records if record.tp == tp and record.offset != last[tp].offset)
    wrong = positions | {
        tp: Position(positions[tp].offset, Origin(positions[tp].origin.topic_id, mark_of(other)))
    }
    found = replaced(log, log.topics(), wrong)
    assert {at: (one.why, one.kept, one.found) for at, one in found.items()} == {
        tp: ("other_record", mark_of(other), mark_of(last[tp]))
    }


def test_a_partition_without_a_position_is_read_from_its_beginning(log: EventLog) -> None:
    topic, group = new_topic(log, 3), new_group()
    fill(log, topic, range(30))
    with log.sink_consumer(group, [topic], "0", lambda _: {}) as consumer:
        assert values(drain(consumer, 30)) == [b"%06d" % n for n in range(30)]


# -- on Kafka: a topic deleted and made anew under its group -------------------------------------------------

Anew = Callable[[str], None]


@pytest.fixture
def kafka(request: pytest.FixtureRequest) -> Iterator[EventLog]:
    from services.chassis.log.kafka import KafkaLog

    with KafkaLog(request.getfixturevalue("kafka_cluster").settings()) as opened:
        yield opened


@pytest.fixture
def anew(request: pytest.FixtureRequest) -> Iterator[Anew]:
    """Deletes a topic and makes one of the same name, as an operator would."""
    from kafka import KafkaAdminClient

    from services.chassis.log.kafka import KafkaLog

    cluster = request.getfixturevalue("kafka_cluster")
    admin = KafkaAdminClient(bootstrap_servers=cluster.bootstrap)

    def make(topic: str) -> None:
        with KafkaLog(cluster.settings()) as log:
            before = log.topics()[topic]
            admin.delete_topics([topic])
            until(lambda: topic not in log.topics(), "the topic to be gone")
            until(lambda: log.create_topics([before.spec]) == [topic], "the topic to be made anew")
            assert log.topics()[topic].topic_id != before.topic_id

    yield make
    admin.close()


def commit_all(log: EventLog, group: str, topic: str, count: int) -> None:
    with log.stage_consumer(group, [topic], "0") as consumer:
        for batch in polled(consumer, count):
            consumer.commit(batch, batch.next_offsets, [])
    soon(lambda: sum(log.committed(group).values()) >= count, True)


@pytest.mark.kafka
@pytest.mark.parametrize("count", [5, 60])
def test_a_stage_reads_a_topic_made_anew_from_its_beginning(kafka: EventLog, anew: Anew, count: int) -> None:
    """Whether it is shorter than where the group stood, or longer."""
    topic, group = new_topic(kafka, 2), new_group()
    fill(kafka, topic, range(20))
    commit_all(kafka, group, topic, 20)
    anew(topic)
    assert kafka.committed(group) == {}
    fill(kafka, topic, range(100, 100 + count))
    with kafka.stage_consumer(group, [topic], "0") as consumer:
        assert values(drain(consumer, count)) == [b"%06d" % n for n in range(100, 100 + count)]


@pytest.mark.kafka
@pytest.mark.parametrize("count", [5, 60])
def test_offsets_that_outlive_their_topic_skip_nothing(
    request: pytest.FixtureRequest, kafka: EventLog, anew: Anew, count: int
) -> None:
    """The broker deletes them with the topic; a commit that was under way, or a tool that copies groups,
    brings them back."""
    from kafka import KafkaConsumer, OffsetAndMetadata
    from kafka import TopicPartition as KafkaTopicPartition

    topic, group, copied = new_topic(kafka, 1), new_group(), new_group()
    fill(kafka, topic, range(20))
    commit_all(kafka, group, topic, 20)
    cluster = request.getfixturevalue("kafka_cluster")
    tp = KafkaTopicPartition(topic, 0)

    def client(name: str) -> KafkaConsumer:
        return KafkaConsumer(bootstrap_servers=cluster.bootstrap, group_id=name, enable_auto_commit=False)

    with client(group) as consumer:
        kept = consumer.committed(tp, metadata=True)
    old_id = kafka.topics()[topic].topic_id
    assert isinstance(kept, OffsetAndMetadata)
    assert old_id in kept.metadata
    anew(topic)
    fill(kafka, topic, range(100, 100 + count))
    with client(copied) as consumer:
        consumer.assign([tp])
        consumer.commit({tp: kept})
    assert kafka.committed(copied) == {}, "they are none of this topic's"
    with capture_logs() as lines, kafka.stage_consumer(copied, [topic], "0") as stage:
        assert values(drain(stage, count)) == [b"%06d" % n for n in range(100, 100 + count)]
    (warned,) = [line for line in lines if line["event"].startswith("the log was replaced")]
    assert (warned["topic"], warned["known"], warned["found"]) == (
        topic,
        old_id,
        kafka.topics()[topic].topic_id,
    )


@pytest.mark.kafka
@pytest.mark.parametrize("kind", ["stage", "sink"])
def test_a_topic_made_anew_under_a_live_consumer_is_read_from_its_beginning(
    kafka: EventLog, anew: Anew, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has grown past where the consumer stands before the consumer hears of it."""
    monkeypatch.setattr("services.chassis.log.kafka.config.METADATA_MAX_AGE_MS", 2_000)  # a minute otherwise
    topic, group = new_topic(kafka, 1), new_group()
    fill(kafka, topic, range(5))
    asked: list[frozenset[TopicPartition]] = []

    def assigned(partitions: frozenset[TopicPartition]) -> dict[TopicPartition, int]:
        asked.append(partitions)
        return {}

    consumer = (
        kafka.stage_consumer(group, [topic], "0")
        if kind == "stage"
        else kafka.sink_consumer(group, [topic], "0", assigned)
    )
    with consumer:
        assert len(drain(consumer, 5)) == 5
        anew(topic)
        fill(kafka, topic, range(100, 140))
        seen: set[bytes | None] = set()

        def all_seen() -> bool:
            seen.update(record.value for record in consumer.poll(0.5).records)
            return seen >= {b"%06d" % n for n in range(100, 140)}

        until(all_seen, "the new topic to be read whole")


def test_a_file_of_the_release_before_is_given_ids(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        log.create_topics([TopicSpec("a", 2, None), TopicSpec("b", 1, None)])
        with log.producer("test") as producer:
            producer.append([Message("a", b"k", b"v")])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ALTER TABLE topic DROP COLUMN identity")
        connection.execute("PRAGMA user_version = 1")
    ids = []
    for _ in range(2):
        with SqliteLog(path) as log:
            ids.append({name: state.topic_id for name, state in log.topics().items()})
            assert [record.value for record in everything(log, "a")] == [b"v"]
    assert ids[0] == ids[1]
    assert len({*ids[0].values()} - {""}) == 2
