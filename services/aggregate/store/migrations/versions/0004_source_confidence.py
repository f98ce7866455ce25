"""How sure the source of a statement is."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, null for all that is stored: extractors before it did not say."""
    comment = "That of the source alone; null where the extractor did not say."
    op.add_column("statements", sa.Column("source_confidence", sa.Double(), nullable=True, comment=comment))
