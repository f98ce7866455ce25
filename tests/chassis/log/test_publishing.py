"""Publications that the log refused are reported with a bounded class of error, on either engine."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from services.chassis.errors import CommitFailed, LimitExceeded
from services.chassis.log.open import open_log
from services.chassis.log.sqlite import SqliteLog
from services.chassis.log.types import Message, TopicSpec
from services.chassis.metric_values import CAUSES
from services.chassis.metrics import Metrics
from services.chassis.settings import LogSettings, Settings
from tests.support.kafka import FAST, Kafka, insisted
from tests.support.kafka_proxy import Api, Fault, FaultProxy
from tests.support.log import new_group, new_topic, polled


def test_a_locked_file_and_a_large_message_are_reported_and_good_ones_are_not(tmp_path: Path) -> None:
    failures: list[str] = []
    with SqliteLog(tmp_path / "log.db", busy_timeout_s=0.05, on_failure=failures.append) as log:
        topic, group = new_topic(log, 1, max_message_bytes=2_000), new_group()
        with log.producer("test") as producer:
            producer.append([Message(topic, b"k", b"v")])
            assert failures == []
            with pytest.raises(LimitExceeded):
                producer.append([Message(topic, b"k", b"x" * 2_001)])
            assert failures == ["too_large"]
            with log.stage_consumer(group, [topic], "0") as consumer:
                (batch,) = polled(consumer, 1)
                holder = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
                holder.execute("BEGIN IMMEDIATE")
                with pytest.raises(CommitFailed):
                    producer.append([Message(topic, b"k", b"v")])
                with pytest.raises(CommitFailed):
                    consumer.commit(batch, batch.next_offsets, [Message(topic, b"k", b"v")])
                assert failures == ["too_large", "busy", "busy"]
                with pytest.raises(CommitFailed):
                    consumer.commit(batch, batch.next_offsets, [])
                assert failures == ["too_large", "busy", "busy"], "offsets alone publish nothing"
                holder.execute("ROLLBACK")
                holder.close()


def test_the_opened_log_counts_them_for_its_service(tmp_path: Path) -> None:
    metrics = Metrics()
    with (
        open_log(Settings(log=LogSettings(path=tmp_path / "log.db")), metrics, "ingest") as log,
        log.producer("test") as producer,
    ):
        log.create_topics([TopicSpec("t", 1, None, max_message_bytes=1_000)])
        with pytest.raises(LimitExceeded):
            producer.append([Message("t", b"k", b"x" * 1_001)])
    labels = {"service": "ingest", "error": "too_large"}
    assert metrics.registry.get_sample_value("onrecord_publish_failures_total", labels) == 1


@pytest.mark.kafka
def test_a_commit_whose_answer_is_lost_on_kafka_is_reported(
    kafka_proxy: FaultProxy, kafka_behind_proxy: Kafka
) -> None:
    from services.chassis.log.kafka import KafkaLog

    failures: list[str] = []
    quick = kafka_behind_proxy.settings(**FAST)
    with (
        KafkaLog(kafka_behind_proxy.settings(), on_failure=failures.append) as patient,
        KafkaLog(quick, on_failure=failures.append) as log,
    ):
        topic = new_topic(patient, 1)
        with patient.producer(f"p-{new_group()}") as producer:
            producer.append([Message(topic, b"k", b"v")])
        assert failures == []
        with insisted(lambda: log.producer(f"p-{new_group()}")) as producer:
            kafka_proxy.break_(Api.END_TXN, Fault.SILENCE)
            with pytest.raises(CommitFailed):
                producer.append([Message(topic, b"k", b"v")])
            kafka_proxy.heal()
        assert len(failures) == 1
        assert failures[0] in CAUSES
