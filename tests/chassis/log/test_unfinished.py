"""Transactions that the coordinator takes for complete and that are open on a partition (hazard H10).

Where they come from, a crash of the only broker in the right tenth of a second, cannot be played at will.
Here the broker does not ask its coordinator about transactions (as brokers before 3.6 never did), so a
producer can write on after its transaction was committed.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kafka import KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition
from typer.testing import CliRunner

from services.chassis.log.kafka import KafkaLog, config
from services.chassis.log.kafka.unfinished import Unfinished, finish, unfinished
from services.chassis.log.types import Message
from services.chassis.settings import KafkaSettings
from services.cli.main import app
from tests.support.kafka import PATIENT, cluster_or_skip
from tests.support.log import everything, new_group, new_topic, values
from tests.support.patience import PATIENCE_S, until

pytestmark = pytest.mark.kafka


@pytest.fixture(scope="module")
def settings() -> Iterator[KafkaSettings]:
    """Of a broker that takes transactional records on trust."""
    with cluster_or_skip(1, overrides={"transaction.partition.verification.enable": "false"}) as cluster:
        yield KafkaSettings.model_validate({"bootstrap_servers": cluster.bootstrap, **PATIENT})


@pytest.fixture
def log(settings: KafkaSettings) -> Iterator[KafkaLog]:
    with KafkaLog(settings) as log:
        yield log


@pytest.fixture
def producer(settings: KafkaSettings) -> Iterator[KafkaProducer]:
    producer = KafkaProducer(**config.producer(settings, new_group()))
    producer.init_transactions()
    yield producer
    producer._sender.force_close()
    producer.close(PATIENCE_S)


def write_unannounced(producer: KafkaProducer, topic: str, value: bytes) -> None:
    """In a transaction that its coordinator never hears of."""
    producer.begin_transaction()
    producer._transaction_manager._partitions_in_transaction.add(KafkaTopicPartition(topic, 0))
    producer.send(topic, value=value, partition=0).get(PATIENCE_S)


def found_on(settings: KafkaSettings, topic: str) -> list[Unfinished]:
    return [one for one in unfinished(settings) if one.place.topic == topic]


def test_what_was_committed_is_finished_as_committed(
    settings: KafkaSettings, log: KafkaLog, producer: KafkaProducer
) -> None:
    topic = new_topic(log, 1)
    producer.begin_transaction()
    producer.send(topic, value=b"first", partition=0)
    producer.commit_transaction()
    # its marker comes after the answer
    until(lambda: values(everything(log, topic)) == [b"first"], "the first record to be seen")
    write_unannounced(producer, topic, b"second")
    until(lambda: found_on(settings, topic), "the open transaction to be found")
    (found,) = found_on(settings, topic)
    assert (found.place.partition, found.offset, found.commits) == (0, 2, True), (
        "behind the first record and its marker"
    )
    assert values(everything(log, topic)) == [b"first"]
    finish(settings, [found])
    until(lambda: values(everything(log, topic)) == [b"first", b"second"], "the second record to be seen")
    assert found_on(settings, topic) == []


def test_what_nobody_decided_is_told_and_left_alone(
    settings: KafkaSettings, log: KafkaLog, producer: KafkaProducer, monkeypatch: pytest.MonkeyPatch
) -> None:
    topic = new_topic(log, 1)
    write_unannounced(producer, topic, b"open")
    until(lambda: found_on(settings, topic), "the open transaction to be found")
    (found,) = found_on(settings, topic)
    assert found.commits is None
    monkeypatch.setenv("ONRECORD_LOG__ENGINE", "kafka")
    monkeypatch.setenv("ONRECORD_KAFKA__BOOTSTRAP_SERVERS", ",".join(settings.bootstrap_servers))
    told = CliRunner().invoke(app, ["topics", "unfinished", "--finish"])
    assert told.exit_code == 1, told.output
    assert "not known" in told.output
    assert "cannot be finished here" in told.output
    assert values(everything(log, topic)) == []
    assert len(found_on(settings, topic)) == 1


def test_a_transaction_under_way_is_not_among_them(
    settings: KafkaSettings, log: KafkaLog, producer: KafkaProducer
) -> None:
    topic = new_topic(log, 1)
    producer.begin_transaction()
    producer.send(topic, value=b"under way", partition=0).get(PATIENCE_S)
    assert found_on(settings, topic) == []
    producer.commit_transaction()
    with log.producer(new_group()) as other:
        other.append([Message(topic, b"k", b"next", partition=0)])
    assert found_on(settings, topic) == []
    assert values(everything(log, topic)) == [b"next", b"under way"]
