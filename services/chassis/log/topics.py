"""The one declaration of onrecord's topics."""

from __future__ import annotations

from schemas.events import EVENTS, ActorRecord, Article, Claim, Decision, Document, Quote
from services.chassis.log.types import TopicSpec

DAY_MS = 86_400_000
DLQ_SUFFIX = ".dlq"

RETENTION_MS = 30 * DAY_MS
"""Long enough to replay a month after an extractor release."""
DLQ_RETENTION_MS = 90 * DAY_MS
"""Dead letters wait for a person; a quarter covers holidays."""

ARTICLE_BYTES = 4 * 1_048_576
"""A raw page may be large: story-indexer sees up to 10 MB of HTML; ingest refuses more than this after
trimming."""
EVENT_BYTES = 1_048_576
"""Kafka's own default; quotes and claims stay below 64 KiB, the CloudEvents forwarding floor."""


def dlq_of(topic: str) -> str:
    """The dead-letter topic of a topic."""
    return topic + DLQ_SUFFIX


def declared(partitions: int = 6) -> tuple[TopicSpec, ...]:
    """Every topic, with ``partitions`` partitions for each event topic and one for each dead-letter topic.

    Partition counts are fixed at creation: adding partitions later would break per-key order.
    """
    specs = {
        Article: TopicSpec(Article.topic, partitions, RETENTION_MS, max_message_bytes=ARTICLE_BYTES),
        Document: TopicSpec(Document.topic, partitions, RETENTION_MS, max_message_bytes=ARTICLE_BYTES),
        Quote: TopicSpec(Quote.topic, partitions, RETENTION_MS, max_message_bytes=EVENT_BYTES),
        Claim: TopicSpec(Claim.topic, partitions, RETENTION_MS, max_message_bytes=EVENT_BYTES),
        Decision: TopicSpec(Decision.topic, partitions, None, compact=True, max_message_bytes=EVENT_BYTES),
        ActorRecord: TopicSpec(
            ActorRecord.topic, partitions, None, compact=True, max_message_bytes=EVENT_BYTES
        ),
    }
    events = tuple(specs[event] for event in EVENTS)
    consumed = (Article, Document, Quote, Claim, Decision)
    dead = tuple(
        TopicSpec(
            dlq_of(event.topic), 1, DLQ_RETENTION_MS, max_message_bytes=2 * specs[event].max_message_bytes
        )
        for event in consumed
    )
    return events + dead
