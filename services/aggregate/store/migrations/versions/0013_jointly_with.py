"""Who else said a statement."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, null for all that is stored: joint speakers were one actor before."""
    comment = "The other speakers, Actors as the event gave them; null where one speaks alone."
    op.add_column(
        "statements", sa.Column("jointly_with", sa.JSON(none_as_null=True), nullable=True, comment=comment)
    )
