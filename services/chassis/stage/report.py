"""What a stage's loop tells its metrics, its log and its traces."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import structlog

from services.chassis.errors import OnrecordError, PoisonError, TransientError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Batch, Message, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.stage.record_context import Dead, RecordContext
from services.chassis.stage.session import Out, Session
from services.chassis.tracing import FinishedSpan, Spans

logger = structlog.get_logger()

LABEL_BYTES = 256
"""Of an id that a stranger chose, in a log line."""
CLOCK_TOLERANCE_S = 5.0
"""Clocks kept by NTP differ by milliseconds; a record dated further ahead than this comes from a clock that
is wrong."""


class StageReport:
    """One stage's view of the metrics table. Outcomes are counted, logged and exported after the commit, once
    per record."""

    def __init__(
        self, metrics: Metrics, service: str, group: str, article_topic: str, spans: Spans | None
    ) -> None:
        """A dead letter of ``article_topic`` counts as its article's outcome."""
        self._metrics = metrics
        self._service = service
        self._group = group
        self._spans = spans
        self._article_dlq = dlq_of(article_topic)
        self._known: frozenset[TopicPartition] = frozenset()

    def turned(self) -> None:
        """The loop turned, idle or not."""
        self._metrics.gauge("loop_turn_timestamp", service=self._service).set_to_current_time()

    def read(self, batch: Batch, session: Session[Out]) -> None:
        """A poll returned."""
        ahead_ms = (time.time() + CLOCK_TOLERANCE_S) * 1000
        for record in batch.records:
            self._metrics.counter("records_consumed", service=self._service, topic=record.topic).inc()
            if record.timestamp_ms > ahead_ms:
                self._metrics.counter("clock_skew", service=self._service).inc()
        age = time.time() - batch.records[-1].timestamp_ms / 1000 if batch.records else 0.0
        self._metrics.gauge("consumer_lag", service=self._service).set(max(0.0, age))
        self._metrics.gauge("in_flight", service=self._service).set(len(batch.records))
        try:
            lag = session.lag()
        except TransientError:
            # a partition without a leader has no end to measure against; the other partitions must go on
            return
        for tp, records in lag.items():
            gauge = self._metrics.gauge(
                "consumer_lag_records", service=self._service, topic=tp.topic, partition=str(tp.partition)
            )
            gauge.set(records)
        self._knows(frozenset(lag))

    def left(self) -> None:
        """The stage reads no partition any more."""
        self._knows(frozenset())

    def _knows(self, partitions: frozenset[TopicPartition]) -> None:
        for gone in self._known - partitions:
            self._metrics.remove_lag(self._service, gone.topic, gone.partition)
        self._known = partitions

    def settled(self) -> None:
        """The batch is committed, or will be read again."""
        self._metrics.gauge("in_flight", service=self._service).set(0)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Times a transaction and counts its outcome."""
        outcome = "failed"
        try:
            with self._metrics.timed("transaction_duration", service=self._service):
                yield
            outcome = "committed"
        finally:
            self._metrics.counter("transactions", service=self._service, outcome=outcome).inc()

    def retried(self) -> None:
        """A record is tried again."""
        self._metrics.counter("retries", service=self._service).inc()

    def waited(self, seconds: float) -> None:
        """The source was held back."""
        self._metrics.counter("backpressure", service=self._service).inc(seconds)

    def processed(
        self,
        context: RecordContext,
        outputs: Sequence[object],
        outcome: str,
        facts: Mapping[str, object],
        *,
        export: bool,
    ) -> None:
        """A record's outputs are committed; ``outcome`` is empty when the record stands for no article.
        ``export`` its span."""
        self._metrics.gauge("last_progress_timestamp", service=self._service).set_to_current_time()
        for output in outputs:
            if isinstance(output, Message):
                self._metrics.counter("events_published", service=self._service, topic=output.topic).inc()
        if outcome:
            self._metrics.counter("articles_processed", service=self._service, outcome=outcome).inc()
            logger.info(
                "article processed",
                service=self._service, **facts, outcome=outcome, duration_s=round(context.seconds, 6), **context.place,
            )  # fmt: skip
        if export:
            self._export(context)

    def dead_lettered(self, context: RecordContext, letter: Message, dead: Dead) -> None:
        """A dead letter is committed."""
        self._metrics.gauge("last_progress_timestamp", service=self._service).set_to_current_time()
        error = dead.error
        stage, reason = (
            (error.stage, error.reason) if isinstance(error, PoisonError) else ("process", "unexpected")
        )
        self._metrics.counter("dead_letters", service=self._service, stage=stage, reason=reason).inc()
        named: dict[str, object] = {}
        if letter.topic == self._article_dlq:
            self._metrics.counter("articles_processed", service=self._service, outcome="dead_lettered").inc()
            named = {"article_id": _article_id(context), "outcome": "dead_lettered"}
        logger.warning(
            "dead letter",
            service=self._service, **named, stage=stage, reason=reason, attempts=dead.attempts, duration_s=round(context.seconds, 6),
            # the message of an error that nobody foresaw may quote the article; the dead letter itself holds
            # it
            error=str(error) if isinstance(error, OnrecordError) else type(error).__name__, **context.place,
        )  # fmt: skip
        self._export(context, error=reason)

    def _export(self, context: RecordContext, error: str | None = None) -> None:
        if self._spans is None:
            return
        record = context.record
        attributes: dict[str, str | int | bool] = {
            "messaging.operation.name": "process",
            "messaging.operation.type": "process",
            "messaging.destination.name": record.topic,
            "messaging.destination.partition.id": str(record.partition),
            "messaging.consumer.group.name": self._group,
            "messaging.kafka.offset": record.offset,
        }
        if record.key is not None:
            attributes["messaging.kafka.message.key"] = record.key.decode("utf-8", "replace")
        if record.value is None:
            attributes["messaging.kafka.message.tombstone"] = True
        self._spans(
            FinishedSpan(
                f"process {record.topic}",
                "consumer",
                context.span,
                context.started_ns,
                context.ended_ns,
                attributes,
                error,
            )
        )


def _article_id(context: RecordContext) -> str:
    """The article a record of the article topic is about, as far as its headers or key say."""
    named = context.record.header("ce_subject") or context.record.key or b""
    return named[:LABEL_BYTES].decode("utf-8", "replace")
