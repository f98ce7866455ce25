"""What is passed to the client, and what its errors mean; no broker needed."""

from __future__ import annotations

from pathlib import Path

import kafka.errors as kafka_errors
import pytest
from kafka.metrics.metric_name import MetricName

from services.chassis.errors import (
    CommitFailed,
    FencedError,
    LimitExceeded,
    OnrecordError,
    TopicMissing,
    TransientError,
)
from services.chassis.log.groups import AGGREGATE_GROUP, READ
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import commit_error, log_error
from services.chassis.log.kafka.limits import TopicLimits
from services.chassis.log.kafka.metrics import families
from services.chassis.log.topics import declared
from services.chassis.log.types import Message
from services.chassis.settings import KafkaSettings


def test_security_settings_reach_every_client(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("secret\n")
    settings = KafkaSettings.model_validate(
        {
            "bootstrap_servers": "a:1, b:2",
            "security_protocol": "SASL_SSL",
            "sasl_mechanism": "SCRAM-SHA-512",
            "sasl_username": "onrecord",
            "sasl_password_file": tmp_path / "password",
            "ssl_cafile": tmp_path / "ca.pem",
        }
    )
    for made in (
        config.connection(settings, "c"),
        config.producer(settings, "c"),
        config.member(settings, "g", "0"),
    ):
        assert made["bootstrap_servers"] == ["a:1", "b:2"]
        assert (made["security_protocol"], made["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
        assert (made["sasl_plain_username"], made["sasl_plain_password"]) == ("onrecord", "secret")
        assert (made["ssl_cafile"], made["ssl_certfile"], made["ssl_check_hostname"]) == (
            str(tmp_path / "ca.pem"),
            None,
            True,
        )


def test_timeouts_keep_their_order() -> None:
    settings = KafkaSettings()
    producer, member = config.producer(settings, "t"), config.member(settings, "g", "0")
    chain = [
        producer["request_timeout_ms"],
        producer["delivery_timeout_ms"],
        producer["transaction_timeout_ms"],
        member["max_poll_interval_ms"],
    ]
    assert chain == sorted(set(chain))
    assert member["heartbeat_interval_ms"] * 3 < member["session_timeout_ms"]
    assert (member["isolation_level"], member["enable_auto_commit"], member["auto_offset_reset"]) == (
        "read_committed",
        False,
        "earliest",
    )


def test_aggregate_reads_little_ahead_though_it_reads_nearly_every_topic() -> None:
    specs = {spec.name: spec for spec in declared()}
    read = [specs[topic] for topic in READ[AGGREGATE_GROUP]]
    ahead = (
        sum(spec.partitions for spec in read)
        * config.member(KafkaSettings(), "g", "0")["max_partition_fetch_bytes"]
    )
    # its container has 256 MB, about 90 of them for the program, and a batch is copied several times on its
    # way to the database
    assert ahead + max(spec.max_message_bytes for spec in read) <= 16 * 1_048_576


@pytest.mark.parametrize(
    ("error", "kind", "cause"),
    [
        (kafka_errors.ProducerFencedError(), FencedError, None),
        (kafka_errors.FencedInstanceIdError(), FencedError, None),
        (kafka_errors.TransactionalIdAuthorizationFailedError(), FencedError, None),
        (kafka_errors.SaslAuthenticationFailedError(), FencedError, None),
        (kafka_errors.MessageSizeTooLargeError(), LimitExceeded, None),
        (kafka_errors.KafkaTimeoutError(), CommitFailed, "timeout"),
        (kafka_errors.CommitFailedError(), CommitFailed, "membership"),
        (kafka_errors.KafkaConnectionError(), CommitFailed, "disconnected"),
        (kafka_errors.NotLeaderForPartitionError(), CommitFailed, "unavailable"),
        (kafka_errors.InvalidTxnStateError(), CommitFailed, "rejected"),
        (ValueError("a bug of ours"), CommitFailed, "client"),
    ],
    ids=lambda one: one.__name__ if isinstance(one, type) else type(one).__name__,
)
def test_what_a_failed_transaction_means(
    error: Exception, kind: type[OnrecordError], cause: str | None
) -> None:
    translated = commit_error(error, "transaction of x")
    assert type(translated) is kind
    assert "transaction of x" in str(translated)
    assert getattr(translated, "cause", None) == cause


def test_other_failures_are_transient_unless_somebody_else_owns_the_slot() -> None:
    assert type(log_error(kafka_errors.KafkaTimeoutError(), "reading")) is TransientError
    assert isinstance(log_error(kafka_errors.GroupAuthorizationFailedError("g"), "reading"), FencedError)


def test_limits_are_looked_up_once_and_cover_missing_topics() -> None:
    asked: list[tuple[str, ...]] = []

    def look_up(topics: object) -> dict[str, int]:
        assert isinstance(topics, list)
        asked.append(tuple(topics))
        return {"small": 200}

    limits = TopicLimits(look_up)
    limits.check([Message("small", b"k", b"v")])
    with pytest.raises(LimitExceeded, match="small"):
        limits.check([Message("small", b"k", b"v" * 200)])
    assert asked == [("small",)]
    with pytest.raises(TopicMissing, match="onrecord topics create"):
        limits.check([Message("small", b"k", b"v"), Message("gone", b"k", b"v")])


def test_empty_and_odd_statistics_are_left_out() -> None:
    class Metric:
        def __init__(self, value: object) -> None:
            self._value = value

        def value(self) -> object:
            return self._value

    def name(group: str, what: str, **tags: str) -> MetricName:
        return MetricName(what, group, "", tags)

    clients = [
        {
            name("producer-metrics", "send-rate", **{"client-id": "a"}): Metric(1.5),
            name("producer-metrics", "latency-max", **{"client-id": "a"}): Metric(float("-inf")),
            name("producer-metrics", "latency-min", **{"client-id": "a"}): Metric(9.2e18),
            name("producer-metrics", "version", **{"client-id": "a"}): Metric("3.0.12"),
            name("producer-topic-metrics.t.x", "record-send-rate", **{"client-id": "a"}): Metric(2.0),
            name("producer-node-metrics.node-1", "latency", **{"client-id": "a"}): Metric(2.0),
        },
        {name("producer-metrics", "send-rate", **{"client-id": "b"}): Metric(2.5)},
    ]
    found = {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in families(clients)
        for sample in family.samples
    }
    assert found == {
        ("kafka_client_producer_metrics_send_rate", ("a", "")): 1.5,
        ("kafka_client_producer_metrics_send_rate", ("b", "")): 2.5,
        ("kafka_client_producer_topic_metrics_record_send_rate", ("a", "t.x")): 2.0,
    }
