"""Transactions that the brokers took for complete and never ended on some partitions (hazard H10).

A broker that was killed and comes back with no controller that lived on (a single node, or all nodes at once)
first leads everything, as before; then it is fenced for the process that it was; then it is elected again. In
between, Apache Kafka 4.3 finds no leader to send a prepared transaction's markers to, takes the partitions
for deleted, and writes the transaction down as complete. Whoever reads what is committed then waits at its
first record for ever, and so does whoever asks for a group's offsets. The records are there, not lost.

What was decided stands in ``__transaction_state``. A producer is told "committed" before any marker is
written, so ``kafka-transactions.sh abort`` could take back what was acknowledged. Here the marker that was
decided is written.
"""

from __future__ import annotations

import struct
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError, for_code
from kafka.protocol.producer.transaction import WriteTxnMarkersRequest

from services.chassis.errors import TransientError
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.opening import open_client
from services.chassis.log.types import TopicPartition
from services.chassis.settings import KafkaSettings

OFFSETS, STATE = "__consumer_offsets", "__transaction_state"
UNDER_WAY = frozenset({"Ongoing", "PrepareCommit", "PrepareAbort", "PrepareEpochFence"})
DECIDED = {2: True, 3: False}
"""States of a transaction in its log that decide it: prepared to commit, prepared to abort
(``TransactionLogValue`` of Apache Kafka)."""
# version, producer id, producer epoch, timeout in ms, state: the same in versions 0 and 1
_HEAD = struct.Struct(">hqhib")
Producer = tuple[int, int]
"""A producer's id and epoch."""


