"""Transactions that either happened, or are known to need a new producer.

One answer to every failure: discard the producer (hazards H1, H5). It is cheap, a few round trips, and the
same transactional id aborts what was left open at once.

Three of the client's calls wait without a limit (``send_offsets_to_transaction``, ``commit_transaction``,
``abort_transaction``). They are made here through the same two steps the client itself takes, so that the
wait can have a deadline; and a close whose flush times out leaves the sender thread of the client alive, so
it is told to end. These are the only uses of the client's internals; kafka-python is pinned below 3.1, and
the tests of this package run all of them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import structlog
from kafka import KafkaProducer, OffsetAndMetadata
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError, KafkaTimeoutError
from kafka.serializer import Serializer

from services.chassis.errors import OnrecordError
from services.chassis.failpoints import failpoint
from services.chassis.log.kafka import config
from services.chassis.log.kafka.failures import cause, commit_error, log_error
from services.chassis.log.kafka.limits import TopicLimits
from services.chassis.log.kafka.opening import Answered, open_client, unheard
from services.chassis.log.publishing import Failed, reporting
from services.chassis.log.topics import DLQ_SUFFIX
from services.chassis.log.types import Message, TopicPartition
from services.chassis.settings import KafkaSettings

ABORT_S = 1.0
"""How long an abort may take before the producer is closed anyway: the next producer's ``init_transactions``
aborts as well."""
CLOSE_S = 1.0
"""How long a discarded producer may take to end in order."""

Named = dict[KafkaTopicPartition, OffsetAndMetadata]
"""Offsets as the client commits them."""

logger = structlog.get_logger()


class _Nothing:
    """Stands for a null value: ``KafkaProducer.send`` refuses a record without key and value, but Kafka does
    not, and the dead letter of such a record must be able to hold it."""


NOTHING = _Nothing()


class _Nullable(Serializer):  # type: ignore[misc]
    def serialize(self, topic: str, headers: list[tuple[str, bytes]], data: object) -> object:
        return None if data is NOTHING else data


class Transactions:
    """A transactional producer that replaces itself after any failure.

    Not for use by several threads at once.
    """

    def __init__(
        self,
        settings: KafkaSettings,
        transactional_id: str,
        limits: TopicLimits,
        on_rebuild: config.Rebuilt = lambda _: None,
        on_failure: Failed = lambda _: None,
        answered: Answered = unheard,
    ) -> None:
        """Build the producer and initialise it: fences an older owner of the id and aborts what it left open.

        Raises:
            FencedError: not authorised.
            TransientError: the brokers cannot be reached.
        """
        self._settings = settings
        self._id = transactional_id
        self._limits = limits
        self._on_rebuild = on_rebuild
        self._on_failure = on_failure
        self._answered = answered
        self._producer: KafkaProducer | None = None
        self._failed_by: str | None = None
        self._closed = False
        self._open()

    @property
    def producer(self) -> KafkaProducer | None:
        """The producer in use, for its metrics."""
        return self._producer

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return self._closed

    def run(
        self, messages: Sequence[Message], offsets: Named | None = None, membership: object = None
    ) -> list[tuple[TopicPartition, int]]:
        """Publish the messages and the group's offsets in one transaction; returns where each message went.

        The caller computes all messages before: the transaction contains network time only, so
        ``transaction_timeout_s`` can be short, and a dead process holds up read-committed consumers only as
        long.

        Raises:
            CommitFailed: nothing is visible, or the outcome is unknown. :meth:`rebuild` before the next
                transaction.
            LimitExceeded: a message is larger than its topic allows; nothing is visible.
            TopicMissing: a message's topic does not exist; nothing is visible.
            FencedError: another owner exists, or this one is not authorised.
        """
        with reporting(self._on_failure, messages):
            return self._run(messages, offsets or {}, membership)

    def _run(
        self, messages: Sequence[Message], offsets: Named, membership: object
    ) -> list[tuple[TopicPartition, int]]:
        self._limits.check(messages)
        if self._producer is None:
            self.rebuild()
        # the broker aborts an older transaction, so waiting longer cannot help
        deadline = time.monotonic() + self._settings.transaction_timeout_s
        try:
            written = self._transact(messages, offsets, membership, deadline)
        except (KafkaError, ValueError) as error:
            reason = self._reason(error)
            self._failed_by = cause(reason)
            failure = commit_error(reason, f"transaction of {self._id}")
            self._discard()
            raise failure from error
        failpoint("after_commit")
        return written

    def rebuild(self) -> None:
        """Replace the producer with a new one of the same id; returns once the old transaction's fate is
        settled.

        Raises:
            FencedError: not authorised.
            TransientError: the brokers cannot be reached; call again.
        """
        self._discard()
        self._open()
        self._on_rebuild(self._failed_by or "asked")
        self._failed_by = None

    def close(self) -> None:
        """Abort what is open and release the producer; safe to call twice."""
        self._closed = True
        self._discard()

    def _open(self) -> None:
        producer = None
        try:
            configuration = {**config.producer(self._settings, self._id), "value_serializer": _Nullable()}
            producer = open_client(KafkaProducer, configuration, self._answered)
            producer.init_transactions()
        except KafkaError as error:
            if producer is not None:
                _end(producer)
            raise log_error(error, f"producer {self._id}") from error
        self._producer = producer

    def _discard(self) -> None:
        """Abort, close, forget. Whatever fails here is made good by the next producer's
        ``init_transactions``."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        try:
            manager = producer._transaction_manager
            if manager._test_has_ongoing_transaction() and not manager.is_completing():
                _finish(producer, manager.begin_abort(), time.monotonic() + ABORT_S)
        except KafkaError as error:
            logger.debug("abort failed", transactional_id=self._id, error=str(error))
        _end(producer)

    def _transact(
        self, messages: Sequence[Message], offsets: Named, membership: object, deadline: float
    ) -> list[tuple[TopicPartition, int]]:
        producer = self._producer
        assert producer is not None
        producer.begin_transaction()
        futures = []
        for message in messages:
            futures.append(_send(producer, message))
            if message.topic.endswith(DLQ_SUFFIX):
                failpoint("dead_letter_write")
            failpoint("after_send")
        # H2, H3: every record must be acknowledged, and nothing in flight, before offsets and commit are sent
        producer.flush(_left(deadline))
        acknowledged = [future.get(_left(deadline)) for future in futures]
        failpoint("after_flush")
        if offsets:
            manager = producer._transaction_manager
            _finish(producer, manager.send_offsets_to_transaction(offsets, membership), deadline)
        failpoint("after_offsets")
        failpoint("before_commit")
        _finish(producer, producer._transaction_manager.begin_commit(), deadline)
        return [(TopicPartition(one.topic, one.partition), one.offset) for one in acknowledged]

    def _reason(self, error: BaseException) -> BaseException:
        """The error behind ``error``: after the first failure the client raises a plain KafkaError at every
        call."""
        producer = self._producer
        last = producer._transaction_manager.last_error if producer is not None else None
        if isinstance(error, OnrecordError) or last is None:
            return error
        return last if type(error) is KafkaError else error


def _send(producer: KafkaProducer, message: Message) -> Any:
    return producer.send(
        message.topic,
        value=NOTHING if message.value is None else message.value,
        key=message.key,
        headers=list(message.headers),
        partition=message.partition,
        timestamp_ms=message.timestamp_ms,
    )


def _finish(producer: KafkaProducer, result: Any, deadline: float) -> None:
    """Let the sender work on a request and wait for its result."""
    producer._sender.wakeup()
    if not result.wait(_left(deadline) * 1000):
        raise KafkaTimeoutError("the transaction coordinator did not answer in time: the outcome is unknown")


def _end(producer: KafkaProducer) -> None:
    """Close within a bounded time, whatever state the producer is in."""
    try:
        producer.close(CLOSE_S)
    except KafkaError:
        # the flush inside close() timed out, which leaves the sender running and trying to deliver: it must
        # not
        producer._sender.force_close()
        producer._unregister_cleanup()


def _left(deadline: float) -> float:
    """Seconds left, never negative."""
    return max(0.0, deadline - time.monotonic())
