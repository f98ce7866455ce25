"""The exactly-once loop of every stage.

One turn: poll a batch; turn each record into outputs or a dead letter; commit outputs, dead letters and offsets as one
transaction; only then count. The steps and the failure policy are those of the streaming reference (§5), with one change: all
outputs of a batch are computed *before* the transaction begins, so that a transaction lasts milliseconds, contains no
extraction time, and nothing can be in flight while a record is retried.

Failures, each with one answer:

=====================================  ==============================================================================
poison record                          dead letter in the same transaction; too many stop the stage (:class:`PoisonGuard`)
transient error of a record            retried in place with capped backoff, then a dead letter with its ``attempts``
commit failed or its outcome unknown   recover (new producer, seek back), read the batch again
same batch fails again and again       record by record; a record that keeps failing while empty transactions in between
                                       succeed is the culprit and is dead-lettered; otherwise it is an outage: wait
fenced or unauthorised                 raised: another owner exists
=====================================  ==============================================================================
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

import structlog

from services.chassis.errors import CommitFailed, LimitExceeded, OnrecordError, PoisonError, StageStopped, TransientError
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import Batch, Message, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.settings import StageSettings
from services.chassis.stage.dead_letters import dead_letter
from services.chassis.stage.policy import PoisonGuard, backoff
from services.chassis.stage.session import Session

Out = TypeVar("Out")
OutCo = TypeVar("OutCo", covariant=True)

KEEP_ALIVE_S = 1.0
"""How often a waiting loop renews its membership and looks whether it should stop."""

logger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Handled(Generic[OutCo]):
    """What became of one record: its outputs, and the label its article is counted under once they are committed."""

    outputs: Sequence[OutCo]
    outcome: str
    detail: object = None


class Handler(Protocol[OutCo]):
    """A record in, outputs out; free of side effects, because it may be called again for the same record.

    Raises:
        PoisonError: the record can never succeed.
        TransientError: it may succeed later.
    """

    def __call__(self, record: Record, /) -> Handled[OutCo]: ...


@dataclass(slots=True)
class _Work(Generic[Out]):
    """The results of the records of a batch handled so far."""

    handled: list[Handled[Out]] = field(default_factory=list)
    dead: list[tuple[Message, Exception]] = field(default_factory=list)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)


class StageLoop(Generic[Out]):
    """Runs one handler over one session until asked to stop."""

    def __init__(
        self,
        *,
        name: str,
        group: str,
        session: Session[Out],
        handler: Handler[Out],
        settings: StageSettings,
        metrics: Metrics,
        stop: threading.Event,
        article_topic: str,
        after_commit: Callable[[Sequence[Handled[Out]]], None] = lambda _: None,
        draw: random.Random | None = None,
    ) -> None:
        """Records of ``article_topic`` stand for one article each: a dead letter of it counts as that article's outcome.

        ``after_commit`` sees what was handled, exactly once per committed batch; ``draw`` makes the backoff's jitter.
        """
        self._name = name
        self._group = group
        self._session = session
        self._handler = handler
        self._settings = settings
        self._metrics = metrics
        self._stop = stop
        self._after_commit = after_commit
        self._draw = draw or random.Random()  # noqa: S311 - jitter, not a secret
        self._guard = PoisonGuard(settings)
        self._article_topic = article_topic
        self._failures = 0
        self._suspects: dict[TopicPartition, int] = {}
        self._blamed = 0
        self._waits = self._fresh_waits()
        self._known: frozenset[TopicPartition] = frozenset()
        self.turned_at = time.monotonic()

    def run(self) -> None:
        """Turn until the stop event is set. The session stays open; closing it is the caller's."""
        while not self._stop.is_set():
            self.turn()

    def turn(self) -> int:
        """One poll and, if it returned records, one commit. Returns the number of records committed."""
        self._turned()
        try:
            batch = self._session.poll(self._settings.poll_timeout_s, 1 if self._suspects else self._settings.max_records)
        except TransientError as error:
            logger.warning("log unreachable", service=self._name, error=str(error))
            self._wait(next(self._waits))
            return 0
        self._observe(batch)
        if not batch.records:
            return 0
        self._metrics.gauge("in_flight", service=self._name).set(len(batch.records))
        try:
            return self._process(batch)
        finally:
            self._metrics.gauge("in_flight", service=self._name).set(0)

    def _process(self, batch: Batch) -> int:
        work = self._handle_all(batch)
        done = len(work.handled) + len(work.dead)
        if not done:
            return 0
        try:
            try:
                self._commit(batch, work)
            except LimitExceeded as error:
                # some record's outputs are too large for their topic: committing record by record finds it
                if len(batch.records) > 1:
                    self._suspect(batch)
                    self._recover(batch)
                    return 0
                work = self._condemned(batch.records[0], error)
                self._commit(batch, work)
        except CommitFailed as error:
            self._failed(batch, error)
            return 0
        self._committed(work)
        return done

    # -- records -------------------------------------------------------------------------------------------------------

    def _handle_all(self, batch: Batch) -> _Work[Out]:
        """Handle records in order until all are done or a stop is asked for; what is done so far will be committed."""
        work: _Work[Out] = _Work()
        for record in batch.records:
            if self._stop.is_set():
                break
            self._turned()
            with structlog.contextvars.bound_contextvars(topic=record.topic, partition=record.partition, offset=record.offset):
                try:
                    work.handled.append(self._handle(record))
                    self._guard.seen(record.tp, poison=False)
                except StageStopped:
                    break
                except _Dead as dead:
                    work.dead.append((dead.letter, dead.error))
                    logger.warning("dead letter", service=self._name, error=str(dead.error), attempts=dead.attempts)
                    self._guard.seen(record.tp, poison=True)
            work.offsets[record.tp] = record.offset + 1
        return work

    def _handle(self, record: Record) -> Handled[Out]:
        waits = self._fresh_waits()
        for attempt in range(1, self._settings.attempts + 1):
            try:
                return self._handler(record)
            except PoisonError as error:
                raise self._dead(record, error, attempt) from error
            except TransientError as error:
                if attempt == self._settings.attempts:
                    raise self._dead(record, error, attempt) from error
                self._metrics.counter("retries", service=self._name).inc()
                logger.warning("retry", service=self._name, error=str(error), attempt=attempt)
                self._wait(next(waits))
                if self._stop.is_set():
                    raise StageStopped from error
            except OnrecordError:
                raise
            except Exception as error:
                # a bug met by this record's content: it would fail again, so it must not hold up the records behind it
                logger.exception("unexpected error", service=self._name)
                raise self._dead(record, error, attempt) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _dead(self, record: Record, error: Exception, attempts: int) -> _Dead:
        return _Dead(dead_letter(record, error, group=self._group, attempts=attempts), error, attempts)

    def _condemned(self, record: Record, error: Exception) -> _Work[Out]:
        """The work of a record whose outputs cannot be committed: its dead letter."""
        work: _Work[Out] = _Work()
        work.dead.append((dead_letter(record, error, group=self._group, attempts=self._settings.batch_attempts), error))
        work.offsets[record.tp] = record.offset + 1
        self._guard.seen(record.tp, poison=True)
        return work

    # -- transactions --------------------------------------------------------------------------------------------------

    def _commit(self, batch: Batch, work: _Work[Out]) -> None:
        outputs = [output for handled in work.handled for output in handled.outputs]
        try:
            with self._metrics.timed("transaction_duration", service=self._name):
                self._session.commit(batch, work.offsets, outputs, [letter for letter, _ in work.dead])
        except (CommitFailed, LimitExceeded):
            self._metrics.counter("transactions", service=self._name, outcome="failed").inc()
            raise
        self._metrics.counter("transactions", service=self._name, outcome="committed").inc()

    def _failed(self, batch: Batch, error: CommitFailed) -> None:
        """Recover; after enough failures replay record by record, and at last find out whether the record is to blame."""
        self._failures += 1
        logger.warning("commit failed", service=self._name, cause=error.cause, error=str(error), failures=self._failures)
        self._guard.forget()
        self._wait(next(self._waits))
        self._recover(batch)
        if self._stop.is_set():
            return
        if len(batch.records) > 1:
            if self._failures >= self._settings.batch_attempts:
                self._suspect(batch)
        else:
            self._blame_or_wait(batch.records[0], error)

    def _suspect(self, batch: Batch) -> None:
        """From here on read one record at a time, until the batch that failed lies behind."""
        self._suspects.update(batch.next_offsets)
        self._failures = 0
        self._blamed = 0

    def _blame_or_wait(self, record: Record, error: CommitFailed) -> None:
        """A single record's commit failed: dead-letter the record only if it is to blame.

        It is, when the log commits an empty transaction right after refusing this one, ``batch_attempts`` times in a row. Anything
        less is an outage, and an outage must not cost an article.
        """
        batch = self._poll_again(record)
        if batch is None:
            return
        try:
            self._commit(batch, _Work(offsets={record.tp: record.offset}))
            self._blamed += 1
            if self._blamed < self._settings.batch_attempts:
                self._recover(batch)
                return
            work = self._condemned(record, error)
            self._commit(batch, work)
        except CommitFailed as failed:
            logger.warning("log cannot commit at all", service=self._name, cause=failed.cause)
            self._blamed = 0
            self._recover(batch)
            return
        self._committed(work)

    def _poll_again(self, record: Record) -> Batch | None:
        """Read the single record again, to commit under a fresh membership; None when another one comes first."""
        try:
            batch = self._session.poll(self._settings.poll_timeout_s, 1)
        except TransientError:
            return None
        if len(batch.records) == 1 and (batch.records[0].tp, batch.records[0].offset) == (record.tp, record.offset):
            return batch
        if batch.records:
            self._recover(batch)
        return None

    def _recover(self, batch: Batch) -> None:
        """Recover until it works or a stop is asked for."""
        while not self._stop.is_set():
            try:
                self._session.recover(batch)
                return
            except TransientError as error:
                logger.warning("recovery failed", service=self._name, error=str(error))
                self._wait(next(self._waits))

    # -- bookkeeping ---------------------------------------------------------------------------------------------------

    def _fresh_waits(self) -> Iterator[float]:
        return backoff(self._settings.backoff_min_s, self._settings.backoff_max_s, self._draw)

    def _wait(self, seconds: float) -> None:
        """Wait, keeping the membership and the liveness signal alive; ends early when a stop is asked for."""
        started = time.monotonic()
        remaining = seconds
        while remaining > 0 and not self._stop.wait(min(remaining, KEEP_ALIVE_S)):
            self._turned()
            try:
                self._session.keep_alive()
            except TransientError as error:
                logger.debug("keep-alive failed", service=self._name, error=str(error))
            remaining = seconds - (time.monotonic() - started)
        self._metrics.counter("backpressure", service=self._name).inc(time.monotonic() - started)

    def _turned(self) -> None:
        self.turned_at = time.monotonic()
        self._metrics.gauge("loop_turn_timestamp", service=self._name).set_to_current_time()

    def _observe(self, batch: Batch) -> None:
        for record in batch.records:
            self._metrics.counter("records_consumed", service=self._name, topic=record.topic).inc()
        age = time.time() - batch.records[-1].timestamp_ms / 1000 if batch.records else 0.0
        self._metrics.gauge("consumer_lag", service=self._name).set(max(0.0, age))
        lag = self._session.lag()
        for gone in self._known - lag.keys():
            self._metrics.remove_lag(self._name, gone.topic, gone.partition)
        for tp, records in lag.items():
            self._metrics.gauge("consumer_lag_records", service=self._name, topic=tp.topic, partition=str(tp.partition)).set(records)
        self._known = frozenset(lag)

    def _committed(self, work: _Work[Out]) -> None:
        self._failures = 0
        self._blamed = 0
        self._waits = self._fresh_waits()
        owned = self._session.assignment()
        self._suspects = {tp: until for tp, until in self._suspects.items() if tp in owned and work.offsets.get(tp, 0) < until}
        self._metrics.gauge("last_progress_timestamp", service=self._name).set_to_current_time()
        for handled in work.handled:
            for output in handled.outputs:
                if isinstance(output, Message):
                    self._metrics.counter("events_published", service=self._name, topic=output.topic).inc()
            if handled.outcome:
                self._metrics.counter("articles_processed", service=self._name, outcome=handled.outcome).inc()
        for letter, error in work.dead:
            stage, reason = (error.stage, error.reason) if isinstance(error, PoisonError) else ("process", "unexpected")
            self._metrics.counter("dead_letters", service=self._name, stage=stage, reason=reason).inc()
            if letter.topic == dlq_of(self._article_topic):
                self._metrics.counter("articles_processed", service=self._name, outcome="dead_lettered").inc()
        self._after_commit(work.handled)


class _Dead(Exception):
    """A record's way into the dead letters."""

    def __init__(self, letter: Message, error: Exception, attempts: int) -> None:
        super().__init__(str(error))
        self.letter = letter
        self.error = error
        self.attempts = attempts
