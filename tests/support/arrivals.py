"""Reading bytes as ingest does, for tests."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from schemas.events import Article
from services.ingest.readers import Arrival, Item, Limits, Offer, Refusal, format_of, read

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
LIMITS = Limits(100_000)


def arrival(name: str) -> Arrival:
    return Arrival(name, f"file:{name}", "file", NOW)


def items(name: str, data: bytes, limits: Limits = LIMITS) -> list[Item]:
    """What the reader for this name makes of the bytes."""
    return list(read(arrival(name), io.BytesIO(data), limits, format_of(name)))


def one_article(name: str, data: bytes) -> Article:
    """The only article in the bytes."""
    (item,) = items(name, data)
    assert isinstance(item, Offer), str(item)
    return item.article


def one_refusal(name: str, data: bytes, limits: Limits = LIMITS) -> Refusal:
    """The only refusal the bytes lead to."""
    (item,) = items(name, data, limits)
    assert isinstance(item, Refusal)
    return item


def offer(**fields: object) -> Offer:
    """An offered article; ``revision`` counts as given by the producer when it is named."""
    given = {
        "article_id": "art-1",
        "content": "The bridge reopens.",
        "content_type": "text/plain",
        "fetched_at": NOW,
        "origin": "push",
    } | fields
    return Offer(
        Article.model_validate(given), "revision" in fields, arrival(str(given["article_id"])), b"original"
    )
