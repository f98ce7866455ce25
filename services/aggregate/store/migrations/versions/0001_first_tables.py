"""The record's first tables."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create documents, statements and all that is derived from them."""
    op.create_table(
        "actors",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("name", KEY, nullable=False),
        sa.Column(
            "folded",
            KEY,
            nullable=False,
            comment="fold() of the name and the aliases, one per line, for search.",
        ),
        sa.Column("kind", KEY, nullable=False, comment="ActorKind."),
        sa.Column("wikidata", KEY, nullable=True),
        sa.Column(
            "aliases",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="Array of names and mentions, most frequent first.",
        ),
        sa.Column("quotes", sa.BigInteger(), nullable=False),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.Column("statements", sa.BigInteger(), nullable=False, comment="Quotes and claims."),
        sa.Column("articles", sa.BigInteger(), nullable=False),
        sa.Column("outlets", sa.BigInteger(), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=True),
        sa.Column("last_seen", sa.BigInteger(), nullable=True),
        sa.Column("sort_at", sa.BigInteger(), nullable=False, comment="last_seen, or UNDATED."),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_actors")),
        comment=(
            "Actors with something on record. Derived from statements in the transaction that changes them."
        ),
    )
    op.create_index(op.f("ix_actors_articles_actor_id"), "actors", ["articles", "actor_id"], unique=False)
    op.create_index(op.f("ix_actors_claims_actor_id"), "actors", ["claims", "actor_id"], unique=False)
    op.create_index(op.f("ix_actors_name_actor_id"), "actors", ["name", "actor_id"], unique=False)
    op.create_index(op.f("ix_actors_quotes_actor_id"), "actors", ["quotes", "actor_id"], unique=False)
    op.create_index(op.f("ix_actors_sort_at_actor_id"), "actors", ["sort_at", "actor_id"], unique=False)
    op.create_index(op.f("ix_actors_statements_actor_id"), "actors", ["statements", "actor_id"], unique=False)
    op.create_table(
        "documents",
        sa.Column("article_id", KEY, nullable=False),
        sa.Column(
            "document_id",
            KEY,
            nullable=False,
            comment="The current document: the greatest of Document.order.",
        ),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column(
            "withdrawn",
            sa.Boolean(),
            nullable=False,
            comment="Retracted: nothing of the article is on record.",
        ),
        sa.Column("outcome", KEY, nullable=False),
        sa.Column("url", sa.Text(), nullable=True),
        sa.Column("outlet", KEY, nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("authors", sa.JSON(none_as_null=True), nullable=False, comment="Array of names."),
        sa.Column("language", KEY, nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("fetched_at", sa.BigInteger(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="Normalised text; spans index its code points."),
        sa.Column("text_sha256", KEY, nullable=False),
        sa.Column("extractor_name", KEY, nullable=False),
        sa.Column("extractor_version", KEY, nullable=False),
        sa.Column("model_sha256", KEY, nullable=False),
        sa.Column(
            "quote_ids",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="Array, in text order; empty when withdrawn.",
        ),
        sa.Column("claim_ids", sa.JSON(none_as_null=True), nullable=False),
        sa.Column(
            "content_key",
            KEY,
            nullable=False,
            comment="Digest of the event: decides between events of one id.",
        ),
        sa.PrimaryKeyConstraint("article_id", name=op.f("pk_documents")),
        comment="The current document of each article.",
    )
    op.create_table(
        "offsets",
        sa.Column("consumer_group", KEY, nullable=False),
        sa.Column("topic", KEY, nullable=False),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("next_offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("consumer_group", "topic", "partition", name=op.f("pk_offsets")),
        comment=(
            "How far each partition of the event log is in this database: changes with the state, in one"
            " transaction."
        ),
    )
    op.create_table(
        "outbox",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column(
            "generation",
            sa.BigInteger(),
            nullable=False,
            comment="Counts changes, so that none made while publishing is lost.",
        ),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_outbox")),
        comment="Actors whose record changed and is not yet known to be published.",
    )
    op.create_table(
        "statements",
        sa.Column("statement_id", KEY, nullable=False, comment="Quote id or claim id."),
        sa.Column("kind", KEY, nullable=False, comment="quote or claim."),
        sa.Column("subkind", KEY, nullable=False, comment="QuoteKind or ClaimKind."),
        sa.Column(
            "on_record", sa.Boolean(), nullable=False, comment="Its document is the article's current one."
        ),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("actor_name", KEY, nullable=False),
        sa.Column("actor_kind", KEY, nullable=False),
        sa.Column("wikidata", KEY, nullable=True),
        sa.Column(
            "alias",
            KEY,
            nullable=True,
            comment="The mention, where it names the actor (no pronoun, no description).",
        ),
        sa.Column(
            "actor", sa.JSON(none_as_null=True), nullable=False, comment="The Actor as the event gave it."
        ),
        sa.Column(
            "addressee",
            sa.JSON(none_as_null=True),
            nullable=True,
            comment="Actor spoken to, where known; quotes only.",
        ),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("folded", sa.Text(), nullable=False, comment="fold(text), for search."),
        sa.Column(
            "spans", sa.JSON(none_as_null=True), nullable=False, comment="Array of {start, end, exact}."
        ),
        sa.Column("cue", sa.JSON(none_as_null=True), nullable=True, comment="Cue as the event gave it."),
        sa.Column("cue_lemma", KEY, nullable=True),
        sa.Column("stance", KEY, nullable=False, comment="The cue's stance; assert without a cue."),
        sa.Column("negated", sa.Boolean(), nullable=True, comment="Claims only."),
        sa.Column("check_worthiness", sa.Double(), nullable=True, comment="Claims only, 0..1."),
        sa.Column("claim_type", KEY, nullable=True, comment="Claims only."),
        sa.Column("quote_id", KEY, nullable=True, comment="The quote that a quoted claim is part of."),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("outlet", KEY, nullable=True),
        sa.Column("language", KEY, nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.Column("text_sha256", KEY, nullable=False),
        sa.Column(
            "content_key",
            KEY,
            nullable=False,
            comment="Digest of the event: decides between events of one id.",
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_statements")),
        comment="Quotes and claims of current documents, and those whose document has not arrived.",
    )
    op.create_index(
        op.f("ix_statements_actor_id_on_record_sort_at_statement_id"),
        "statements",
        ["actor_id", "on_record", "sort_at", "statement_id"],
        unique=False,
    )
    op.create_index(op.f("ix_statements_article_id"), "statements", ["article_id"], unique=False)
    op.create_index(
        op.f("ix_statements_on_record_sort_at_statement_id"),
        "statements",
        ["on_record", "sort_at", "statement_id"],
        unique=False,
    )
    op.create_table(
        "superseded",
        sa.Column("document_id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_superseded")),
        comment=(
            "Documents that lost against the current one of the same article revision: their late statements"
            " are dropped."
        ),
    )
    op.create_index(op.f("ix_superseded_article_id"), "superseded", ["article_id"], unique=False)
    op.create_table(
        "tallies",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column("dimension", KEY, nullable=False, comment="Dimension."),
        sa.Column("value", KEY, nullable=False),
        sa.Column("quotes", sa.BigInteger(), nullable=False),
        sa.Column("claims", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("actor_id", "dimension", "value", name=op.f("pk_tallies")),
        comment=(
            "Statements on record per actor, by day, outlet, cue and so on. Derived; rows of zero are"
            " removed."
        ),
    )
