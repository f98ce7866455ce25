"""Puts offered articles on the log, once each, and accounts for every one of them.

A batch is decided and appended inside one transaction of the index. When the append fails or its outcome is
unknown, the index is rolled back and reads the log again before anything is decided anew: what did get
through is a duplicate by then.

An input that is refused becomes a dead letter. Its header ``ingest-original`` says what its value is:

- ``verbatim``: the refused bytes as they came: a file or page (unpacked when it came gzipped), a document, or
  one line without its end;
- ``re-encoded``: the same data written anew, because its own bytes were not kept: an element of a JSON array,
  a feed entry's content;
- ``omitted``: nothing, because the input is larger than is read or than the dead-letter topic takes, or broke
  off. ``ingest-input`` and ``ingest-origin`` name it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from hashlib import sha256

import structlog

from schemas.events import Article
from schemas.ids import digest
from services.chassis.cloudevents import encode
from services.chassis.errors import (
    LimitExceeded,
    LogUnreadable,
    OnrecordError,
    PoisonError,
    StageStopped,
    TopicMissing,
    TransientError,
)
from services.chassis.log.limits import check_size
from services.chassis.log.topics import ARTICLE_BYTES, dlq_of
from services.chassis.log.types import Message, Producer, Record, TopicPartition, TopicState
from services.chassis.service import Context
from services.chassis.stage.dead_letters import contract_of, dead_letter
from services.chassis.tracing import Span
from services.ingest.account import SERVICE, Outcome, Sent, account
from services.ingest.index import ArticleIndex
from services.ingest.readers.items import Item, Mark, Offer, Refusal, Skip

logger = structlog.get_logger()

SOURCE = "/onrecord/ingest"
ORIGINAL_HEADER = "ingest-original"
"""On every dead letter made here: ``verbatim``, ``re-encoded`` or ``omitted``; see the module."""

HOPELESS = (TopicMissing, LogUnreadable)
"""Errors of the log that waiting does not mend: a person must act."""
LIVE = ("push", "feed")
"""Sources whose offers say how an article is now; see :mod:`services.ingest.index`."""

BATCH_ITEMS = 100
BATCH_BYTES = 8 * 1_048_576
"""Bounds memory and the time one transaction takes; two of the largest articles fit."""
BATCH_SKIPPED = 10 * BATCH_ITEMS
"""What is passed over costs next to nothing; in an archive of all that a crawler met, most is."""


class Publisher:
    """Decides, appends, counts. Safe to share between threads."""

    def __init__(self, context: Context, role: str) -> None:
        """``role`` tells producers of one machine apart (``service``, ``files``): on Kafka it fences an older
        one of the same role."""
        self._context = context
        self._lock = threading.Lock()
        self.problem: str | None = None
        """Why the last batch could not be published; None when it could."""
        forgotten = context.metrics.counter("positions_forgotten", service=SERVICE)
        self.index = ArticleIndex(context.settings.ingest.index_path, context.log, forgotten.inc)
        self._producer: Producer = context.log.producer(
            f"onrecord-ingest-{role}-{context.settings.log.instance}"
        )

    def close(self) -> None:
        """Close producer and index."""
        self._producer.close()
        self.index.close()

    def __enter__(self) -> Publisher:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def probe(self) -> None:
        """Read the log on without publishing, and note in :attr:`problem` whether that works; nothing when a
        batch is under way.

        Raises:
            TopicMissing, LogUnreadable: waiting will not help.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            with self.index.transaction():
                self.index.catch_up()
        except OnrecordError as error:
            self.problem = str(error)
            if isinstance(error, HOPELESS):
                raise
        else:
            self.problem = None
        finally:
            self._lock.release()

    def check_index(self) -> None:
        """See whether the index can be written; a batch that is under way shows that it can.

        Raises:
            TransientError: it cannot just now.
        """
        if not self._lock.acquire(blocking=False):
            return
        try:
            self.index.touch()
        finally:
            self._lock.release()

    def mark(self, archive: str) -> Mark | None:
        """How far this archive had been read when reading it was broken off."""
        with self._lock:
            return self.index.mark(archive)

    def publish_all(self, items: Iterable[Item], traceparent: str | None = None) -> Iterator[Outcome]:
        """Publish any number of items in batches; one outcome each, in order.

        Raises:
            TransientError: the log stayed out of reach; the batches before are on it.
            StageStopped: asked to stop while waiting for the log.
            TopicMissing: the topics were never created.
        """
        for batch in _batches(items):
            yield from self.publish(batch, traceparent)

    def publish(
        self, items: Sequence[Item], traceparent: str | None = None, attempts: int | None = None
    ) -> list[Outcome]:
        """Publish one batch; the outcomes are on the log when this returns. Raises as :meth:`publish_all`.

        ``attempts`` appends at most (the stage's setting by default): a caller that can ask again itself need
        not wait here.
        """
        in_flight = self._context.metrics.gauge("in_flight", service=SERVICE)
        in_flight.inc(len(items))
        with self._lock:
            try:
                outcomes = self._with_retries(
                    items, traceparent, attempts or self._context.settings.stage.attempts
                )
            except OnrecordError as error:
                self.problem = str(error)
                raise
            finally:
                in_flight.dec(len(items))
        self.problem = None
        for item, outcome in zip(items, outcomes, strict=True):
            account(self._context, item, outcome)
        return outcomes

    def _with_retries(self, items: Sequence[Item], traceparent: str | None, attempts: int) -> list[Outcome]:
        policy = self._context.settings.stage
        wait = policy.backoff_min_s
        for attempt in range(1, attempts + 1):
            try:
                return self._try(items, traceparent)
            except TransientError as error:
                self._context.metrics.counter("transactions", service=SERVICE, outcome="failed").inc()
                if attempt == attempts:
                    raise
                logger.warning("append failed; trying again", error=str(error), attempt=attempt)
                self._context.metrics.counter("retries", service=SERVICE).inc()
                self._context.metrics.counter("backpressure", service=SERVICE).inc(wait)
                if self._context.stop.wait(wait):
                    raise StageStopped("asked to stop while waiting to append again") from error
                wait = min(2 * wait, policy.backoff_max_s)
            except LimitExceeded as error:
                # the topic is tighter than it says: find out whose fault it is, one by one
                if len(items) > 1:
                    return [
                        outcome
                        for item in items
                        for outcome in self._with_retries([item], traceparent, attempts)
                    ]
                if not isinstance(items[0], Offer):
                    raise
                refusal = Refusal(
                    items[0].arrival, "too_large", str(error), items[0].original, cut=True, stage="produce"
                )
                return self._with_retries([refusal], traceparent, attempts)
        raise AssertionError("unreachable: the last attempt returns or raises")

    def _try(self, items: Sequence[Item], traceparent: str | None) -> list[Outcome]:
        started_ns = time.time_ns()
        outcomes: list[Outcome] = []
        prepared: list[tuple[int, Message, Span]] = []
        places: list[tuple[TopicPartition, int]] = []
        with self.index.transaction():
            topics = self.index.catch_up()
            for item in items:
                # one span per article: what is made of it later descends from it, and not from its neighbours
                # in the batch
                span = Span.after(traceparent)
                outcome, messages = self._prepare(item, topics, span)
                prepared += [(len(outcomes), message, span) for message in messages]
                outcomes.append(outcome)
            if prepared:
                sent = [message for _, message, _ in prepared]
                places = self._producer.append(sent)
                self.index.appended(sent, places)
            for mark in {
                item.arrival.mark.archive: item.arrival.mark for item in items if item.arrival.mark
            }.values():
                self.index.reached(mark)
        ended_ns = time.time_ns()
        if prepared:
            self._committed([message for _, message, _ in prepared], (ended_ns - started_ns) / 1e9)
        for (number, message, span), (tp, offset) in zip(prepared, places, strict=True):
            outcomes[number] = replace(
                outcomes[number], sent=Sent(message, tp, offset, span, started_ns, ended_ns)
            )
        return outcomes

    def _prepare(
        self, item: Item, topics: Mapping[str, TopicState], span: Span
    ) -> tuple[Outcome, list[Message]]:
        if isinstance(item, Offer):
            # of the size only: the revision may yet grow by some digits, which the log's own limit leaves
            # room for
            message = encode(item.article, source=SOURCE, traceparent=span.traceparent)
            # a topic may be set to take more than readers do
            most = min(topics[Article.topic].spec.max_message_bytes, ARTICLE_BYTES)
            try:
                check_size(message, most - 64)
            except LimitExceeded:
                item = _too_large(item, most)
        if isinstance(item, Refusal):
            return self._refuse(item, topics, span)
        if isinstance(item, Skip):
            return Outcome("skipped", item.arrival.name, why=item.reason, message=item.message), []
        decision = self.index.decide(item.article, item.revision_given, item.arrival.source in LIVE)
        if decision.kind == "rejected":
            refusal = Refusal(
                item.arrival,
                decision.why,
                decision.message,
                item.original,
                stage="validate",
                reencoded=item.reencoded,
            )
            return self._refuse(refusal, topics, span)
        outcome = Outcome(
            decision.kind,
            item.arrival.name,
            decision.article_id,
            decision.revision,
            decision.why,
            decision.message,
            notes=item.notes,
        )
        if decision.kind == "duplicate":
            return outcome, []
        if decision.revision != item.article.revision:
            article = item.article.model_copy(update={"revision": decision.revision})
            message = encode(article, source=SOURCE, traceparent=span.traceparent)
        return outcome, [message]

    def _refuse(
        self, refusal: Refusal, topics: Mapping[str, TopicState], span: Span
    ) -> tuple[Outcome, list[Message]]:
        outcome = Outcome("rejected", refusal.arrival.name, why=refusal.reason, message=refusal.message)
        return outcome, self._dead_letter(refusal, topics[dlq_of(Article.topic)].spec.max_message_bytes, span)

    def _dead_letter(self, refusal: Refusal, most: int, span: Span) -> list[Message]:
        """The dead letter of a refused input, once: reading the same bad file again adds nothing.

        An input that was never read (a missing file, a file type that is not read) is reported and makes no
        dead letter. One larger than the dead-letter topic takes is kept by name and reason only.
        """
        arrival = refusal.arrival
        mark = digest(
            "refusal", arrival.name, refusal.reason, refusal.message, sha256(refusal.original).hexdigest()
        )
        if refusal.stage == "open" or not self.index.first_refusal(mark):
            return []
        name = arrival.name.encode("utf-8", "backslashreplace")[:1024]
        at_ms = int(arrival.at.timestamp() * 1000)
        error = PoisonError(str(refusal), stage=refusal.stage, reason=refusal.reason)
        origin = arrival.origin.encode("utf-8", "backslashreplace")[:1024]

        def letter(value: bytes | None, kept: bytes) -> Message:
            trace = ("traceparent", span.traceparent.encode())
            headers = (("ingest-input", name), ("ingest-origin", origin), (ORIGINAL_HEADER, kept), trace)
            # partition and offset -1: it never was on the articles topic
            record = Record(Article.topic, -1, -1, at_ms, name, value, headers)
            return dead_letter(record, error, group=SERVICE, now=arrival.at)

        if not refusal.cut:
            whole = letter(refusal.original, b"re-encoded" if refusal.reencoded else b"verbatim")
            with suppress(LimitExceeded):
                check_size(whole, most)
                return [whole]
        return [letter(None, b"omitted")]

    def _committed(self, messages: Sequence[Message], seconds: float) -> None:
        metrics = self._context.metrics
        for message in messages:
            metrics.counter("events_published", service=SERVICE, topic=message.topic).inc()
            if message.topic != Article.topic:
                contract = contract_of(message.headers)
                metrics.counter(
                    "dead_letters", service=SERVICE, stage=contract["stage"], reason=contract["reason"]
                ).inc()
        metrics.counter("transactions", service=SERVICE, outcome="committed").inc()
        metrics.histogram("transaction_duration", service=SERVICE).observe(seconds)
        metrics.gauge("last_progress_timestamp", service=SERVICE).set_to_current_time()


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    batch: list[Item] = []
    size = skipped = 0
    for item in items:
        batch.append(item)
        size += len(item.original)
        skipped += isinstance(item, Skip)
        if len(batch) - skipped == BATCH_ITEMS or skipped == BATCH_SKIPPED or size >= BATCH_BYTES:
            yield batch
            batch, size, skipped = [], 0, 0
    if batch:
        yield batch


def _too_large(item: Offer, most: int) -> Refusal:
    message = f"takes more than the {most:,} bytes that the articles topic allows; send less content"
    return Refusal(
        item.arrival, "too_large", message, item.original, stage="produce", reencoded=item.reencoded
    )
