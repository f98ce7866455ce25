"""The exactly-once loop of every stage.

One turn: poll a batch; turn each record into outputs or a dead letter; commit outputs, dead letters and
offsets as one transaction; only then count. The steps and the failure policy are those of the streaming
reference (§5), with one change: all outputs of a batch are computed *before* the transaction begins, so that
a transaction lasts milliseconds, contains no extraction time, and nothing can be in flight while a record is
retried.

Failures, each with one answer:

=====================================
============================================================================== poison record
dead letter in the same transaction; too many stop the stage (:class:`CircuitBreaker`) transient error of a
record            retried in place with capped backoff, then a dead letter with its ``attempts`` commit failed
or its outcome unknown   recover (new producer, seek back), read the batch again same batch fails again and
again       record by record; a record the log rejects again and again, while it commits an empty
                                       transaction in between, is dead-lettered; all else is an outage: wait
commit happened, its answer was lost   recovery finds the offsets moved on: counted as committed, not replayed
fenced or unauthorised                 raised: another owner exists =====================================
==============================================================================
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

import structlog

from services.chassis.errors import (
    CommitFailed,
    LimitExceeded,
    OnrecordError,
    PoisonError,
    StageStopped,
    TransientError,
)
from services.chassis.log.types import Batch, Message, Offsets, Record, TopicPartition
from services.chassis.metrics import Metrics
from services.chassis.reach import LATELY_S, since
from services.chassis.settings import StageSettings
from services.chassis.stage.dead_letters import dead_letter
from services.chassis.stage.handled import Handled, Handler
from services.chassis.stage.policy import CircuitBreaker, backoff
from services.chassis.stage.quarantine import QuarantineTracker
from services.chassis.stage.record_context import Dead, RecordContext, innermost
from services.chassis.stage.report import StageReport
from services.chassis.stage.session import Session
from services.chassis.tracing import Spans

Out = TypeVar("Out")

KEEP_ALIVE_S = 1.0
"""How often a waiting loop renews its membership and looks whether it should stop."""
REJECTED = "rejected"
"""The cause of a commit that the log refuses for what is in it; every other cause is an outage."""

logger = structlog.get_logger()


@dataclass(slots=True)
class _Work(Generic[Out]):
    """The results of the records of a batch handled so far."""

    done: list[tuple[RecordContext, Handled[Out]]] = field(default_factory=list)
    dead: list[tuple[RecordContext, Message, Dead]] = field(default_factory=list)
    outcomes: list[tuple[TopicPartition, bool]] = field(default_factory=list)
    offsets: dict[TopicPartition, int] = field(default_factory=dict)

    @property
    def handled(self) -> list[Handled[Out]]:
        """What became of the records that are not dead."""
        return [handled for _, handled in self.done]


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
        spans: Spans | None = None,
    ) -> None:
        """Records of ``article_topic`` stand for one article each: a dead letter of it counts as that
        article's outcome.

        ``after_commit`` sees what was handled, exactly once per committed batch; ``draw`` makes the backoff's
        jitter; ``spans`` takes one finished span per committed record.
        """
        self._name = name
        self._group = group
        self._session = session
        self._handler = handler
        self._settings = settings
        self._stop = stop
        self._after_commit = after_commit
        self._draw = draw or random.Random()  # noqa: S311 - jitter, not a secret
        self._report = StageReport(metrics, name, group, article_topic, spans)
        self._breaker = CircuitBreaker(settings)
        self._quarantine = QuarantineTracker(settings.batch_attempts)
        self._failures = 0
        self._waits = self._fresh_waits()
        self.turned_at = time.monotonic()
        self.assigned = False
        self._failing: tuple[float, str] | None = None

    def run(self) -> None:
        """Turn until the stop event is set. The session stays open; closing it is the caller's.

        Raises:
            FencedError: another process owns this slot.
            DeadLetterLimit: too much poison; the batch that passed the limit is not committed.
            LimitExceeded: a dead letter is larger than its topic allows.
        """
        while not self._stop.is_set():
            self.turn()

    def left(self) -> None:
        """The session is closed, and the process lives on."""
        self._report.left()

    def problem(self) -> str:
        """Since when nothing gets through, and why; empty while the last try worked, or it has not lasted
        yet."""
        if self._failing is None:
            return ""
        began, why = self._failing
        lasted = time.monotonic() - began
        return f"nothing gets through since {since(lasted)}: {why}" if lasted > LATELY_S else ""

    def turn(self) -> int:
        """One poll and, if it returned records, one commit. Returns the number of records committed."""
        self._turned()
        try:
            batch = self._session.poll(
                self._settings.poll_timeout_s, 1 if self._quarantine.active else self._settings.max_records
            )
        except TransientError as error:
            logger.warning("log unreachable", service=self._name, error=str(error))
            self._fails(error)
            self._wait(next(self._waits))
            return 0
        self.assigned = bool(self._session.assignment())
        self._report.read(batch, self._session)
        try:
            if batch.records:
                return self._process(batch)
            self._failing = None
            return 0
        finally:
            self._report.settled()

    def _process(self, batch: Batch) -> int:
        work = self._handle_all(batch)
        if not work.offsets:
            return 0
        self._breaker.check(work.outcomes)
        try:
            self._commit(batch, work)
        except CommitFailed as error:
            return self._failed(batch, work, error)
        except LimitExceeded as error:
            self._too_large(batch, error)
            return 0
        return self._committed(work)

    # -- records ---------------------------------------------------------------------------------------------

    def _handle_all(self, batch: Batch) -> _Work[Out]:
        """Handle records in order until all are done or a stop is asked for; what is done so far will be
        committed."""
        work: _Work[Out] = _Work()
        for record in batch.records:
            if self._stop.is_set():
                break
            self._turned()
            began = RecordContext.begin(record)
            with structlog.contextvars.bound_contextvars(**began.place):
                try:
                    handled = self._handle(record)
                    context = began.end(handled.span)
                    work.done.append((context, replace(handled, span=context.span)))
                    if handled.judged:
                        work.outcomes.append((record.tp, False))
                except StageStopped:
                    break
                except Dead as dead:
                    letter = dead_letter(record, dead.error, group=self._group, attempts=dead.attempts)
                    work.dead.append((began.end(), letter, dead))
                    work.outcomes.append((record.tp, True))
            work.offsets[record.tp] = record.offset + 1
        return work

    def _handle(self, record: Record) -> Handled[Out]:
        condemned = self._quarantine.verdict(record)
        if condemned is not None:
            raise Dead(condemned, self._settings.batch_attempts)
        waits = self._fresh_waits()
        for attempt in range(1, self._settings.attempts + 1):
            try:
                return self._handler(record)
            except PoisonError as error:
                raise Dead(error, attempt) from error
            except TransientError as error:
                if attempt == self._settings.attempts:
                    raise Dead(error, attempt) from error
                self._report.retried()
                logger.warning("retry", service=self._name, error=str(error), attempt=attempt)
                self._wait(next(waits))
                if self._stop.is_set():
                    raise StageStopped from error
            except OnrecordError:
                raise
            except Exception as error:
                # a bug met by this record's content: it would fail again, so it must not hold up the records
                # behind it its message may quote the article, so the log names the place only; the dead
                # letter keeps all of it
                logger.error(
                    "unexpected error",
                    service=self._name,
                    error_class=type(error).__name__,
                    at=innermost(error),
                )
                raise Dead(error, attempt) from error
        raise AssertionError("unreachable: the last attempt returns or raises")

    # -- transactions ----------------------------------------------------------------------------------------

    def _commit(self, batch: Batch, work: _Work[Out]) -> None:
        outputs = [output for handled in work.handled for output in handled.outputs]
        with self._report.transaction():
            self._session.commit(batch, work.offsets, outputs, [letter for _, letter, _ in work.dead])

    def _committed(self, work: _Work[Out]) -> int:
        self._failures = 0
        self._failing = None
        self._waits = self._fresh_waits()
        self._breaker.record(work.outcomes)
        self._quarantine.committed(work.offsets, self._session.assignment())
        for context, handled in work.done:
            self._report.processed(
                context, handled.outputs, handled.outcome, handled.facts, export=handled.judged
            )
        for context, letter, dead in work.dead:
            self._report.dead_lettered(context, letter, dead)
        self._after_commit(work.handled)
        return len(work.done) + len(work.dead)

    def _failed(self, batch: Batch, work: _Work[Out], error: CommitFailed) -> int:
        """Recover; after enough failures replay record by record, and at last find out whether the record is
        to blame."""
        self._failures += 1
        self._fails(error)
        logger.warning(
            "commit failed", service=self._name, cause=error.cause, error=str(error), failures=self._failures
        )
        self._wait(next(self._waits))
        resumed = self._recover(batch)
        if resumed is None:
            return 0
        if all(resumed.get(tp) == offset for tp, offset in work.offsets.items()):
            logger.info("the commit had happened, only its answer was lost", service=self._name)
            return self._committed(work)
        if len(batch.records) > 1:
            if self._failures >= self._settings.batch_attempts:
                self._quarantine.isolate(batch)
                self._failures = 0
        elif error.cause == REJECTED and self._commits_without(batch):
            self._quarantine.blame(batch.records[0], error)
        return 0

    def _commits_without(self, batch: Batch) -> bool:
        """Whether the log commits a transaction without this record's outputs: only then may the record be to
        blame."""
        record = batch.records[0]
        try:
            self._commit(batch, _Work(offsets={record.tp: record.offset}))
        except CommitFailed as error:
            logger.warning("log cannot commit at all", service=self._name, cause=error.cause)
            self._recover(batch)
            return False
        return True

    def _too_large(self, batch: Batch, error: LimitExceeded) -> None:
        """Some record's outputs are too large for their topic: committing record by record finds it, and
        condemns it."""
        record = batch.records[0]
        if len(batch.records) > 1:
            self._quarantine.isolate(batch)
        elif self._quarantine.verdict(record) is None:
            self._quarantine.condemn(record, error)
        else:
            # even its dead letter is too large; going on would lose it
            raise error
        self._recover(batch)

    def _recover(self, batch: Batch) -> Offsets | None:
        """Recover until it works; returns where reading goes on, None when a stop was asked for first."""
        while not self._stop.is_set():
            try:
                return self._session.recover(batch)
            except TransientError as error:
                logger.warning("recovery failed", service=self._name, error=str(error))
                self._wait(next(self._waits))
        return None

    def _fails(self, error: TransientError) -> None:
        began = self._failing[0] if self._failing else time.monotonic()
        self._failing = began, str(error)

    # -- time ------------------------------------------------------------------------------------------------

    def _fresh_waits(self) -> Iterator[float]:
        return backoff(self._settings.backoff_min_s, self._settings.backoff_max_s, self._draw)

    def _wait(self, seconds: float) -> None:
        """Wait, keeping the membership and the liveness signal alive; ends early when a stop is asked for."""
        started = time.monotonic()
        remaining = seconds
        while remaining > 0 and not self._stop.wait(min(remaining, KEEP_ALIVE_S)):
            self._keep_alive()
            remaining = seconds - (time.monotonic() - started)
        self._report.waited(time.monotonic() - started)

    def look_up(self) -> None:
        """For a handler to call every second or so (:data:`KEEP_ALIVE_S`) while one record takes it long: the
        stage is alive meanwhile.

        Raises:
            StageStopped: a stop is asked for; let it through, and the record is read again another time.
            FencedError: another process owns this slot.
        """
        if self._stop.is_set():
            raise StageStopped("stopped in the middle of a record")
        self._keep_alive()

    def _keep_alive(self) -> None:
        self._turned()
        try:
            self._session.keep_alive()
        except TransientError as error:
            logger.debug("keep-alive failed", service=self._name, error=str(error))

    def _turned(self) -> None:
        self.turned_at = time.monotonic()
        self._report.turned()
