"""What is written of a statement and of an actor: a table each, which CSV, Parquet and docs/exports.md
follow."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row

from services.query.models import Statement


class Kind(StrEnum):
    """What a column holds."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TIME = "time"
    TEXTS = "list of texts"
    SPANS = "list of spans"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: what it is called, holds and means, and where an item has it."""

    name: str
    kind: Kind
    meaning: str
    value: Callable[[Any], Any]


def _spans(statement: Statement) -> list[dict[str, int]]:
    return [{"start": span.start, "end": span.end} for span in statement.spans]


def _together(statement: Statement) -> list[str]:
    return [other.name for other in statement.jointly_with]


TEXT, INTEGER, NUMBER, BOOLEAN, TIME = Kind.TEXT, Kind.INTEGER, Kind.NUMBER, Kind.BOOLEAN, Kind.TIME

STATEMENTS: Sequence[Column] = (
    Column("statement_id", TEXT, "The statement.", lambda s: s.statement_id),
    Column("kind", TEXT, "`quote` or `claim`.", lambda s: s.kind),
    Column("subkind", TEXT, "`direct`, `mixed`, `indirect` or `quoted`.", lambda s: s.subkind),
    Column(
        "text", TEXT, "The words. “[…]” stands where the article has others in between.", lambda s: s.text
    ),
    Column("actor_id", TEXT, "Who said it, on record.", lambda s: s.actor_on_record.actor_id),
    Column(
        "actor_name",
        TEXT,
        "The name that actor is most often called in full.",
        lambda s: s.actor_on_record.name,
    ),
    Column(
        "actor_kind",
        TEXT,
        "`person`, `organization`, `group`, `document` or `unnamed`.",
        lambda s: s.actor_on_record.kind,
    ),
    Column(
        "actor_wikidata",
        TEXT,
        "The actor's Wikidata item, where known.",
        lambda s: s.actor_on_record.wikidata,
    ),
    Column(
        "reassigned_by",
        TEXT,
        "The decision by which the actor said it, if not by the article.",
        lambda s: s.reassigned_by,
    ),
    Column(
        "jointly_with", Kind.TEXTS, "Who said it together with the actor, by the article's names.", _together
    ),
    Column(
        "mention",
        TEXT,
        "The article's words for the actor.",
        lambda s: s.actor.mention.exact if s.actor.mention else None,
    ),
    Column(
        "resolution",
        TEXT,
        "How the mention was resolved to a name; `unresolved` is nobody's name.",
        lambda s: s.actor.resolution,
    ),
    Column(
        "actor_confidence",
        NUMBER,
        "Probability that the mention means whom the article names.",
        lambda s: s.actor.confidence,
    ),
    Column(
        "addressee",
        TEXT,
        "To whom, where the article says so.",
        lambda s: s.addressee.name if s.addressee else None,
    ),
    Column("cue", TEXT, "The reporting words.", lambda s: s.cue.span.exact if s.cue else None),
    Column(
        "stance",
        TEXT,
        "What the reporter does with the words: `assert`, `deny`, `promise` …",
        lambda s: s.stance,
    ),
    Column(
        "negated", BOOLEAN, "True: words that the actor is reported *not* to have said.", lambda s: s.negated
    ),
    Column(
        "proposition_negated", BOOLEAN, "Claims: what is held is a negation.", lambda s: s.proposition_negated
    ),
    Column("claim_type", TEXT, "Claims: what sort of proposition.", lambda s: s.claim_type),
    Column(
        "check_worthiness",
        NUMBER,
        "Claims: how much a fact-checker would check it, 0 to 1.",
        lambda s: s.check_worthiness,
    ),
    Column("quote_id", TEXT, "Claims: the quote this sentence is part of.", lambda s: s.quote_id),
    Column(
        "within",
        TEXT,
        "Second-hand: the statement that reports it.",
        lambda s: s.within.statement_id if s.within else None,
    ),
    Column(
        "confidence",
        NUMBER,
        "Probability that the words are reported and the mention is the source.",
        lambda s: s.confidence,
    ),
    Column(
        "source_confidence",
        NUMBER,
        "Probability of the source if the words are reported.",
        lambda s: s.source_confidence,
    ),
    Column(
        "appearance_of",
        TEXT,
        "The first appearance of what was said: the same for all rows that tell it.",
        lambda s: s.appearance_of,
    ),
    Column("article_id", TEXT, "Where it was found.", lambda s: s.article.article_id),
    Column("article_revision", INTEGER, "The revision on record.", lambda s: s.article.revision),
    Column("article_url", TEXT, "Where the article was published.", lambda s: s.article.url),
    Column("article_title", TEXT, "Its headline.", lambda s: s.article.title),
    Column("outlet", TEXT, "Its publisher.", lambda s: s.article.outlet),
    Column("language", TEXT, "Its language, a BCP 47 tag; `und` when unknown.", lambda s: s.article.language),
    Column(
        "published_at",
        TIME,
        "When it was published, in UTC; empty where it does not say.",
        lambda s: s.article.published_at,
    ),
    Column(
        "spans",
        Kind.SPANS,
        "Where the words stand in the article's text: code points, the end excluded.",
        _spans,
    ),
    Column(
        "text_sha256", TEXT, "SHA-256 of the article's text that the spans index.", lambda s: s.text_sha256
    ),
)
"""Items are :class:`~services.query.models.Statement`."""

ACTORS: Sequence[Column] = (
    Column("actor_id", TEXT, "The actor.", lambda a: a.actor_id),
    Column("name", TEXT, "The name most often used in full.", lambda a: a.name),
    Column("kind", TEXT, "`person`, `organization`, `group`, `document` or `unnamed`.", lambda a: a.kind),
    Column("wikidata", TEXT, "Wikidata item, where known.", lambda a: a.wikidata),
    Column("aliases", Kind.TEXTS, "Other names and mentions, most frequent first.", lambda a: a.aliases),
    Column(
        "quotes", INTEGER, "Quotes on record, within the period and the outlet asked for.", lambda a: a.quotes
    ),
    Column("claims", INTEGER, "Claims, within the same.", lambda a: a.claims),
    Column(
        "denied",
        INTEGER,
        "What the actor is reported not to have said; the two before leave it out.",
        lambda a: a.denied,
    ),
    Column("articles", INTEGER, "Articles that quote the actor, within the same.", lambda a: a.articles),
    Column("outlets", INTEGER, "Outlets, within the same.", lambda a: a.outlets),
    Column("first_seen", TIME, "Earliest publication, within the same, in UTC.", lambda a: a.first_seen),
    Column("last_seen", TIME, "Latest publication.", lambda a: a.last_seen),
    Column(
        "article_id",
        TEXT,
        "The only article the actor is known in; empty for one known across articles.",
        lambda a: a.article_id,
    ),
)
"""Items are rows of :func:`services.query.records.actors.walk`."""


def nested(statement: Statement) -> dict[str, Any]:
    """A statement as JSON Lines have it, everything a plain value but moments: spans with their words,
    article and actor as objects."""
    actor, article = statement.actor_on_record, statement.article
    return {
        "statement_id": statement.statement_id,
        "kind": statement.kind,
        "subkind": statement.subkind,
        "text": statement.text,
        "spans": [span.model_dump() for span in statement.spans],
        "article": {
            "article_id": article.article_id,
            "revision": article.revision,
            "url": article.url,
            "outlet": article.outlet,
            "title": article.title,
            "language": article.language,
            "published_at": article.published_at,
        },
        "actor": {
            "actor_id": actor.actor_id,
            "name": actor.name,
            "kind": actor.kind,
            "wikidata": actor.wikidata,
        },
        "reassigned_by": statement.reassigned_by,
        "jointly_with": _together(statement),
        "mention": statement.actor.mention.model_dump() if statement.actor.mention else None,
        "resolution": statement.actor.resolution,
        "actor_confidence": statement.actor.confidence,
        "addressee": statement.addressee.name if statement.addressee else None,
        "cue": statement.cue.model_dump() if statement.cue else None,
        "stance": statement.stance,
        "negated": statement.negated,
        "proposition_negated": statement.proposition_negated,
        "claim_type": statement.claim_type,
        "check_worthiness": statement.check_worthiness,
        "quote_id": statement.quote_id,
        "within": statement.within.statement_id if statement.within else None,
        "confidence": statement.confidence,
        "source_confidence": statement.source_confidence,
        "text_sha256": statement.text_sha256,
        "appearance_of": statement.appearance_of,
    }


def flat(columns: Iterable[Column], item: Statement | Row[Any]) -> Mapping[str, Any]:
    """An item by column name."""
    return {column.name: column.value(item) for column in columns}
