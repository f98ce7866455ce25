"""The record's database: the contract between aggregate, which writes it, and query, which reads it.

Portable between SQLite and PostgreSQL: the same columns, the same values, the same sort order (text sorts by
code point on both). Readers need these tables:

- :data:`documents`: the current document of each article. One whose ``withdrawn`` is true retracts the
  article.
- :data:`statements`: quotes and claims. **Only rows with** ``on_record`` **count**; the others wait for their
  document.
- :data:`retired`: statements that no article says any more: what old links lead to.
- :data:`actors`: one row per actor with something on record.
- :data:`tallies`: per actor and dimension, how many quotes and claims: the day series, outlets, cues,
  stances, names.
- :data:`identities`: which actor a name is: where an id of an actor that is no longer on record leads.
- :data:`shingles`: which wordings have words in common; aggregate's own.
- :data:`candidates`: names that may be one, and are not taken to be.
- :data:`decisions`: what people decided about who is who; those undone too.
- :data:`search`: what is on record in short, with its words: what lists and searches read.
- :data:`vocabulary`: the words on record by language and stem; :data:`actor_words`: those of the actors'
  names.
- :data:`changes`: when each statement came on record or left it, in one order: what followers read on from.
- :data:`trail`: what happened to each article at each stage: where it went.
- :data:`source_hours`: the trail counted per outlet and hour; :mod:`schemas.sources` says which outlet is
  silent.

``sort_at`` is never null: the publication time, or :data:`UNDATED` without one, so that undated rows sort
last when newest comes first. Page by ``(sort_at, statement_id)``.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from enum import IntEnum, StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.engine import Dialect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)

UNDATED = datetime(1, 1, 1, tzinfo=UTC)
"""The ``sort_at`` of what has no publication time."""


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware :class:`datetime`, held as microseconds since 1970 in UTC: exact, sortable and the same on
    every engine."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        return None if value is None else microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + timedelta(microseconds=value)


class Dimension(StrEnum):
    """What :data:`tallies` counts by. ``value`` holds, in turn: an ISO date in UTC, an outlet, a cue's lemma,
    a stance, an article id, the actor's full name, a mention that names the actor, an actor kind, a Wikidata
    id; and under ``denied`` an actor kind again. What an actor is reported *not* to have said counts there
    and for the names, and nowhere else."""

    DAY = "day"
    OUTLET = "outlet"
    CUE = "cue"
    STANCE = "stance"
    ARTICLE = "article"
    NAME = "name"
    MENTION = "mention"
    KIND = "kind"
    WIKIDATA = "wikidata"
    DENIED = "denied"


class Standing(IntEnum):
    """What a statement on record counts as, among the appearances of what was said once."""

    NONE = 0
    """One more of an outlet that had it before, or words that another statement of the same article has."""
    OUTLET = 1
    """The first of its outlet."""
    FIRST = 2
    """The first of all: it leads."""


class Step(StrEnum):
    """The stage a row of :data:`trail` tells of."""

    INGEST = "ingest"
    EXTRACT = "extract"
    AGGREGATE = "aggregate"


class Fate(StrEnum):
    """Outcomes in :data:`trail` that are none of the document's own (:class:`schemas.events.Outcome`)."""

    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    REPLAYED = "replayed"
    REJECTED = "rejected"
    DEAD_LETTERED = "dead_lettered"
    RECORDED = "recorded"


MAX_KEY_BYTES = 512
"""Longest article id or input that :data:`trail` finds by: an index key, and PostgreSQL takes 2 704 bytes."""


def trail_key(text: str) -> str:
    """An article id or an input's name as :data:`trail` keeps it: its first 512 bytes, without U+0000, which
    PostgreSQL refuses."""
    clean = text.replace("\0", "\N{REPLACEMENT CHARACTER}").encode("utf-8", "replace")
    return clean[:MAX_KEY_BYTES].decode("utf-8", "ignore")


def microseconds(moment: datetime) -> int:
    """An aware datetime as microseconds since 1970 in UTC."""
    return (moment - EPOCH) // MICROSECOND


