"""What only a real Kafka shows of dead letters: its clock of retention, and transactions that are still
open."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaProducer

from services.chassis import dlq
from services.chassis.errors import PoisonError
from services.chassis.log.kafka import KafkaLog, config
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Message, Record, TopicPartition, TopicSpec
from services.chassis.stage.dead_letters import dead_letter
from services.chassis.stage.settled import mark
from tests.support.kafka import Kafka, cluster_or_skip
from tests.support.log import everything, new_topic, soon
from tests.support.patience import until

pytestmark = pytest.mark.kafka

HOUR_MS = 3_600_000
OLD_MS = 1_700_000_000_000
"""A date in 2023."""
EAGER = {"log.retention.check.interval.ms": "500", "log.initial.task.delay.ms": "500"}
"""A broker that looks for what is too old twice a second."""


@pytest.fixture
def eager() -> Iterator[KafkaLog]:
    with (
        cluster_or_skip(1, overrides=EAGER) as cluster,
        KafkaLog(Kafka(cluster.bootstrap, 1).settings()) as log,
    ):
        yield log


def letter_of(topic: str, number: int) -> Message:
    error = PoisonError("x", stage="decode", reason="not_json")
    return dead_letter(Record(topic, 0, number, OLD_MS, b"k", b"%d" % number), error, group="g")


@pytest.mark.slow
def test_the_letter_of_an_old_article_outlives_what_is_dated_like_the_article(eager: KafkaLog) -> None:
    topic, control = "old.articles", "control"
    dead = dlq_of(topic)
    eager.create_topics([TopicSpec(name, 1, HOUR_MS) for name in (topic, control, dead)])
    with eager.producer("test") as producer:
        # side by side: what carries the old date goes, which is how the letter of an old article went before
        producer.append([letter_of(topic, 0), Message(control, b"k", b"v", timestamp_ms=OLD_MS)])
    until(lambda: eager.topics()[control].ranges[0][0] > 0, "Kafka deletes what is dated 2023")
    assert [record.value for record, _ in dlq.letters(eager, dead, dlq.Filter())] == [b"0"]


def test_a_mark_behind_an_open_transaction_is_waited_for(kafka_cluster: Kafka) -> None:
    """Readers see nothing behind an open transaction, such as a killed extract's, until the broker aborts it.
    A replay that did not wait would miss what another one has settled there."""
    with KafkaLog(kafka_cluster.settings()) as log:
        topic = new_topic(log, 1)
        dead = new_topic(log, 1, name=dlq_of(topic))
        with log.producer(f"writer-{topic}") as producer:
            producer.append([letter_of(topic, number) for number in range(2)])
            soon(lambda: len(everything(log, dead)), 2)
            timeout = {"transaction_timeout_ms": 5_000}
            killed = KafkaProducer(
                **{**config.producer(kafka_cluster.settings(), f"killed-{topic}"), **timeout}
            )
            try:
                killed.init_transactions()
                killed.begin_transaction()
                killed.send(dead, value=b"never committed").get(60)
                producer.append([mark(TopicPartition(dead, 0), [0])])
                assert [record.value for record in log.read(dead, 0)] == [b"0", b"1"], (
                    "the mark cannot be seen yet"
                )
                assert dlq.replay(log, dead, dlq.Filter()) == dlq.Replayed(replayed=1)
            finally:
                killed._sender.force_close()
                killed.close(1)
        assert [record.value for record in everything(log, topic)] == [b"1"]
