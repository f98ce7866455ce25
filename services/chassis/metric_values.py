"""Label values that are known beforehand but differ from service to service: published topics, dead letters,
answers."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.events import Article, Claim, Document, Quote
from services.chassis.log.topics import dlq_of

Pairs = tuple[tuple[str, str], ...]


def _reasons(stage: str, *reasons: str) -> Pairs:
    return tuple((stage, reason) for reason in reasons)


DECODE: Pairs = (
    *_reasons(
        "decode",
        "content_type", "duplicate_key", "empty", "envelope", "not_json", "not_utf8", "spec_version", "too_deep", "too_large", "wrong_type",
    ),
    ("validate", "schema"),
)  # fmt: skip
"""What any consumer may find wrong with an event, :mod:`services.chassis.cloudevents`."""
LAST_RESORT: Pairs = (("process", "unexpected"), ("produce", "too_large"), ("produce", "no_key"))
"""A transient error that did not pass, a bug met by one record, an output its topic does not take."""

DEAD_LETTERS: Mapping[str, Pairs] = {
    "ingest": (
        *_reasons(
            "decode",
            "archive",
            "binary",
            "encoding",
            "gzip",
            "not_json",
            "not_object",
            "not_table",
            "not_xml",
            "too_large",
        ),
        *_reasons(
            "validate",
            "binary",
            "embargoed",
            "empty",
            "last_revision",
            "not_html",
            "not_table",
            "not_text",
            "not_xml",
            "partial",
        ),
        *_reasons("validate", "schema", "too_large"),
        ("produce", "too_large"),
    ),
    "extract": (
        *DECODE,
        *_reasons(
            "extract",
            "html_depth",
            "html_memory",
            "html_tags",
            "html_timeout",
            "html_unreadable",
            "too_large",
        ),
        *_reasons("extract", "text_crash", "text_memory", "text_timeout", "text_tokens"),
        *LAST_RESORT,
    ),
    "aggregate": (
        *DECODE,
        *_reasons("apply", "database_refuses", "id_conflict", "number_too_large"),
        *LAST_RESORT,
    ),
}
"""Stage and reason of every dead letter a service may make."""

PUBLISHED: Mapping[str, tuple[tuple[str], ...]] = {
    "ingest": ((Article.topic,), (dlq_of(Article.topic),)),
    "extract": ((Document.topic,), (Quote.topic,), (Claim.topic,)),
}
"""Topics a service's ``events_published`` counts; aggregate's actor records have a counter of their own."""

SKIPPED: Mapping[str, str] = {
    "client_error": "not found or refused (4xx)",
    "error_page": "error pages",
    "gallery": "galleries",
    "list": "lists of articles",
    "live_blog": "live blogs",
    "not_html": "no HTML",
    "other_status": "other answers",
    "paywall": "beginnings before a paywall",
    "redirect": "redirects",
    "revisit": "captured unchanged",
    "server_error": "server errors (5xx)",
    "truncated": "cut short by the crawler",
}
"""Why ingest passes something over as no article, and what people read of each reason."""

PUSH_STATUSES = ("202", "400", "401", "404", "405", "408", "413", "415", "422", "429", "500", "503")
"""Every answer of the push API to a request for its path."""

CAUSES = ("timeout", "membership", "disconnected", "aborted", "unavailable", "rejected", "client")
"""Of Kafka's client, as :func:`services.chassis.log.kafka.failures.cause` names them."""

IDENTIFIED = ("registry", "office", "link", "name")
"""By what a statement's actor is known across articles; ``name``: by nothing but its full name."""