def fold(text: str) -> str:
    """Text folded for search: no case, accents or typographic apostrophes, white space as one blank.

    ``"Volodymyr  Zelenskýj’s"`` gives ``"volodymyr zelenskyj's"``. Fold the search words the same way, then
    look for them with ``LIKE`` (escaping ``%`` and ``_``) in a ``folded`` column.
    """
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(c for c in decomposed if not unicodedata.combining(c))
    return re.sub(r"\s+", " ", plain.replace("’", "'").replace("‘", "'")).strip()


Key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text that sorts by code point on PostgreSQL too, whatever the database's locale."""
Json = sa.JSON(none_as_null=True)

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "pk": "pk_%(table_name)s",
    }
)

documents = sa.Table(
    "documents",
    metadata,
    sa.Column("article_id", Key, primary_key=True),
    sa.Column(
        "document_id", Key, nullable=False, comment="The current document: the greatest of Document.order."
    ),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column(
        "withdrawn", sa.Boolean, nullable=False, comment="Retracted: nothing of the article is on record."
    ),
    sa.Column("outcome", Key, nullable=False),
    sa.Column("url", sa.Text),
    sa.Column("outlet", Key),
    sa.Column("title", sa.Text),
    sa.Column("authors", Json, nullable=False, comment="Array of names."),
    sa.Column("language", Key, nullable=False),
    sa.Column("published_at", Instant),
    sa.Column("fetched_at", Instant, nullable=False),
    sa.Column("origin", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False, comment="Normalised text; spans index its code points."),
    sa.Column("text_sha256", Key, nullable=False),
    sa.Column("extractor_name", Key, nullable=False),
    sa.Column("extractor_version", Key, nullable=False),
    sa.Column("model_sha256", Key, nullable=False),
    sa.Column("quote_ids", Json, nullable=False, comment="Array, in text order; empty when withdrawn."),
    sa.Column("claim_ids", Json, nullable=False),
    sa.Column(
        "content_key", Key, nullable=False, comment="Digest of the event: decides between events of one id."
    ),
    # counts articles and outlets without touching the texts
    sa.Index(None, "withdrawn", "outlet"),
    comment="The current document of each article.",
)

superseded = sa.Table(
    "superseded",
    metadata,
    sa.Column("document_id", Key, primary_key=True),
    sa.Column("article_id", Key, nullable=False, index=True),
    comment=(
        "Documents that lost against the current one of the same article revision: their late statements are"
        " dropped."
    ),
)

