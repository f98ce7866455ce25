"""What records of the log tell about where an article went, from their headers alone. Pure, and never fails.

A row is keyed by the record it happened to and the stage, so reading a record again, or a dead letter that
was written twice, adds nothing:

===========================
======================================================================================== record
rows ===========================
======================================================================================== article
ingest: ``accepted``, ``withdrawn`` or, put back from the dead letters, ``replayed`` document
extract: the document's outcome; aggregate: ``recorded``, at the time of the transaction dead letter of an
article    extract: ``dead_lettered`` with its reason, at the article's own place in the log dead letter of
ingest        ingest: ``rejected``, at the letter's place: the input never was on the log dead letter of a
document,   aggregate: ``dead_lettered``; the article of a quote or a claim is in the event, which is a quote
or a claim           small and is looked into ===========================
========================================================================================

Whether a recorded document is still the one on record is not kept here: :data:`schemas.relational.documents`
knows. Headers that cannot be read leave their columns empty. A row without an article id counts for nothing
and is found by nobody, but says in the table that something was there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from schemas.events import Article, ArticleStatus, Document
from schemas.relational import Fate, Step, microseconds, trail_key
from services.aggregate.changes import TrailChange
from services.chassis.log.topics import DLQ_SUFFIX, EVENT_BYTES
from services.chassis.log.types import Record
from services.chassis.stage.dead_letters import contract_of, replays_of
from services.chassis.tracing import TraceContext

MAX_DETAIL_CHARS = 500
"""An error's first sentences; the whole message is in the dead letter."""
MAX_LABEL_CHARS = 256
"""As long as an outlet may be. Labels such as reasons are a word or two."""
MAX_REVISION = 2**31 - 1
"""As :class:`schemas.events.Article` allows."""
LATEST = microseconds(datetime(9999, 12, 31, tzinfo=UTC))
"""Times are kept from 1970 to here: a timestamp on Kafka is any number of 64 bits, and -1 where there is
none."""

Row = dict[str, Any]


def of_article(record: Record) -> TrailChange:
    """The arrival of an article, or its return from the dead letters, which happened when it is read here."""
    headers = _headers(record)
    row = _row(record, Step.INGEST, headers, article=_article_id(record, headers))
    row["outcome"] = (
        Fate.WITHDRAWN.value if headers.get("ce_status") == ArticleStatus.WITHDRAWN else Fate.ACCEPTED.value
    )
    if replays_of(record.headers):
        row |= {"outcome": Fate.REPLAYED.value, "at": None}
    return TrailChange(row)


def of_document(record: Record, document: Document) -> tuple[TrailChange, TrailChange]:
    """A document's way through extract and onto the record."""
    headers = _headers(record)
    row = _row(record, Step.EXTRACT, headers, article=document.article_id)
    row |= {
        "event_id": document.document_id,
        "revision": document.revision,
        "outcome": document.outcome.value,
    }
    row["outlet"] = None if document.outlet is None else _clean(document.outlet, MAX_LABEL_CHARS)
    # counted once per article: the outlet is left to the first of the two
    recorded = row | {
        "stage": Step.AGGREGATE.value,
        "outcome": Fate.RECORDED.value,
        "at": None,
        "outlet": None,
    }
    return TrailChange(row), TrailChange(recorded)


def of_dead_letter(record: Record) -> TrailChange:
    """A dead letter, whether it keeps the header contract or not."""
    headers, contract = _headers(record), contract_of(record.headers)
    topic = contract.get("original-topic", "") or record.topic.removesuffix(DLQ_SUFFIX)
    place = _integer(contract.get("original-partition")), _integer(contract.get("original-offset"))
    rejected = topic == Article.topic and place[0] == -1
    stage = Step.INGEST if rejected else Step.EXTRACT if topic == Article.topic else Step.AGGREGATE
    article = (
        None
        if rejected
        else _article_id(record, headers)
        if topic in _KEYED_BY_ARTICLE
        else _article_inside(record)
    )
    row = _row(record, stage, headers, article=article)
    row |= {
        "outcome": Fate.REJECTED.value if rejected else Fate.DEAD_LETTERED.value,
        "letter": f"{record.partition}:{record.offset}",
    }
    row["reason"] = _clean(contract.get("reason", "unknown"), MAX_LABEL_CHARS)
    row["detail"] = _clean(contract.get("error-message", ""), MAX_DETAIL_CHARS) or None
    failed_at = _moment(contract.get("first-failed-at"))
    row["at"] = row["at"] if failed_at is None else failed_at
    if rejected:
        row["input"] = trail_key(headers.get("ingest-input") or _text(record.key))
    elif place[0] is not None and place[1] is not None and min(place[0], place[1]) >= 0:
        row |= {"topic": _clean(topic, MAX_LABEL_CHARS), "partition": place[0], "offset": place[1]}
    return TrailChange(row)


_KEYED_BY_ARTICLE = (Article.topic, Document.topic)


def _row(record: Record, stage: Step, headers: Mapping[str, str], *, article: str | None) -> Row:
    trace = TraceContext.parse(headers.get("traceparent")) or TraceContext.parse(
        headers.get("ce_traceparent")
    )
    revision = _integer(headers.get("ce_revision"))
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "stage": stage.value,
        "article_id": trail_key(article) if article else None,
        "input": None,
        "event_id": _clean(headers["ce_id"], MAX_LABEL_CHARS) if headers.get("ce_id") else None,
        "revision": revision if revision is not None and 1 <= revision <= MAX_REVISION else None,
        "outcome": "",
        "reason": None,
        "detail": None,
        "letter": None,
        "outlet": _clean(headers["ce_outlet"], MAX_LABEL_CHARS) if headers.get("ce_outlet") else None,
        # a record without a time happened when it was read; all of them in 1970 would be purged at once, in
        # one long statement
        "at": _bounded(record.timestamp_ms * 1000) if record.timestamp_ms >= 0 else None,
        "trace_id": trace.trace_id if trace else None,
    }


def _headers(record: Record) -> dict[str, str]:
    """The last header of each name, names in lower case, as text."""
    return {name.lower(): _text(value) for name, value in record.headers}


def _article_id(record: Record, headers: Mapping[str, str]) -> str | None:
    return headers.get("ce_subject") or _text(record.key) or None


def _article_inside(record: Record) -> str | None:
    """The article that a quote or a claim names, where its event can be read at all."""
    if record.value is None or len(record.value) > EVENT_BYTES:
        return None
    try:
        event = json.loads(record.value)
    except (ValueError, RecursionError):
        return None
    article = event.get("article") if isinstance(event, dict) else None
    found = article.get("article_id") if isinstance(article, dict) else None
    return found if isinstance(found, str) else None


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")


def _clean(text: str, limit: int) -> str:
    """Text that both databases take: without U+0000 and lone surrogates, and bounded."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace").decode()[:limit]


def _integer(text: str | None) -> int | None:
    """A number of a header that fits the database's 64 bits; None for anything else."""
    try:
        number = int(text or "")
    except ValueError:
        return None
    return number if -(2**63) <= number < 2**63 else None


def _moment(text: str | None) -> int | None:
    try:
        moment = datetime.fromisoformat(text or "")
    except ValueError:
        return None
    return _bounded(microseconds(moment)) if moment.tzinfo is not None else None


def _bounded(moment: int) -> int:
    return min(max(0, moment), LATEST)
