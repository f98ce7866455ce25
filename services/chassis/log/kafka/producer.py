"""Appends outside any group."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from services.chassis.errors import CommitFailed, TransientError
from services.chassis.log.kafka.transactions import Transactions
from services.chassis.log.types import Message, TopicPartition


class KafkaProducerPort:
    """:class:`services.chassis.log.types.Producer` on Kafka: one transaction per append, so that a batch is
    atomic."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions

    def append(self, messages: Sequence[Message]) -> list[tuple[TopicPartition, int]]:
        """See :meth:`services.chassis.log.types.Producer.append`. A producer that failed is replaced at the
        next call."""
        if not messages:
            return []
        try:
            return self._transactions.run(messages)
        except CommitFailed:
            raise
        except TransientError as error:  # while the producer was replaced: nothing was sent
            raise CommitFailed(str(error), cause="unavailable") from error

    def close(self) -> None:
        """Release the producer; safe to call twice."""
        self._transactions.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