statements = sa.Table(
    "statements",
    metadata,
    sa.Column("statement_id", Key, primary_key=True, comment="Quote id or claim id."),
    sa.Column("kind", Key, nullable=False, comment="quote or claim."),
    sa.Column("subkind", Key, nullable=False, comment="QuoteKind or ClaimKind."),
    sa.Column(
        "on_record",
        sa.Boolean,
        nullable=False,
        comment="Its document is the article's current one, and names it.",
    ),
    sa.Column("article_id", Key, nullable=False),
    sa.Column("document_id", Key, nullable=False),
    sa.Column("revision", sa.BigInteger, nullable=False),
    sa.Column(
        "actor_id",
        Key,
        nullable=False,
        comment="The actor on record; while it is not on record, the identity.",
    ),
    sa.Column("actor_name", Key, nullable=False),
    sa.Column("actor_kind", Key, nullable=False),
    sa.Column("wikidata", Key),
    sa.Column("alias", Key, comment="The mention, where it names the actor (no pronoun, no description)."),
    sa.Column("actor", Json, nullable=False, comment="The Actor as the event gave it."),
    sa.Column("addressee", Json, comment="Actor spoken to, where known; quotes only."),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("folded", sa.Text, nullable=False, comment="fold(text), for search."),
    sa.Column("spans", Json, nullable=False, comment="Array of {start, end, exact}."),
    sa.Column("cue", Json, comment="Cue as the event gave it."),
    sa.Column("cue_lemma", Key),
    sa.Column("stance", Key, nullable=False, comment="The cue's stance; assert without a cue."),
    sa.Column("negated", sa.Boolean, comment="Claims only."),
    sa.Column("check_worthiness", sa.Double, comment="Claims only, 0..1."),
    sa.Column("claim_type", Key, comment="Claims only."),
    sa.Column("quote_id", Key, comment="The quote that a quoted claim is part of."),
    sa.Column("confidence", sa.Double, nullable=False),
    sa.Column("outlet", Key),
    sa.Column("language", Key, nullable=False),
    sa.Column("published_at", Instant),
    sa.Column("sort_at", Instant, nullable=False),
    sa.Column("text_sha256", Key, nullable=False),
    sa.Column(
        "content_key", Key, nullable=False, comment="Digest of the event: decides between events of one id."
    ),
    sa.Column(
        "within", Key, comment="The statement of the same document whose words hold it; it may arrive later."
    ),
    sa.Column(
        "source_confidence",
        sa.Double,
        comment="That of the source alone; null where the extractor did not say.",
    ),
    sa.Column(
        "denied",
        sa.Boolean,
        comment="The saying is denied: counted apart; null where a release before stored it.",
    ),
    sa.Column(
        "proposition_negated",
        sa.Boolean,
        comment="Claims only: what is held is a negation; null where the extractor did not say.",
    ),
    sa.Column(
        "identity_id",
        Key,
        comment=(
            "Who it is by the article alone: an id of all articles, or of this one. Null: of an earlier"
            " release."
        ),
    ),
    sa.Column(
        "reassigned_by",
        Key,
        comment="The decision that says who said it: then identity_id is who that names, not the article's.",
    ),
    sa.Column(
        "wording",
        sa.BigInteger,
        comment="Its words and its actor as a number; on record only, and of no shred.",
    ),
    sa.Column(
        "appearance_of",
        Key,
        comment=(
            "On record: the statement_id of the appearance that leads; null where a release before stored it."
        ),
    ),
    sa.Column(
        "standing",
        sa.SmallInteger,
        comment="On record: Standing; null where a release before stored it, which counted each.",
    ),
    sa.Column(
        "shred",
        sa.Boolean,
        comment="Three words or fewer, or a confidence below .5; null where a release before stored it.",
    ),
    sa.Column(
        "jointly_with",
        Json,
        comment="The other speakers, Actors as the event gave them; null where one speaks alone.",
    ),
    sa.Column(
        "words",
        sa.Text,
        comment="schemas.words.indexed() of the spans, for search; null where an earlier release stored it.",
    ),
    sa.Column(
        "described",
        Key,
        comment=(
            "What its article says of the person; null: nothing, a person of the registry, or off the record."
        ),
    ),
    sa.Index(None, "article_id"),
    sa.Index(None, "identity_id"),
    sa.Index(None, "quote_id"),
    sa.Index(None, "wording"),
    sa.Index(None, "appearance_of"),
    sa.Index(
        "ix_statements_unindexed",
        "statement_id",
        sqlite_where=sa.text("words IS NULL"),
        postgresql_where=sa.text("words IS NULL"),
    ),
    sa.Index(None, "actor_id", "on_record", "sort_at", "statement_id"),
    sa.Index(None, "on_record", "sort_at", "statement_id"),
    comment="Quotes and claims of current documents, and those whose document has not arrived.",
)

search = sa.Table(
    "search",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, comment="SQLite: the rowid in search_words."),
    *(
        sa.Column(name, statements.c[name].type, nullable=statements.c[name].nullable)
        for name in (
            "statement_id", "article_id", "actor_id", "kind", "subkind", "stance", "denied", "negated", "confidence", "source_confidence",
            "outlet", "sort_at", "appearance_of", "standing", "shred",
        )
    ),
    sa.Column(
        "vector", TSVECTOR().with_variant(sa.Text, "sqlite"), comment="The words, on PostgreSQL; on SQLite they are in search_words."
    ),
    sa.Index(None, "statement_id", unique=True),
    sa.Index(None, "appearance_of"),
    # standing, so that what was said once is listed and counted from the index alone
    sa.Index(None, "sort_at", "statement_id", "standing"),
    sa.Index(None, "actor_id", "sort_at", "statement_id", "standing"),
    sa.Index(None, "outlet", "sort_at", "statement_id", "standing"),
    comment="Statements on record, in short. Kept by triggers on statements, in the transaction that changes them.",
)  # fmt: skip

