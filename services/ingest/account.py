"""What became of every offered article: the outcome itself, and how it is counted, logged and exported."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import structlog

from services.chassis.log.types import Message, TopicPartition
from services.chassis.service import Context
from services.chassis.tracing import FinishedSpan, Span
from services.ingest.readers.items import Item, Offer

logger = structlog.get_logger()

SERVICE = "ingest"

OutcomeKind = Literal["published", "revised", "duplicate", "rejected", "skipped"]


@dataclass(frozen=True, slots=True)
class Sent:
    """Where a message went, the span it began, and when the transaction that holds it began and ended
    (nanoseconds since 1970)."""

    message: Message
    tp: TopicPartition
    offset: int
    span: Span
    started_ns: int
    ended_ns: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one item. ``why`` is a short label: the kind of duplicate, or the reason of a rejection
    or of passing it over.

    ``sent`` is the work of putting it on the log, None when that was not done (a duplicate, a refusal seen
    before). It tells where and when, not what became of the item, and so does not count when outcomes are
    compared.
    """

    kind: OutcomeKind
    name: str
    article_id: str | None = None
    revision: int | None = None
    why: str = ""
    message: str = ""
    sent: Sent | None = field(default=None, compare=False)
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {self.message or self.kind}"


def account(context: Context, item: Item, outcome: Outcome) -> None:
    """Count, log and export what became of one item: one line per article that is new, or that was
    refused."""
    metrics = context.metrics
    source = item.arrival.source
    metrics.counter("articles_ingested", source=source, outcome=outcome.kind).inc()
    if outcome.sent:
        _export(context, outcome.sent, outcome)
    if outcome.kind == "duplicate":
        metrics.counter("duplicates", service=SERVICE, kind=outcome.why).inc()
        # a feed offers at every poll what it offered before
        log = logger.warning if outcome.why == "stale" else logger.debug
        log(
            "article left out",
            service=SERVICE,
            source=source,
            input=outcome.name,
            article_id=outcome.article_id,
            reason=outcome.why,
            detail=outcome.message,
        )
    elif outcome.kind == "rejected":
        # the command line names its own failures again at the end
        log = logger.info if source in ("file", "stdin") else logger.warning
        log(
            "dead letter" if outcome.sent else "article rejected",
            service=SERVICE,
            source=source,
            input=outcome.name,
            outcome="rejected",
            reason=outcome.why,
            error=outcome.message,
            **_place(outcome.sent),
        )
    elif outcome.kind == "skipped":
        metrics.counter("pages_skipped", reason=outcome.why).inc()
        # of an archive most is skipped, and a feed offers the same at every poll
        logger.debug(
            "passed over",
            service=SERVICE,
            source=source,
            input=outcome.name,
            reason=outcome.why,
            detail=outcome.message,
        )
    elif isinstance(item, Offer):
        metrics.histogram("article_size").observe(len(item.article.content.encode()))
        logger.info(
            "article processed",
            service=SERVICE,
            source=source,
            article_id=outcome.article_id,
            revision=outcome.revision,
            outcome=outcome.kind,
            **_place(outcome.sent),
        )


def _export(context: Context, sent: Sent, outcome: Outcome) -> None:
    if context.spans is None:
        return
    attributes: dict[str, str | int | bool] = {
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.destination.name": sent.tp.topic,
        "messaging.destination.partition.id": str(sent.tp.partition),
        "messaging.kafka.offset": sent.offset,
    }
    if outcome.article_id:
        attributes["messaging.kafka.message.key"] = outcome.article_id
    error = outcome.why if outcome.kind == "rejected" else None
    context.spans(
        FinishedSpan(
            f"send {sent.tp.topic}", "producer", sent.span, sent.started_ns, sent.ended_ns, attributes, error
        )
    )


def _place(sent: Sent | None) -> dict[str, object]:
    """What a line says of a message on the log; nothing of an item that is not there."""
    if sent is None:
        return {}
    return {
        "duration_s": round((sent.ended_ns - sent.started_ns) / 1e9, 6),
        "topic": sent.tp.topic,
        "partition": sent.tp.partition,
        "offset": sent.offset,
        "trace_id": sent.span.trace_id,
    }
