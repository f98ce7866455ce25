"""What a stage's loop tells its metrics."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.chassis.errors import PoisonError, TransientError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Batch, Message, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.stage.session import Out, Session


class StageReport:
    """One stage's view of the metrics table. Outcomes are counted after the commit, once per record."""

    def __init__(self, metrics: Metrics, service: str, article_topic: str) -> None:
        """A dead letter of ``article_topic`` counts as its article's outcome."""
        self._metrics = metrics
        self._service = service
        self._article_dlq = dlq_of(article_topic)
        self._known: frozenset[TopicPartition] = frozenset()

    def turned(self) -> None:
        """The loop turned, idle or not."""
        self._metrics.gauge("loop_turn_timestamp", service=self._service).set_to_current_time()

    def read(self, batch: Batch, session: Session[Out]) -> None:
        """A poll returned."""
        for record in batch.records:
            self._metrics.counter("records_consumed", service=self._service, topic=record.topic).inc()
        age = time.time() - batch.records[-1].timestamp_ms / 1000 if batch.records else 0.0
        self._metrics.gauge("consumer_lag", service=self._service).set(max(0.0, age))
        self._metrics.gauge("in_flight", service=self._service).set(len(batch.records))
        try:
            lag = session.lag()
        except TransientError:
            # a partition without a leader has no end to measure against; the other partitions must go on
            return
        for gone in self._known - lag.keys():
            self._metrics.remove_lag(self._service, gone.topic, gone.partition)
        for tp, records in lag.items():
            gauge = self._metrics.gauge("consumer_lag_records", service=self._service, topic=tp.topic, partition=str(tp.partition))
            gauge.set(records)
        self._known = frozenset(lag)

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

    def published(self, outputs: Sequence[object], outcome: str) -> None:
        """A record's outputs are committed; ``outcome`` is empty when the record stands for no article."""
        self._metrics.gauge("last_progress_timestamp", service=self._service).set_to_current_time()
        for output in outputs:
            if isinstance(output, Message):
                self._metrics.counter("events_published", service=self._service, topic=output.topic).inc()
        if outcome:
            self._metrics.counter("articles_processed", service=self._service, outcome=outcome).inc()

    def dead_lettered(self, letter: Message, error: Exception) -> None:
        """A dead letter is committed."""
        self._metrics.gauge("last_progress_timestamp", service=self._service).set_to_current_time()
        stage, reason = (error.stage, error.reason) if isinstance(error, PoisonError) else ("process", "unexpected")
        self._metrics.counter("dead_letters", service=self._service, stage=stage, reason=reason).inc()
        if letter.topic == self._article_dlq:
            self._metrics.counter("articles_processed", service=self._service, outcome="dead_lettered").inc()
