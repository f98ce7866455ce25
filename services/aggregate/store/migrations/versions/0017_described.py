"""People of one name: what articles say of the person, beside the statement and counted per identity."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add columns, null for all that is stored: the service works it out when it starts, since the rules of links have changed."""
    comment = "What its article says of the person; null: nothing, a person of the registry, or off the record."
    op.add_column("statements", sa.Column("described", KEY, nullable=True, comment=comment))
    comment = "What articles say of the person: object of descriptions and statements; null: nothing."
    op.add_column("identities", sa.Column("described", sa.JSON(), nullable=True, comment=comment))
