"""What is denied, and what is counted apart for it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns, null for all that is stored: releases before counted what was denied as if it had been
    said, and it stays counted so until its document is extracted again."""
    comment = "The saying is denied: counted apart; null where a release before stored it."
    op.add_column("statements", sa.Column("denied", sa.Boolean(), nullable=True, comment=comment))
    comment = "Claims only: what is held is a negation; null where the extractor did not say."
    op.add_column(
        "statements", sa.Column("proposition_negated", sa.Boolean(), nullable=True, comment=comment)
    )
    comment = "Statements of what the actor did not say; none of the others counts them."
    op.add_column(
        "actors", sa.Column("denied", sa.BigInteger(), nullable=False, server_default="0", comment=comment)
    )
