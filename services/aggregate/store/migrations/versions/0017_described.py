"""People of one name: what articles say of the person, beside the statement and counted per identity; and the
rules that the record is made by, in one place."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns, null for all that is stored: the service works it out when it starts, since the rules of
    links have changed. The rules of each identity stand there for a release before alone: ``registry_state``
    says the same once."""
    comment = (
        "What its article says of the person; null: nothing, a person of the registry, or off the record."
    )
    op.add_column("statements", sa.Column("described", KEY, nullable=True, comment=comment))
    comment = "What articles say of the person: object of descriptions and statements; null: nothing."
    op.add_column("identities", sa.Column("described", sa.JSON(), nullable=True, comment=comment))
    comment = "The rules that statements are grouped by; null where a release before did."
    op.add_column("registry_state", sa.Column("grouped_by", sa.BigInteger(), nullable=True, comment=comment))
    if op.get_context().dialect.name == "postgresql":  # SQLite keeps no comments
        comment = "Always 0: registry_state.linked_by tells; for a release before to write."
        op.alter_column(
            "identities", "rules", existing_type=sa.BigInteger(), existing_nullable=False, comment=comment
        )
        op.create_table_comment(
            "registry_state",
            "Which registry the record is linked by, and which rules: one row.",
            existing_comment="Which registry the record is linked by: one row.",
        )
