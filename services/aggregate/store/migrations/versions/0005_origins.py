"""What the stored positions were made from."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add the columns, null for all that is stored: releases before did not note which log they had read.

    A position without them is taken to be of the log it stands beside, unless it lies beyond that log's end;
    it gets them when it moves on.

    Statements that another event of their document does not name, stored before only named ones counted, stay
    on record until their document is seen again.
    """
    comment = "Of the topic it was reached in, which one made anew does not have; null where it is not known."
    op.add_column("offsets", sa.Column("topic_id", KEY, nullable=True, comment=comment))
    comment = "Digest of the record before next_offset; null where it is not known."
    op.add_column("offsets", sa.Column("mark", KEY, nullable=True, comment=comment))
    if op.get_context().dialect.name == "postgresql":  # SQLite keeps no comments
        comment = "Its document is the article's current one, and names it."
        op.alter_column(
            "statements", "on_record", existing_type=sa.Boolean(), existing_nullable=False, comment=comment
        )
