"""The trail of each article, counted per outlet and hour, and an index that counts articles without their
texts."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Create trail and source_hours. What is on the log already fills them: the aggregate has read none of
    the articles' topic."""
    op.create_table(
        "trail",
        sa.Column(
            "topic",
            KEY,
            nullable=False,
            comment="Where the record stands that it happened to; rejected input: its dead letter.",
        ),
        sa.Column("partition", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("stage", KEY, nullable=False, comment="Step."),
        sa.Column(
            "article_id",
            KEY,
            nullable=True,
            comment="trail_key() of the id; null where the record does not name it.",
        ),
        sa.Column(
            "input", KEY, nullable=True, comment="trail_key() of the input's name; rejected input only."
        ),
        sa.Column(
            "event_id", KEY, nullable=True, comment="The record's ce_id; of documents the document's id."
        ),
        sa.Column(
            "revision", sa.BigInteger(), nullable=True, comment="Null where the record's headers do not say."
        ),
        sa.Column("outcome", KEY, nullable=False, comment="Fate, or the document's outcome."),
        sa.Column(
            "reason", KEY, nullable=True, comment="Dead letters and rejected input: the bounded reason."
        ),
        sa.Column(
            "detail",
            sa.Text(),
            nullable=True,
            comment="Dead letters and rejected input: the beginning of the error's message.",
        ),
        sa.Column(
            "letter",
            KEY,
            nullable=True,
            comment="Where the dead letter stands in its topic: partition:offset.",
        ),
        sa.Column("outlet", KEY, nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False, comment="When it happened."),
        sa.Column("trace_id", KEY, nullable=True, comment="W3C trace id, 32 hex digits."),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", "stage", name=op.f("pk_trail")),
        comment=(
            "What happened to each article at each stage; a row per record of the log and stage. Purged by"
            " age."
        ),
    )
    op.create_index(op.f("ix_trail_article_id"), "trail", ["article_id"], unique=False)
    op.create_index(op.f("ix_trail_input"), "trail", ["input"], unique=False)
    op.create_index(op.f("ix_trail_at"), "trail", ["at"], unique=False)
    op.create_table(
        "source_hours",
        sa.Column(
            "hour",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Whole hours since 1970 in UTC.",
        ),
        sa.Column("outlet", KEY, nullable=False),
        sa.Column("stage", KEY, nullable=False, comment="Step."),
        sa.Column("outcome", KEY, nullable=False, comment="As in trail."),
        sa.Column("articles", sa.BigInteger(), nullable=False, comment="Article revisions."),
        sa.Column("latest", sa.BigInteger(), nullable=False, comment="The last of them."),
        sa.PrimaryKeyConstraint("hour", "outlet", "stage", "outcome", name=op.f("pk_source_hours")),
        comment=(
            "The trail of articles with an outlet, counted. Moved in the transaction that writes the trail;"
            " purged with it."
        ),
    )
    op.create_index(op.f("ix_documents_withdrawn_outlet"), "documents", ["withdrawn", "outlet"], unique=False)
