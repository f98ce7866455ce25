"""Who is who: identities known across articles, their links and candidates, and the identity of each
statement."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add tables and columns, null for all that is stored: what that is, the service works out when it
    starts."""
    comment = (
        "Who it is by the article alone: an id of all articles, or of this one. Null: of an earlier release."
    )
    op.add_column("statements", sa.Column("identity_id", KEY, nullable=True, comment=comment))
    op.create_index(op.f("ix_statements_identity_id"), "statements", ["identity_id"], unique=False)
    comment = "The only article the actor is known in; null for one known across articles."
    op.add_column("actors", sa.Column("article_id", KEY, nullable=True, comment=comment))
    op.create_table(
        "identities",
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column(
            "actor_id",
            KEY,
            nullable=False,
            comment="The actor on record that it is; its own id, or what it redirects to.",
        ),
        sa.Column(
            "statements",
            sa.BigInteger(),
            nullable=False,
            comment="On record under this identity; never zero.",
        ),
        sa.Column(
            "linked_to",
            KEY,
            nullable=True,
            comment="The identity that it is linked to; null where it is to none.",
        ),
        sa.Column("reason", KEY, nullable=True, comment="Why."),
        sa.Column("probability", sa.Double(), nullable=True, comment="How probable the link is."),
        sa.Column("rules", sa.BigInteger(), nullable=False, comment="The rules it was linked by."),
        sa.PrimaryKeyConstraint("identity_id", name=op.f("pk_identities")),
        comment=(
            "Identities known across articles with something on record, and which actor each is. Derived from"
            " statements."
        ),
    )
    op.create_index(op.f("ix_identities_actor_id"), "identities", ["actor_id"], unique=False)
    op.create_table(
        "identity_keys",
        sa.Column("key", KEY, nullable=False, comment="What names that may be the same share."),
        sa.Column("identity_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("key", "identity_id", name=op.f("pk_identity_keys")),
        comment="How identities are found that may be one. Derived.",
    )
    op.create_table(
        "candidates",
        sa.Column("identity_id", KEY, nullable=False),
        sa.Column("other_id", KEY, nullable=False, comment="The identity that it may be."),
        sa.Column("reason", KEY, nullable=False),
        sa.Column("probability", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("identity_id", "other_id", name=op.f("pk_candidates")),
        comment="Identities that may be one and are not taken to be. Derived.",
    )
    op.create_index(op.f("ix_candidates_other_id"), "candidates", ["other_id"], unique=False)
    if op.get_context().dialect.name == "postgresql":  # SQLite keeps no comments
        comment = "The actor on record; while it is not on record, the identity."
        op.alter_column("statements", "actor_id", existing_type=KEY, existing_nullable=False, comment=comment)
