"""Users' own entries of the registry, and which registry the record is linked by."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0008"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Add two tables, the second with its only row."""
    op.create_table(
        "known_actors",
        sa.Column("actor_id", KEY, nullable=False),
        sa.Column(
            "source",
            KEY,
            nullable=False,
            comment="The list it came with; importing the list again replaces all of it.",
        ),
        sa.Column(
            "entry",
            sa.JSON(none_as_null=True),
            nullable=False,
            comment="As services.aggregate.identity.entry defines it.",
        ),
        sa.PrimaryKeyConstraint("actor_id", name=op.f("pk_known_actors")),
        comment="Users' own entries of the registry. Written by `onrecord actors import`, never derived.",
    )
    op.create_index(op.f("ix_known_actors_source"), "known_actors", ["source"], unique=False)
    state = op.create_table(
        "registry_state",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column(
            "imported",
            sa.BigInteger(),
            nullable=False,
            comment="Checksum of known_actors: who has read another one reads it again.",
        ),
        sa.Column(
            "linked_by",
            sa.BigInteger(),
            nullable=False,
            comment="The rules and the registry that statements are linked by.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_state")),
        comment="Which registry the record is linked by: one row.",
    )
    op.bulk_insert(state, [{"id": 0, "imported": 0, "linked_by": 0}])