@dataclass(frozen=True, slots=True)
class _Open:
    """A producer's open transaction on a partition: its first offset, the time of its last record, and the
    epoch of the coordinator that wrote the last marker there: one of an older epoch is refused."""

    producer: Producer
    offset: int
    since_ms: int
    coordinator_epoch: int


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A transaction that is over for its coordinator, and open on a partition.

    ``commits`` is what was decided; None where the log of transactions does not tell, because it was
    compacted or tells two things.
    """

    place: TopicPartition
    """The partition."""
    offset: int
    """Of its first record there: nothing from here on is read."""
    producer: Producer
    since_ms: int
    """Time of its last record there, in milliseconds since 1970."""
    coordinator_epoch: int
    commits: bool | None


def unfinished(settings: KafkaSettings) -> list[Unfinished]:
    """All of them, of every topic and of the groups' offsets; those still under way are not among them.

    Raises:
        TransientError: the brokers cannot be reached, or not all of them answer.
    """
    try:
        with _admin(settings) as admin:
            opened = _open(admin)
            busy = _under_way(admin) if opened else set()
            # markers may have been written since the first look
            stuck = {
                tp: state for tp, state in (_open(admin) if opened else {}).items() if opened.get(tp) == state
            }
        stuck = {tp: state for tp, state in stuck.items() if (state.producer[0], tp) not in busy}
        decided = _decided(settings) if stuck else {}
    except KafkaError as error:
        raise log_error(error, "looking for unfinished transactions") from error
    return [
        Unfinished(
            TopicPartition(*tp),
            one.offset,
            one.producer,
            one.since_ms,
            one.coordinator_epoch,
            decided.get(one.producer),
        )
        for tp, one in sorted(stuck.items())
    ]


def finish(settings: KafkaSettings, found: Sequence[Unfinished]) -> None:
    """Write the marker that was decided for each; those of which nothing is known are left alone.

    Raises:
        TransientError: the brokers cannot be reached, or refuse.
    """
    try:
        with _admin(settings) as admin:
            for one in found:
                if one.commits is not None:
                    admin._manager.run(_write, admin, one)
    except KafkaError as error:
        raise log_error(error, "finishing transactions") from error


def _admin(settings: KafkaSettings) -> KafkaAdminClient:
    return open_client(KafkaAdminClient, config.connection(settings, "onrecord-transactions"))


def _open(admin: KafkaAdminClient) -> dict[KafkaTopicPartition, _Open]:
    """The first open transaction of every partition that has one."""
    names = [
        topic["name"]
        for topic in admin.describe_topics()
        if not topic["name"].startswith("__") or topic["name"] == OFFSETS
    ]
    partitions = [
        KafkaTopicPartition(topic["name"], one["partition_index"])
        for topic in admin.describe_topics(names)
        for one in topic["partitions"]
    ]
    found: dict[KafkaTopicPartition, _Open] = {}
    for tp, state in admin.describe_producers(partitions).items():
        ongoing = [one for one in state.active_producers if one.current_transaction_start_offset >= 0]
        if ongoing:
            first = min(ongoing, key=lambda one: one.current_transaction_start_offset)
            found[tp] = _Open(
                (first.producer_id, first.producer_epoch),
                first.current_transaction_start_offset,
                first.last_timestamp,
                first.coordinator_epoch,
            )
    return found


def _under_way(admin: KafkaAdminClient) -> set[tuple[int, KafkaTopicPartition]]:
    """Producers and the partitions of their transactions that a coordinator still knows of."""
    ids = sorted({one.transactional_id for listed in admin.list_transactions().values() for one in listed})
    described: Mapping[str, Any] = admin.describe_transactions(ids) if ids else {}
    ongoing = [one for one in described.values() if one.state.value in UNDER_WAY]
    return {(one.producer_id, tp) for one in ongoing for tp in one.topic_partitions}


def _decided(settings: KafkaSettings) -> dict[Producer, bool]:
    """What was decided for each producer, by the log of transactions as far as it goes back; True commits.

    Left out where a producer committed one transaction and aborted another: which of them is open on a
    partition is not written down.
    """
    found: dict[Producer, set[bool]] = defaultdict(set)
    consumer = open_client(
        KafkaConsumer,
        {
            **config.reader(settings, "onrecord-transactions"),
            "isolation_level": "read_uncommitted",
            "exclude_internal_topics": False,
        },
    )
    try:
        partitions = [
            KafkaTopicPartition(STATE, number) for number in consumer.partitions_for_topic(STATE) or ()
        ]
        consumer.assign(partitions)
        ends = consumer.end_offsets(partitions)
        consumer.seek_to_beginning(*partitions)
        deadline = time.monotonic() + settings.transaction_timeout_s
        while any(consumer.position(tp) < ends[tp] for tp in partitions):
            polled = consumer.poll(timeout_ms=config.FETCH_WAIT_MS)
            if polled:
                deadline = time.monotonic() + settings.transaction_timeout_s
            if time.monotonic() > deadline:
                raise TransientError(f"reading {STATE}: no progress for {settings.transaction_timeout_s:g} s")
            for record in (one for records in polled.values() for one in records):
                if record.value is not None and len(record.value) >= _HEAD.size:
                    _, producer_id, epoch, _, state = _HEAD.unpack_from(record.value)
                    if state in DECIDED:
                        found[producer_id, epoch].add(DECIDED[state])
    finally:
        consumer.close(autocommit=False)
    return {producer: decisions.pop() for producer, decisions in found.items() if len(decisions) == 1}


async def _write(admin: KafkaAdminClient, one: Unfinished) -> None:
    marker_type = WriteTxnMarkersRequest.WritableTxnMarker
    tp = KafkaTopicPartition(*one.place)
    leaders = await admin._async_get_leader_for_partitions([tp])
    marker = marker_type(
        producer_id=one.producer[0],
        producer_epoch=one.producer[1],
        transaction_result=one.commits,
        topics=[marker_type.WritableTxnMarkerTopic(name=tp.topic, partition_indexes=[tp.partition])],
        coordinator_epoch=one.coordinator_epoch,
    )
    answer = await admin._manager.send(WriteTxnMarkersRequest(markers=[marker]), node_id=next(iter(leaders)))
    for partition in (
        each for result in answer.markers for topic in result.topics for each in topic.partitions
    ):
        error = for_code(partition.error_code)
        if error.errno:
            raise error(f"the marker of producer {one.producer[0]} on {tp.topic} {tp.partition}")
