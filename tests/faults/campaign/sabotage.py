"""Each takes one defence of the exactly-once loop away, in this process: a campaign that does not notice is
blind.

Reachable from :mod:`tests.faults.campaign.launch` only. The hazards' names are those of the streaming
reference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from kafka import KafkaProducer, OffsetAndMetadata
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError
from kafka.structs import ConsumerGroupMetadata

from services.chassis.failpoints import failpoint
from services.chassis.log import identity
from services.chassis.log.kafka import config, stage
from services.chassis.log.kafka.stage import KafkaStageConsumer
from services.chassis.log.kafka.transactions import (
    CLOSE_S,
    Named,
    Transactions,
    _finish,
    _left,
    _Nullable,
    _send,
)
from services.chassis.log.types import Batch, Message, Offsets, TopicPartition


def transactions_off() -> None:
    """At least once: outputs are written and acknowledged, then the offsets are committed. What comes between
    them is written twice."""

    def open_producer(self: Transactions) -> None:
        settings = config.producer(self._settings, self._id)
        del settings["transactional_id"]
        self._producer = KafkaProducer(**{**settings, "value_serializer": _Nullable()})

    def write(
        self: Transactions, messages: Sequence[Message], *_: object
    ) -> list[tuple[TopicPartition, int]]:
        producer = self._producer
        assert producer is not None
        futures = []
        for message in messages:
            futures.append(_send(producer, message))
            failpoint("after_send")
        producer.flush(self._settings.delivery_timeout_s)
        written = [future.get(self._settings.delivery_timeout_s) for future in futures]
        failpoint("after_flush")
        return [(TopicPartition(one.topic, one.partition), one.offset) for one in written]

    def discard(self: Transactions) -> None:
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.close(CLOSE_S)

    def commit(self: KafkaStageConsumer, batch: Batch, offsets: Offsets, messages: Sequence[Message]) -> None:
        self.transactions.run(messages)
        self._consumer.commit(
            {KafkaTopicPartition(*tp): OffsetAndMetadata(at, "", -1) for tp, at in offsets.items()}
        )

    _put(Transactions, _open=open_producer, _transact=write, _discard=discard)
    _put(KafkaStageConsumer, commit=commit)


def membership_omitted() -> None:
    """H4: offsets are committed without naming the member, so the broker cannot refuse a zombie's."""
    committing = KafkaStageConsumer.commit

    def commit(self: KafkaStageConsumer, batch: Batch, offsets: Offsets, messages: Sequence[Message]) -> None:
        assert isinstance(batch.membership, ConsumerGroupMetadata)
        committing(
            self,
            replace(batch, membership=ConsumerGroupMetadata(batch.membership.group_id)),
            offsets,
            messages,
        )

    _put(KafkaStageConsumer, commit=commit)
    vars(stage)["_joined"] = lambda _: True


def futures_unchecked() -> None:
    """H2: nobody looks whether the records were acknowledged."""

    def transact(
        self: Transactions, messages: Sequence[Message], offsets: Named, membership: object, deadline: float
    ) -> list[tuple[TopicPartition, int]]:
        producer = self._producer
        assert producer is not None
        producer.begin_transaction()
        for message in messages:
            _send(producer, message)
        producer.flush(_left(deadline))
        manager = producer._transaction_manager
        _finish(producer, manager.send_offsets_to_transaction(offsets, membership), deadline)
        _finish(producer, manager.begin_commit(), deadline)
        return []

    _put(Transactions, _transact=transact)


def producer_kept() -> None:
    """H1: after a failed transaction the same producer goes on, and takes the failed offsets along."""
    discard = Transactions._discard

    def abort_only(self: Transactions) -> None:
        producer = self._producer
        if producer is None:
            return
        manager = producer._transaction_manager
        try:
            if self._closed or manager.has_fatal_error():
                discard(self)
            elif manager.has_abortable_error() or manager._test_has_ongoing_transaction():
                producer.abort_transaction()
        except KafkaError:
            discard(self)

    _put(
        Transactions,
        _discard=abort_only,
        rebuild=lambda self: self._open() if self._producer is None else None,
    )


def identity_unchecked() -> None:
    """A position is taken for one of whatever log is there."""

    def replaced(*_: object, **__: object) -> dict[TopicPartition, identity.Contradiction]:
        return {}

    vars(identity).update(contradicted=replaced, replaced=replaced)


def _put(owner: type, **methods: Callable[..., Any]) -> None:
    for name, method in methods.items():
        setattr(owner, name, method)


CONTROLS: Mapping[str, Callable[[], None]] = {
    "transactions-off": transactions_off,
    "membership-omitted": membership_omitted,
    "futures-unchecked": futures_unchecked,
    "producer-kept": producer_kept,
    "identity-unchecked": identity_unchecked,
}
"""By the name that ``--sabotage`` takes."""
VICTIMS: Mapping[str, str] = {"identity-unchecked": "aggregate"}
"""The service whose defence is taken away; extract where none is named."""
