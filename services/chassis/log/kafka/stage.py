"""A group member whose outputs and offsets change together: the exactly-once loop's side of Kafka."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

import structlog
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError
from kafka.structs import ConsumerGroupMetadata

from services.chassis.errors import CommitFailed, TransientError
from services.chassis.log.identity import Contradictions, marks
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import log_error
from services.chassis.log.kafka.member import as_batch
from services.chassis.log.kafka.opening import Answered, unheard
from services.chassis.log.kafka.positioned import PositionedMember, position_of
from services.chassis.log.kafka.transactions import Transactions
from services.chassis.log.types import Batch, Message, Offsets, Position, TopicPartition
from services.chassis.settings import KafkaSettings

Judge = Callable[[Mapping[TopicPartition, Position]], Contradictions]
"""Asked which of a group's committed positions the log contradicts."""

logger = structlog.get_logger()


class KafkaStageConsumer(PositionedMember):
    """:class:`services.chassis.log.types.StageConsumer` on Kafka."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        topics: Sequence[str],
        slot: str,
        transactions: Transactions,
        on_rebalance: config.Rebalanced,
        judge: Judge,
        answered: Answered = unheard,
    ) -> None:
        """``transactions`` is initialised already: an older owner of the slot is fenced before this one joins
        the group."""
        super().__init__(settings, group, slot, topics, on_rebalance, answered)
        self.transactions = transactions
        self._judge = judge

    def starts(self, partitions: frozenset[TopicPartition]) -> Offsets:
        """What the group has committed, but for what the log contradicts: a group's offsets can outlive a
        topic made anew.

        Raises:
            TransientError: the brokers cannot be reached just now.
        """
        wanted = [KafkaTopicPartition(*tp) for tp in sorted(partitions)]
        try:
            # read_committed makes the broker wait for pending transactions of the group before it answers
            committed = self._consumer._coordinator.fetch_committed_offsets(
                wanted, timeout_ms=config.milliseconds(self._settings.transaction_timeout_s)
            )
        except KafkaError as error:
            raise log_error(error, f"committed offsets of {self._name}") from error
        positions = {
            TopicPartition(*tp): position_of(one) for tp, one in committed.items() if one.offset >= 0
        }
        lost = self._judge(positions)
        return {tp: position.offset for tp, position in positions.items() if tp not in lost}

    def poll(self, timeout_s: float, max_records: int | None = None) -> Batch:
        """See :meth:`services.chassis.log.types.Consumer.poll`."""
        found = self.fetch_positioned(timeout_s, max_records)
        # H4: heartbeats run on another thread and may end the membership at any time, and the broker does not
        # check a commit without one; so the membership is what it is now, and a batch read without one is not
        # used
        membership = self._consumer.group_metadata()
        if found and not _joined(membership):
            logger.info(
                "batch read without membership is dropped and will be read again", consumer=self._name
            )
            self.rewind(found)
            return Batch(())
        return as_batch(found, membership)

    def commit(self, batch: Batch, offsets: Offsets, messages: Sequence[Message]) -> None:
        """See :meth:`services.chassis.log.types.StageConsumer.commit`."""
        if not isinstance(batch.membership, ConsumerGroupMetadata) or not _joined(batch.membership):
            raise CommitFailed(
                f"{self._name}: the batch carries no membership, so its offsets cannot be fenced",
                cause="membership",
            )
        try:
            self.transactions.run(messages, self.named(offsets, marks(batch, offsets)), batch.membership)
        except CommitFailed:
            raise
        # while the producer was replaced or limits were looked up: nothing was sent
        except TransientError as error:
            raise CommitFailed(str(error), cause="unavailable") from error

    def recover(self, batch: Batch) -> Offsets:
        """See :meth:`services.chassis.log.types.StageConsumer.recover`.

        The new producer's ``init_transactions`` settles what became of the old transaction. If it was
        committed after all (the answer got lost), or the partition was read by another member in between, the
        group's offsets say so, and reading goes on where they stand: replaying what they cover would
        duplicate it.

        Raises:
            FencedError: not authorised.
            TransientError: the brokers cannot be reached; call again.
        """
        self.transactions.rebuild()
        assigned = self.assignment()
        resumed = {
            tp: self._resume_at(tp, first) for tp, first in batch.first_offsets.items() if tp in assigned
        }
        self.seek(resumed)
        return resumed

    def close(self) -> None:
        """Abort what is open and leave; safe to call twice."""
        self.transactions.close()
        super().close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _resume_at(self, tp: TopicPartition, first: int) -> int:
        try:
            # read_committed makes the broker wait for pending transactions of the group before it answers
            committed = self._consumer.committed(
                KafkaTopicPartition(*tp), timeout_ms=config.milliseconds(self._settings.transaction_timeout_s)
            )
        except KafkaError as error:
            raise log_error(error, f"committed offset of {self._name}") from error
        return max(first, committed) if committed is not None else first


def _joined(membership: ConsumerGroupMetadata) -> bool:
    return bool(membership.generation_id >= 0 and membership.member_id)
