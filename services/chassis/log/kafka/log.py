"""The event log's port on Kafka."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import TracebackType
from typing import Literal, Self, TypeVar

from kafka import KafkaConsumer, KafkaProducer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError

from services.chassis.errors import TopicMissing, TransientError
from services.chassis.log import identity
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.limits import TopicLimits
from services.chassis.log.kafka.member import Member, record
from services.chassis.log.kafka.opening import open_client
from services.chassis.log.kafka.positioned import position_of
from services.chassis.log.kafka.producer import KafkaProducerPort
from services.chassis.log.kafka.sink import KafkaSinkConsumer
from services.chassis.log.kafka.stage import KafkaStageConsumer
from services.chassis.log.kafka.topics import TopicAdmin
from services.chassis.log.kafka.transactions import Transactions
from services.chassis.log.publishing import Failed
from services.chassis.log.types import (
    Assigned,
    Offsets,
    Position,
    Record,
    TopicPartition,
    TopicSpec,
    TopicState,
)
from services.chassis.reach import Reach
from services.chassis.settings import KafkaSettings

Opened = TypeVar("Opened", Member, Transactions)
Forgotten = Callable[[int], None]


class KafkaLog:
    """:class:`services.chassis.log.types.EventLog` on a Kafka cluster (any 2.5+; tested on 4.3).

    Connects when first used. ``on_rebalance``, ``on_rebuild`` and ``on_failure`` may be called from the
    client's I/O thread; ``on_replaced`` is told how many partitions a stage reads again from their beginning
    because the log was replaced.
    """

    engine: Literal["sqlite", "kafka"] = "kafka"

    def __init__(
        self,
        settings: KafkaSettings,
        replication_factor: int = 1,
        *,
        on_rebalance: config.Rebalanced = lambda _kind, _count: None,
        on_rebuild: config.Rebuilt = lambda _cause: None,
        on_failure: Failed = lambda _error: None,
        on_replaced: Forgotten = lambda _count: None,
    ) -> None:
        self._settings = settings
        self._replication_factor = replication_factor
        self._on_rebalance = on_rebalance
        self._on_rebuild = on_rebuild
        self._on_failure = on_failure
        self._on_replaced = on_replaced
        self.reach = Reach("log")
        self._admin = TopicAdmin(settings, self.reach.answered)
        self._limits = TopicLimits(self._admin.limits)
        # held until they are closed: a client that nobody refers to any more goes on with its thread and its
        # connections
        self._members: set[Member] = set()
        self._transactions: set[Transactions] = set()

    def clients(self) -> list[KafkaConsumer | KafkaProducer]:
        """The clients in use, for their metrics."""
        producers = [one.producer for one in tuple(self._transactions)]
        consumers = [one.consumer for one in tuple(self._members) if not one.closed]
        return consumers + [producer for producer in producers if producer is not None]

    def create_topics(self, specs: Sequence[TopicSpec]) -> list[str]:
        """See :meth:`services.chassis.log.types.EventLog.create_topics`."""
        return self._admin.create(specs, self._replication_factor)

    def topics(self) -> dict[str, TopicState]:
        """See :meth:`services.chassis.log.types.EventLog.topics`: all of the cluster but its internal
        ones."""
        return self._admin.describe()

    def producer(self, client_id: str) -> KafkaProducerPort:
        """See :meth:`services.chassis.log.types.EventLog.producer`; ``client_id`` is the transactional id."""
        return KafkaProducerPort(self._transact(client_id))

    def stage_consumer(self, group: str, topics: Sequence[str], slot: str) -> KafkaStageConsumer:
        """See :meth:`services.chassis.log.types.EventLog.stage_consumer`; the transactional id is
        ``<group>-<slot>``."""
        self._admin.require(topics)
        # before joining: fences an older owner of the slot and aborts what it left open
        transactions = self._transact(f"{group}-{slot}")
        try:
            consumer = KafkaStageConsumer(
                self._settings,
                group,
                topics,
                slot,
                transactions,
                self._on_rebalance,
                partial(self._judge, group),
                self.reach.answered,
            )
        except BaseException:
            transactions.close()
            raise
        _hold(self._members, consumer)
        return consumer

    def sink_consumer(
        self, group: str, topics: Sequence[str], slot: str, assigned: Assigned
    ) -> KafkaSinkConsumer:
        """See :meth:`services.chassis.log.types.EventLog.sink_consumer`."""
        self._admin.require(topics)
        consumer = KafkaSinkConsumer(
            self._settings, group, topics, slot, assigned, self._on_rebalance, self.reach.answered
        )
        _hold(self._members, consumer)
        return consumer

    def read(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """See :meth:`services.chassis.log.types.EventLog.read`. Ends even where the last offsets hold only
        transaction markers or aborted records, which are never seen. The end as of now is that of what is
        committed; up to a ``stop`` behind it, it waits for the transactions that are open, a killed
        producer's included.

        Raises:
            TopicMissing: the topic or the partition does not exist.
            TransientError: the brokers cannot be reached, or no progress was made for a while.
        """
        if partition >= self._admin.require([topic])[topic]:
            raise TopicMissing(f"topic {topic} has no partition {partition}")
        tp = KafkaTopicPartition(topic, partition)
        doing = f"reading {topic} {partition}"
        consumer = None
        try:
            consumer = open_client(
                KafkaConsumer, config.reader(self._settings, f"onrecord-read-{topic}-{partition}")
            )
            consumer.assign([tp])
            if stop is None:
                stop = consumer.end_offsets(
                    [tp], timeout_ms=config.milliseconds(self._settings.transaction_timeout_s)
                )[tp]
            else:
                stop = min(stop, self._admin.end(tp))
            consumer.seek(tp, start)
            yield from self._until(consumer, tp, stop, doing)
        except KafkaError as error:
            raise log_error(error, doing) from error
        finally:
            if consumer is not None:
                consumer.close(autocommit=False)

    def holds_records(self, positions: Offsets) -> bool:
        """See :meth:`services.chassis.log.types.EventLog.holds_records`.

        Raises:
            TransientError: the brokers cannot be reached, or no progress was made for a while.
        """
        return bool(self._look(positions, enough=1))

    def first_records(self, positions: Offsets) -> dict[TopicPartition, Record]:
        """See :meth:`services.chassis.log.types.EventLog.first_records`; raises as :meth:`holds_records`."""
        return self._look(positions, enough=len(positions))

    def _look(self, positions: Offsets, enough: int) -> dict[TopicPartition, Record]:
        """The first record at or behind each position, until ``enough`` are found or there are no more."""
        starts = {KafkaTopicPartition(*tp): offset for tp, offset in positions.items()}
        patience = config.milliseconds(self._settings.transaction_timeout_s)
        found: dict[TopicPartition, Record] = {}
        consumer = None
        try:
            consumer = open_client(KafkaConsumer, config.reader(self._settings, "onrecord-look"))
            consumer.assign(list(starts))
            ends = consumer.end_offsets(list(starts), timeout_ms=patience) if starts else {}
            for tp, start in starts.items():
                consumer.seek(tp, start)
            open_ones = set(starts)
            deadline = time.monotonic() + self._settings.transaction_timeout_s
            while len(found) < enough:
                done = {
                    tp for tp in open_ones if (consumer.position(tp, timeout_ms=patience) or 0) >= ends[tp]
                }
                for tp, records in consumer.poll(
                    timeout_ms=config.FETCH_WAIT_MS if open_ones - done else 0, max_records=1
                ).items():
                    found[TopicPartition(*tp)] = record(records[0])
                    done.add(tp)
                if done:
                    consumer.pause(*done)
                    open_ones -= done
                    deadline = time.monotonic() + self._settings.transaction_timeout_s
                if not open_ones:
                    break
                if time.monotonic() > deadline:
                    raise TransientError(
                        "looking for records: the ends were not reached in"
                        f" {self._settings.transaction_timeout_s:g} s"
                    )
        except KafkaError as error:
            raise log_error(error, "looking for records") from error
        finally:
            if consumer is not None:
                consumer.close(autocommit=False)
        return found

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """See :meth:`services.chassis.log.types.EventLog.committed`. Waits for transactions that are just
        being completed: a commit returns a few milliseconds before its offsets can be seen.
        """
        topics = self._admin.identified()
        partitions = [
            KafkaTopicPartition(topic, number)
            for topic, (count, _) in topics.items()
            for number in range(count)
        ]
        doing = f"offsets of group {group}"
        consumer = None
        try:
            # the admin client shows offsets without waiting; a read_committed consumer asks for stable ones.
            # It never joins.
            consumer = open_client(
                KafkaConsumer,
                {**config.reader(self._settings, f"onrecord-offsets-{group}"), "group_id": group},
            )
            found = consumer._coordinator.fetch_committed_offsets(
                partitions, timeout_ms=config.milliseconds(self._settings.transaction_timeout_s)
            )
        except KafkaError as error:
            raise log_error(error, doing) from error
        finally:
            if consumer is not None:
                consumer.close(autocommit=False)
        positions = {
            TopicPartition(*tp): position_of(value) for tp, value in found.items() if value.offset >= 0
        }
        return {
            tp: one.offset
            for tp, one in positions.items()
            if one.origin.topic_id in ("", topics[tp.topic][1])
        }

    def close(self) -> None:
        """Release everything that was opened here; safe to call twice."""
        for member in tuple(self._members):
            member.close()
        for transactions in tuple(self._transactions):
            transactions.close()
        self._admin.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _until(
        self, consumer: KafkaConsumer, tp: KafkaTopicPartition, stop: int, doing: str
    ) -> Iterator[Record]:
        # a transaction left open holds readers up until the broker aborts it, which it looks for every ten
        # seconds; two deliveries' time more without a step forward means that something is broken, not slow
        patience = self._settings.transaction_timeout_s + 10.0 + 2 * self._settings.delivery_timeout_s
        progress = time.monotonic()
        at = consumer.position(tp)
        while at is None or at < stop:
            for one in consumer.poll(timeout_ms=config.FETCH_WAIT_MS).get(tp, ()):
                if one.offset >= stop:
                    return
                yield record(one)
            reached = consumer.position(tp)
            if reached != at:
                at, progress = reached, time.monotonic()
            elif time.monotonic() - progress > patience:
                raise TransientError(f"{doing}: no progress at offset {at} for {patience:g} s")

    def _judge(self, group: str, positions: Mapping[TopicPartition, Position]) -> identity.Contradictions:
        found = identity.replaced(self, self.topics(), positions) if positions else {}
        if found:
            identity.warn(group, found)
            self._on_replaced(len(found))
        return found

    def _transact(self, transactional_id: str) -> Transactions:
        transactions = Transactions(
            self._settings,
            transactional_id,
            self._limits,
            self._on_rebuild,
            self._on_failure,
            self.reach.answered,
        )
        _hold(self._transactions, transactions)
        return transactions


def _hold(opened: set[Opened], one: Opened) -> None:
    """Add what is to be closed with the log; let go of what is closed already."""
    for other in tuple(opened):
        if other.closed:
            opened.discard(other)
    opened.add(one)
