"""Nested attributions: the statement whose words hold another."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the column, null for all that is stored: extractors before it reported none."""
    column = sa.Column(
        "within",
        KEY,
        nullable=True,
        comment="The statement of the same document whose words hold it; it may arrive later.",
    )
    op.add_column("statements", column)
