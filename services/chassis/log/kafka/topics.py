"""Topics on Kafka: created from one declaration, never by accident."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from kafka import KafkaAdminClient, OffsetSpec
from kafka import TopicPartition as KafkaTopicPartition
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, TopicAlreadyExistsError, UnknownBrokerIdError, for_code

from services.chassis.errors import TopicMissing
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.opening import Answered, open_client, unheard
from services.chassis.log.types import TopicSpec, TopicState
from services.chassis.settings import KafkaSettings

FOREVER = "-1"
RETRY_S = 0.1
"""Between two tries of a call that failed in passing."""
CONFIGS = ("retention.ms", "cleanup.policy", "max.message.bytes")

T = TypeVar("T")


class TopicAdmin:
    """Creates and describes topics. Connects when first used; safe for several threads."""

    def __init__(self, settings: KafkaSettings, answered: Answered = unheard) -> None:
        self._settings = settings
        self._answered = answered
        self._client: KafkaAdminClient | None = None
        self._lock = threading.RLock()

    def create(self, specs: Sequence[TopicSpec], replication_factor: int) -> list[str]:
        """Create the topics that do not exist; returns the names created once every partition has a
        leader."""
        existing = {topic["name"] for topic in self._all()}
        missing = [spec for spec in specs if spec.name not in existing]
        if not missing:
            return []

        def create(client: KafkaAdminClient) -> list[str]:
            wanted = {spec.name: _wanted(spec, replication_factor) for spec in missing}
            answer = client.create_topics(wanted, raise_errors=False)
            errors = {
                topic["name"]: for_code(topic["error_code"])(topic.get("error_message") or "")
                for topic in answer["topics"]
            }
            for name, error in errors.items():
                # somebody else created it just now: as good
                if error.errno != 0 and not isinstance(error, TopicAlreadyExistsError):
                    raise log_error(error, f"topic {name} could not be created") from error
            client.wait_for_topics(list(wanted))
            return [spec.name for spec in missing if errors[spec.name].errno == 0]

        return self._call("topics could not be created", create)

    def describe(self) -> dict[str, TopicState]:
        """All topics but the cluster's own."""
        topics = self._all()
        found = {topic["name"]: [one["partition_index"] for one in topic["partitions"]] for topic in topics}
        ids = {topic["name"]: known_id(topic.get("topic_id")) for topic in topics}
        settings = self._configs(list(found))
        partitions = [
            KafkaTopicPartition(name, number) for name, numbers in found.items() for number in numbers
        ]

        def offsets(client: KafkaAdminClient) -> tuple[dict[Any, Any], dict[Any, Any]]:
            first = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.EARLIEST))
            last = client.list_partition_offsets(dict.fromkeys(partitions, OffsetSpec.LATEST))
            return first, last

        first, last = self._call("offsets could not be read", offsets) if partitions else ({}, {})
        return {
            name: TopicState(
                spec=_spec(name, len(numbers), settings[name]),
                ranges={
                    number: (
                        first[KafkaTopicPartition(name, number)].offset,
                        last[KafkaTopicPartition(name, number)].offset,
                    )
                    for number in sorted(numbers)
                },
                topic_id=ids[name],
            )
            for name, numbers in found.items()
        }

    def end(self, tp: KafkaTopicPartition) -> int:
        """The offset behind the last record of a partition, open transactions included."""
        found = self._call(
            "offsets could not be read", lambda client: client.list_partition_offsets({tp: OffsetSpec.LATEST})
        )
        return int(found[tp].offset)

    def require(self, topics: Sequence[str]) -> dict[str, int]:
        """The number of partitions of each topic.

        Raises:
            TopicMissing: one does not exist.
        """
        found = self.identified()
        for topic in topics:
            if topic not in found:
                raise TopicMissing(f"topic {topic} does not exist: create it with `onrecord topics create`")
        return {topic: found[topic][0] for topic in topics}

    def limits(self, topics: Sequence[str]) -> dict[str, int]:
        """``max.message.bytes`` of those of the topics that exist."""
        existing = {topic["name"] for topic in self._all()}
        wanted = [topic for topic in topics if topic in existing]
        return {name: int(found["max.message.bytes"]) for name, found in self._configs(wanted).items()}

    def identified(self) -> dict[str, tuple[int, str]]:
        """The number of partitions of every topic but the cluster's own, and its id."""
        return {
            topic["name"]: (len(topic["partitions"]), known_id(topic.get("topic_id")))
            for topic in self._all()
        }

    def close(self) -> None:
        """Disconnect; safe to call twice."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _all(self) -> list[dict[str, Any]]:
        # naming topics in a metadata request could create them on a broker that allows it; asking for all
        # never does
        topics: list[dict[str, Any]] = self._call(
            "topics could not be read", lambda client: client.describe_topics()
        )
        return [
            topic for topic in topics if not topic.get("is_internal") and not topic["name"].startswith("__")
        ]

    def _configs(self, topics: Sequence[str]) -> dict[str, dict[str, str]]:
        if not topics:
            return {}
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, topic, dict.fromkeys(CONFIGS)) for topic in topics
        ]
        found = self._call(
            "topic settings could not be read",
            lambda client: client.describe_configs(resources, config_filter="all"),
        )
        return {
            name: {key: entry["value"] for key, entry in entries.items()}
            for name, entries in found["topic"].items()
        }

    def _call(self, doing: str, work: Callable[[KafkaAdminClient], T]) -> T:
        """Do it, again while it fails in passing: on a fresh cluster, coordinators and leaders take a moment
        to be found."""
        deadline = time.monotonic() + self._settings.transaction_timeout_s
        with self._lock:
            while True:
                try:
                    if self._client is None:
                        configuration = config.connection(self._settings, "onrecord-admin")
                        self._client = open_client(KafkaAdminClient, configuration, self._answered)
                    return work(self._client)
                except KafkaError as error:
                    # an unknown broker is how the client calls a partition that has no leader just now
                    passing = error.retriable or isinstance(error, UnknownBrokerIdError)
                    if not passing or time.monotonic() + RETRY_S > deadline:
                        raise log_error(error, doing) from error
                time.sleep(RETRY_S)


def known_id(topic_id: uuid.UUID | str | None) -> str:
    """A topic's id (KIP-516) as text; empty where the broker gives none."""
    text = str(topic_id or "")
    return "" if text == str(uuid.UUID(int=0)) else text