search_words = sa.table("search_words", sa.column("rowid", sa.Integer), sa.column("words", sa.Text))
"""On SQLite, the full-text index (FTS5): a row per row of :data:`search`."""

spellings = sa.table("spellings", sa.column("word", sa.Text))
"""On SQLite, the vocabulary by trigrams (FTS5); PostgreSQL has an index of pg_trgm on the vocabulary
itself."""

vocabulary = sa.Table(
    "vocabulary",
    metadata,
    sa.Column("language", Key, primary_key=True, comment="Of the stem: schemas.words.base()."),
    sa.Column("stem", Key, primary_key=True),
    sa.Column("word", Key, primary_key=True),
    comment=(
        "Words that statements and names have had: what forms a word has, and how one might be spelt. Words"
        " stay when what held them goes; whether one is on record, the index says."
    ),
)

actor_words = sa.Table(
    "actor_words",
    metadata,
    sa.Column("word", Key, primary_key=True),
    sa.Column("actor_id", Key, primary_key=True, index=True),
    comment="The words of the actors' names and aliases. Derived from actors.",
)

retired = sa.Table(
    "retired",
    metadata,
    sa.Column("statement_id", Key, primary_key=True),
    sa.Column("article_id", Key, nullable=False, index=True),
    sa.Column("revision", sa.BigInteger, nullable=False, comment="Of the article, in which it stood."),
    sa.Column("kind", Key, nullable=False, comment="quote or claim."),
    sa.Column("actor_name", Key, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column(
        "content_key", Key, nullable=False, comment="Digest of the event: decides between events of one id."
    ),
    comment="What articles do not say any more: statements of documents that never can be current again.",
)

actors = sa.Table(
    "actors",
    metadata,
    sa.Column("actor_id", Key, primary_key=True),
    sa.Column("name", Key, nullable=False),
    sa.Column(
        "folded", Key, nullable=False, comment="fold() of the name and the aliases, one per line, for search."
    ),
    sa.Column("kind", Key, nullable=False, comment="ActorKind."),
    sa.Column("wikidata", Key),
    sa.Column("aliases", Json, nullable=False, comment="Array of names and mentions, most frequent first."),
    sa.Column("quotes", sa.BigInteger, nullable=False),
    sa.Column("claims", sa.BigInteger, nullable=False),
    sa.Column(
        "denied",
        sa.BigInteger,
        nullable=False,
        server_default="0",
        comment="Statements of what the actor did not say; none of the others counts them.",
    ),
    sa.Column("statements", sa.BigInteger, nullable=False, comment="Quotes and claims."),
    sa.Column("articles", sa.BigInteger, nullable=False),
    sa.Column("outlets", sa.BigInteger, nullable=False),
    sa.Column("first_seen", Instant),
    sa.Column("last_seen", Instant),
    sa.Column("sort_at", Instant, nullable=False, comment="last_seen, or UNDATED."),
    sa.Column(
        "article_id",
        Key,
        comment="The only article the actor is known in; null for one known across articles.",
    ),
    sa.Index(None, "statements", "actor_id"),
    sa.Index(None, "quotes", "actor_id"),
    sa.Index(None, "claims", "actor_id"),
    sa.Index(None, "articles", "actor_id"),
    sa.Index(None, "sort_at", "actor_id"),
    sa.Index(None, "name", "actor_id"),
    comment="Actors with something on record. Derived from statements in the transaction that changes them.",
)

tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("actor_id", Key, primary_key=True),
    sa.Column("dimension", Key, primary_key=True, comment="Dimension."),
    sa.Column("value", Key, primary_key=True),
    sa.Column("quotes", sa.BigInteger, nullable=False),
    sa.Column("claims", sa.BigInteger, nullable=False),
    comment=(
        "Statements on record per actor, by day, outlet, cue and so on. Derived; rows of zero are removed."
    ),
)

