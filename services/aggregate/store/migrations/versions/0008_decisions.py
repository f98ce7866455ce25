"""What people decided about who is who."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
INDEXED = ("actor_id", "other_id", "article_id", "undoes")


def upgrade() -> None:
    """Add the table, the decision over each statement, and a way from a name to those linked to it."""
    comment = "The decision that says who said it: then identity_id is who that names, not the article's."
    op.add_column("statements", sa.Column("reassigned_by", KEY, nullable=True, comment=comment))
    op.create_index(op.f("ix_identities_linked_to"), "identities", ["linked_to"], unique=False)
    op.create_table(
        "decisions",
        sa.Column("decision_id", KEY, nullable=False),
        sa.Column("kind", KEY, nullable=False, comment="DecisionKind."),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", KEY, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("actor_id", KEY, nullable=True, comment="Whom it is about: an actor, or one of its names."),
        sa.Column("other_id", KEY, nullable=True, comment="Into whom, who not, or who said it."),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("wikidata", KEY, nullable=True),
        sa.Column("article_id", KEY, nullable=True, comment="Of the statement that is reassigned."),
        sa.Column("statement", sa.JSON(), nullable=True, comment="DecidedStatement, of a reassignment."),
        sa.Column("undoes", KEY, nullable=True),
        sa.Column(
            "in_force", sa.Boolean(), nullable=False, comment="It is not undone. Derived from the others."
        ),
        sa.Column(
            "content_key",
            KEY,
            nullable=False,
            comment="Digest of the event: decides between events of one id.",
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decisions")),
        comment="What people decided about who is who.",
    )
    for column in INDEXED:
        op.create_index(op.f(f"ix_decisions_{column}"), "decisions", [column], unique=False)
    op.create_index(
        op.f("ix_decisions_decided_at_decision_id"), "decisions", ["decided_at", "decision_id"], unique=False
    )
    if op.get_context().dialect.name == "postgresql":  # SQLite keeps no comments
        comment = "On record under this identity; zero only of one that a decision names."
        op.alter_column(
            "identities",
            "statements",
            existing_type=sa.BigInteger(),
            existing_nullable=False,
            comment=comment,
        )
