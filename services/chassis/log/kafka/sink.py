"""A group member whose offsets live elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import structlog
from kafka import KafkaConsumer, OffsetAndMetadata
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError

from services.chassis.errors import FencedError
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.member import Listener, Member, as_batch
from services.chassis.log.kafka.opening import Answered, unheard
from services.chassis.log.types import Assigned, Batch, Offsets, TopicPartition
from services.chassis.settings import KafkaSettings

REPORT_S = 1.0
"""How long a report may hold up the loop: it feeds dashboards only."""

logger = structlog.get_logger()


class _Holding(Listener):
    """Pauses new partitions, because where they start is asked for later, on the caller's thread."""

    def __init__(self, on_rebalance: config.Rebalanced, consumer: KafkaConsumer, waiting: set[KafkaTopicPartition]) -> None:
        super().__init__(on_rebalance)
        self._consumer = consumer
        self._waiting = waiting

    def on_partitions_assigned(self, assigned: Collection[KafkaTopicPartition]) -> None:
        """Hold all of them: with the eager protocol, every partition may have been elsewhere in between."""
        self._waiting.clear()
        self._waiting.update(assigned)
        self._consumer.pause(*assigned)
        super().on_partitions_assigned(assigned)

    def on_partitions_lost(self, lost: Collection[KafkaTopicPartition]) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
        super().on_partitions_lost(lost)


class KafkaSinkConsumer(Member):
    """:class:`services.chassis.log.types.SinkConsumer` on Kafka."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[str],
        slot: str,
        assigned: Assigned,
        on_rebalance: config.Rebalanced,
        answered: Answered = unheard,
    ) -> None:
        super().__init__(settings, group, slot, answered)
        self._assigned = assigned
        self._waiting: set[KafkaTopicPartition] = set()
        self.subscribe(topics, _Holding(on_rebalance, self._consumer, self._waiting))

    def poll(self, timeout_s: float, max_records: int | None = None) -> Batch:
        """See :meth:`services.chassis.log.types.Consumer.poll`. Newly assigned partitions deliver from the next poll on."""
        self._position()
        found = self.fetch(timeout_s, max_records)
        # read before their position was known: they will be read again from it
        return as_batch({tp: records for tp, records in found.items() if tp not in self._waiting})

    def report(self, offsets: Offsets) -> None:
        """See :meth:`services.chassis.log.types.SinkConsumer.report`. Failures are logged: nothing depends on it.

        Raises:
            FencedError: somebody else owns this membership.
        """
        named = {KafkaTopicPartition(*tp): OffsetAndMetadata(offset, "", -1) for tp, offset in offsets.items()}
        try:
            self._consumer.commit(named, timeout_ms=config.milliseconds(REPORT_S))
        except KafkaError as error:
            translated = log_error(error, f"report of {self._name}")
            if isinstance(translated, FencedError):
                raise translated from error
            logger.debug("offsets not reported", consumer=self._name, error=str(error))

    def _position(self) -> None:
        """Ask where the newly assigned partitions start, and go there."""
        if not self._waiting:
            return
        waiting = frozenset(self._waiting)
        positions = self._assigned(frozenset(TopicPartition(*tp) for tp in waiting))
        for tp in waiting & self._consumer.assignment():
            offset = positions.get(TopicPartition(*tp))
            if offset is None:
                self._consumer.seek_to_beginning(tp)
            else:
                self._consumer.seek(tp, offset)
        self._waiting -= waiting
        self._consumer.resume(*(waiting & self._consumer.assignment()))

    def _held(self) -> frozenset[KafkaTopicPartition]:
        return frozenset(self._waiting)
