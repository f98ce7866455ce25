"""Which statements are appearances of one: what is compared of each, the one that leads, and what it counts
as; and which articles do not say any more."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns, null for all that is stored, and a table: what stands in them, the service works out when
    it starts."""
    comment = "Its words and its actor as a number; on record only, and of no shred."
    op.add_column("statements", sa.Column("wording", sa.BigInteger(), nullable=True, comment=comment))
    comment = (
        "On record: the statement_id of the appearance that leads; null where a release before stored it."
    )
    op.add_column("statements", sa.Column("appearance_of", KEY, nullable=True, comment=comment))
    comment = "On record: Standing; null where a release before stored it, which counted each."
    op.add_column("statements", sa.Column("standing", sa.SmallInteger(), nullable=True, comment=comment))
    comment = "Three words or fewer, or a confidence below .5; null where a release before stored it."
    op.add_column("statements", sa.Column("shred", sa.Boolean(), nullable=True, comment=comment))
    for column in ("quote_id", "wording", "appearance_of"):
        op.create_index(op.f(f"ix_statements_{column}"), "statements", [column], unique=False)
    op.create_table(
        "shingles",
        sa.Column(
            "shingle",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="Some words in a row of an actor, as a number.",
        ),
        sa.Column(
            "wording",
            sa.BigInteger(),
            autoincrement=False,
            nullable=False,
            comment="statements.wording that holds them.",
        ),
        sa.PrimaryKeyConstraint("shingle", "wording", name=op.f("pk_shingles")),
        comment="How wordings are found that have words in common. Derived.",
        sqlite_with_rowid=False,
    )
    op.create_table(
        "retired",
        sa.Column("statement_id", KEY, nullable=False),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("revision", sa.BigInteger(), nullable=False, comment="Of the article, in which it stood."),
        sa.Column("kind", KEY, nullable=False, comment="quote or claim."),
        sa.Column("actor_name", KEY, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "content_key",
            KEY,
            nullable=False,
            comment="Digest of the event: decides between events of one id.",
        ),
        sa.PrimaryKeyConstraint("statement_id", name=op.f("pk_retired")),
        comment="What articles do not say any more: statements of documents that never can be current again.",
    )
    op.create_index(op.f("ix_retired_article_id"), "retired", ["article_id"], unique=False)