def topic_configs(spec: TopicSpec, replication_factor: int) -> dict[str, str]:
    """The topic-level configuration that a topic is created with."""
    return {
        "retention.ms": FOREVER if spec.retention_ms is None else str(spec.retention_ms),
        "cleanup.policy": "compact" if spec.compact else "delete",
        "max.message.bytes": str(spec.max_message_bytes),
        # since Kafka 4 a record dated more than an hour ahead is refused; a wrong clock must not stop a
        # stream, nor a dead letter
        "message.timestamp.after.max.ms": str(2**63 - 1),
        # a record acknowledged survives the loss of any one broker, and one broker down does not stop writing
        "min.insync.replicas": str(max(1, replication_factor - 1)),
    }


def _wanted(spec: TopicSpec, replication_factor: int) -> dict[str, Any]:
    return {
        "num_partitions": spec.partitions,
        "replication_factor": replication_factor,
        "configs": topic_configs(spec, replication_factor),
    }


def _spec(name: str, partitions: int, settings: dict[str, str]) -> TopicSpec:
    retention = settings["retention.ms"]
    return TopicSpec(
        name,
        partitions,
        retention_ms=None if retention == FOREVER else int(retention),
        compact=settings["cleanup.policy"] == "compact",
        max_message_bytes=int(settings["max.message.bytes"]),
    )