identities = sa.Table(
    "identities",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column(
        "actor_id",
        Key,
        nullable=False,
        index=True,
        comment="The actor on record that it is; its own id, or what it redirects to.",
    ),
    sa.Column(
        "statements",
        sa.BigInteger,
        nullable=False,
        comment="On record under this identity; zero only of one that a decision names.",
    ),
    sa.Column(
        "linked_to", Key, index=True, comment="The identity that it is linked to; null where it is to none."
    ),
    sa.Column("reason", Key, comment="Why."),
    sa.Column("probability", sa.Double, comment="How probable the link is."),
    sa.Column(
        "rules",
        sa.BigInteger,
        nullable=False,
        comment="Always 0: registry_state.linked_by tells; for a release before to write.",
    ),
    sa.Column(
        "described",
        Json,
        comment="What articles say of the person: object of descriptions and statements; null: nothing.",
    ),
    comment=(
        "Identities known across articles with something on record, and which actor each is. Derived from"
        " statements."
    ),
)

identity_keys = sa.Table(
    "identity_keys",
    metadata,
    sa.Column("key", Key, primary_key=True, comment="What names that may be the same share."),
    sa.Column("identity_id", Key, primary_key=True),
    comment="How identities are found that may be one. Derived.",
)

candidates = sa.Table(
    "candidates",
    metadata,
    sa.Column("identity_id", Key, primary_key=True),
    sa.Column("other_id", Key, primary_key=True, index=True, comment="The identity that it may be."),
    sa.Column("reason", Key, nullable=False),
    sa.Column("probability", sa.Double, nullable=False),
    comment="Identities that may be one and are not taken to be. Derived.",
)

