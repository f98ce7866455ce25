"""When each statement came on record or left it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# what is on record already came when its article was fetched, as near as is known; one more each keeps the
# places apart
FILL = """
INSERT INTO changes (statement_id, actor_id, seq, on_record, standing, kind, article_id, outlet)
SELECT s.statement_id, s.actor_id, d.fetched_at + row_number() OVER (ORDER BY d.fetched_at, s.statement_id),
       s.on_record, coalesce(s.standing, 2), s.kind, s.article_id, s.outlet
FROM statements s JOIN documents d ON d.article_id = s.article_id
WHERE s.on_record
"""


def upgrade() -> None:
    """Add the table, with what is on record in it."""
    op.create_table(
        "changes",
        sa.Column("statement_id", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False, comment="The actor on record at that time."),
        sa.Column(
            "seq",
            sa.BigInteger(),
            nullable=False,
            comment="When: microseconds since 1970, no two the same, in the order of commits.",
        ),
        sa.Column(
            "on_record",
            sa.Boolean(),
            nullable=False,
            comment="It came, or is another than before; else it left.",
        ),
        sa.Column(
            "standing",
            sa.SmallInteger(),
            nullable=False,
            comment="The most that it ever counted as: Standing.",
        ),
        sa.Column("kind", KEY, nullable=False, comment="quote or claim."),
        sa.Column("article_id", KEY, nullable=False),
        sa.Column("outlet", KEY, nullable=True),
        sa.PrimaryKeyConstraint("statement_id", "actor_id", name=op.f("pk_changes")),
        comment=(
            "The latest change of every statement that is or was on record, for each actor it was on record"
            " for. Not purged: readers resume after any seq."
        ),
    )
    op.create_index(op.f("ix_changes_seq"), "changes", ["seq"], unique=True)
    op.execute(FILL)
