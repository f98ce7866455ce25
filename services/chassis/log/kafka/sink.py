"""A group member whose offsets live elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from kafka.errors import KafkaError

from services.chassis.errors import FencedError
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.member import as_batch
from services.chassis.log.kafka.opening import Answered, unheard
from services.chassis.log.kafka.positioned import PositionedMember
from services.chassis.log.types import Assigned, Batch, Offsets, TopicPartition
from services.chassis.settings import KafkaSettings

REPORT_S = 1.0
"""How long a report may hold up the loop: it feeds dashboards only."""

logger = structlog.get_logger()


class KafkaSinkConsumer(PositionedMember):
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
        super().__init__(settings, group, slot, topics, on_rebalance, answered)
        self._assigned = assigned

    def starts(self, partitions: frozenset[TopicPartition]) -> Offsets:
        """What the caller's own records say."""
        return self._assigned(partitions)

    def poll(self, timeout_s: float, max_records: int | None = None) -> Batch:
        """See :meth:`services.chassis.log.types.Consumer.poll`."""
        return as_batch(self.fetch_positioned(timeout_s, max_records))

    def report(self, offsets: Offsets) -> None:
        """See :meth:`services.chassis.log.types.SinkConsumer.report`. Failures are logged: nothing depends on
        it.

        Raises:
            FencedError: somebody else owns this membership.
        """
        try:
            self._consumer.commit(self.named(offsets, {}), timeout_ms=config.milliseconds(REPORT_S))
        except KafkaError as error:
            translated = log_error(error, f"report of {self._name}")
            if isinstance(translated, FencedError):
                raise translated from error
            logger.debug("offsets not reported", consumer=self._name, error=str(error))