decisions = sa.Table(
    "decisions",
    metadata,
    sa.Column("decision_id", Key, primary_key=True),
    sa.Column("kind", Key, nullable=False, comment="DecisionKind."),
    sa.Column("decided_at", Instant, nullable=False),
    sa.Column("decided_by", Key, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("actor_id", Key, index=True, comment="Whom it is about: an actor, or one of its names."),
    sa.Column("other_id", Key, index=True, comment="Into whom, who not, or who said it."),
    sa.Column("name", sa.Text),
    sa.Column("wikidata", Key),
    sa.Column("article_id", Key, index=True, comment="Of the statement that is reassigned."),
    sa.Column("statement", Json, comment="DecidedStatement, of a reassignment."),
    sa.Column("undoes", Key, index=True),
    sa.Column("in_force", sa.Boolean, nullable=False, comment="It is not undone. Derived from the others."),
    sa.Column(
        "content_key", Key, nullable=False, comment="Digest of the event: decides between events of one id."
    ),
    sa.Index(None, "decided_at", "decision_id"),
    comment="What people decided about who is who.",
)

known_actors = sa.Table(
    "known_actors",
    metadata,
    sa.Column("actor_id", Key, primary_key=True),
    sa.Column(
        "source",
        Key,
        nullable=False,
        index=True,
        comment="The list it came with; importing the list again replaces all of it.",
    ),
    sa.Column("entry", Json, nullable=False, comment="As services.aggregate.identity.entry defines it."),
    comment="Users' own entries of the registry. Written by `onrecord actors import`, never derived.",
)

registry_state = sa.Table(
    "registry_state",
    metadata,
    sa.Column("id", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column(
        "imported",
        sa.BigInteger,
        nullable=False,
        comment="Checksum of known_actors: who has read another one reads it again.",
    ),
    sa.Column(
        "linked_by",
        sa.BigInteger,
        nullable=False,
        comment="The rules and the registry that statements are linked by.",
    ),
    sa.Column(
        "grouped_by",
        sa.BigInteger,
        comment="The rules that statements are grouped by; null where a release before did.",
    ),
    comment="Which registry the record is linked by, and which rules: one row.",
)

shingles = sa.Table(
    "shingles",
    metadata,
    sa.Column(
        "shingle",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="Some words in a row of an actor, as a number.",
    ),
    sa.Column(
        "wording",
        sa.BigInteger,
        primary_key=True,
        autoincrement=False,
        comment="statements.wording that holds them.",
    ),
    sqlite_with_rowid=False,
    comment="How wordings are found that have words in common. Derived.",
)

offsets = sa.Table(
    "offsets",
    metadata,
    sa.Column("consumer_group", Key, primary_key=True),
    sa.Column("topic", Key, primary_key=True),
    sa.Column("partition", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("next_offset", sa.BigInteger, nullable=False),
    sa.Column(
        "topic_id",
        Key,
        comment=(
            "Of the topic it was reached in, which one made anew does not have; null where it is not known."
        ),
    ),
    sa.Column("mark", Key, comment="Digest of the record before next_offset; null where it is not known."),
    comment=(
        "How far each partition of the event log is in this database: changes with the state, in one"
        " transaction."
    ),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("actor_id", Key, primary_key=True),
    sa.Column(
        "generation",
        sa.BigInteger,
        nullable=False,
        comment="Counts changes, so that none made while publishing is lost.",
    ),
    comment="Actors whose record changed and is not yet known to be published.",
)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("statement_id", Key, primary_key=True),
    sa.Column("actor_id", Key, primary_key=True, comment="The actor on record at that time."),
    sa.Column(
        "seq",
        sa.BigInteger,
        nullable=False,
        comment="When: microseconds since 1970, no two the same, in the order of commits.",
    ),
    sa.Column(
        "on_record", sa.Boolean, nullable=False, comment="It came, or is another than before; else it left."
    ),
    sa.Column(
        "standing", sa.SmallInteger, nullable=False, comment="The most that it ever counted as: Standing."
    ),
    sa.Column("kind", Key, nullable=False, comment="quote or claim."),
    sa.Column("article_id", Key, nullable=False),
    sa.Column("outlet", Key),
    sa.Index(None, "seq", unique=True),
    comment=(
        "The latest change of every statement that is or was on record, for each actor it was on record for."
        " Not purged: readers resume after any seq."
    ),
)

trail = sa.Table(
    "trail",
    metadata,
    sa.Column(
        "topic",
        Key,
        primary_key=True,
        comment="Where the record stands that it happened to; rejected input: its dead letter.",
    ),
    sa.Column("partition", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("offset", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("stage", Key, primary_key=True, comment="Step."),
    sa.Column("article_id", Key, comment="trail_key() of the id; null where the record does not name it."),
    sa.Column("input", Key, comment="trail_key() of the input's name; rejected input only."),
    sa.Column("event_id", Key, comment="The record's ce_id; of documents the document's id."),
    sa.Column("revision", sa.BigInteger, comment="Null where the record's headers do not say."),
    sa.Column("outcome", Key, nullable=False, comment="Fate, or the document's outcome."),
    sa.Column("reason", Key, comment="Dead letters and rejected input: the bounded reason."),
    sa.Column(
        "detail", sa.Text, comment="Dead letters and rejected input: the beginning of the error's message."
    ),
    sa.Column("letter", Key, comment="Where the dead letter stands in its topic: partition:offset."),
    sa.Column("outlet", Key),
    sa.Column("at", Instant, nullable=False, comment="When it happened."),
    sa.Column("trace_id", Key, comment="W3C trace id, 32 hex digits."),
    sa.Index(None, "article_id"),
    sa.Index(None, "input"),
    sa.Index(None, "at"),
    comment=(
        "What happened to each article at each stage; a row per record of the log and stage. Purged by age."
    ),
)

source_hours = sa.Table(
    "source_hours",
    metadata,
    sa.Column(
        "hour", sa.BigInteger, primary_key=True, autoincrement=False, comment="Whole hours since 1970 in UTC."
    ),
    sa.Column("outlet", Key, primary_key=True),
    sa.Column("stage", Key, primary_key=True, comment="Step."),
    sa.Column("outcome", Key, primary_key=True, comment="As in trail."),
    sa.Column("articles", sa.BigInteger, nullable=False, comment="Article revisions."),
    sa.Column("latest", Instant, nullable=False, comment="The last of them."),
    comment=(
        "The trail of articles with an outlet, counted. Moved in the transaction that writes the trail;"
        " purged with it."
    ),
)
