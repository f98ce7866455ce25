# ruff: noqa: S608 - our own names
"""The search index: what is on record in short, its words, and the words there are.

Triggers keep it, so that every change of a statement changes it in the same transaction, whichever release
makes the change. What is stored already gets its words when the service starts
(:mod:`services.aggregate.store.adopting`): in steps, because that takes minutes.
"""

import sqlalchemy as sa
import structlog
from alembic import op
from sqlalchemy.dialects.postgresql import TSVECTOR

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

KEY = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
MIRRORED = (
    "statement_id", "article_id", "actor_id", "kind", "subkind", "stance", "denied", "negated", "confidence", "source_confidence", "outlet",
    "sort_at", "appearance_of", "standing", "shred",
)  # fmt: skip
NAMES = ", ".join(MIRRORED)
NEW = ", ".join(f"NEW.{name}" for name in MIRRORED)
SET = ", ".join(f"{name} = NEW.{name}" for name in MIRRORED)
OLD = ", ".join(f"OLD.{name}" for name in MIRRORED)

logger = structlog.get_logger()


def upgrade() -> None:
    """Add the tables, and what keeps them."""
    comment = "schemas.words.indexed() of the spans, for search; null where an earlier release stored it."
    op.add_column("statements", sa.Column("words", sa.Text(), nullable=True, comment=comment))
    where = sa.text("words IS NULL")
    op.create_index(
        "ix_statements_unindexed", "statements", ["statement_id"], sqlite_where=where, postgresql_where=where
    )
    # articles, newest first: undated ones (microseconds of schemas.relational.UNDATED) last
    moment = sa.text("coalesce(published_at, -62135596800000000)")
    op.create_index("ix_documents_newest", "documents", ["withdrawn", moment, "article_id"])
    _tables()
    if op.get_context().dialect.name == "postgresql":
        _postgresql()
    else:
        _sqlite()
    op.execute(
        f"INSERT INTO search ({NAMES}) SELECT {NAMES} FROM statements WHERE on_record ORDER BY sort_at"
    )
    for columns in (["sort_at"], ["actor_id", "sort_at"], ["outlet", "sort_at"]):
        columns += ["statement_id", "standing"]
        op.create_index(op.f(f"ix_search_{'_'.join(columns)}"), "search", columns, unique=False)
    op.create_index(op.f("ix_search_appearance_of"), "search", ["appearance_of"], unique=False)


def _tables() -> None:
    op.create_table(
        "search",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False, autoincrement=True,
            comment="SQLite: the rowid in search_words.",
        ),
        *(sa.Column(name, KEY, nullable=False) for name in MIRRORED[:6]),
        *(sa.Column(name, sa.Boolean(), nullable=True) for name in MIRRORED[6:8]),
        sa.Column("confidence", sa.Double(), nullable=False),
        sa.Column("source_confidence", sa.Double(), nullable=True),
        sa.Column("outlet", KEY, nullable=True),
        sa.Column("sort_at", sa.BigInteger(), nullable=False),
        sa.Column("appearance_of", KEY, nullable=True),
        sa.Column("standing", sa.SmallInteger(), nullable=True),
        sa.Column("shred", sa.Boolean(), nullable=True),
        sa.Column(
            "vector", TSVECTOR().with_variant(sa.Text(), "sqlite"), nullable=True,
            comment="The words, on PostgreSQL; on SQLite they are in search_words.",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search")),
        comment="Statements on record, in short. Kept by triggers on statements, in the transaction that changes them.",
    )  # fmt: skip
    op.create_index(op.f("ix_search_statement_id"), "search", ["statement_id"], unique=True)
    op.create_table(
        "vocabulary",
        sa.Column("language", KEY, nullable=False, comment="Of the stem: schemas.words.base()."),
        sa.Column("stem", KEY, nullable=False),
        sa.Column("word", KEY, nullable=False),
        sa.PrimaryKeyConstraint("language", "stem", "word", name=op.f("pk_vocabulary")),
        comment=(
            "Words that statements and names have had: what forms a word has, and how one might be spelt."
            " Words stay when what held them goes; whether one is on record, the index says."
        ),
    )
    op.create_table(
        "actor_words",
        sa.Column("word", KEY, nullable=False),
        sa.Column("actor_id", KEY, nullable=False),
        sa.PrimaryKeyConstraint("word", "actor_id", name=op.f("pk_actor_words")),
        comment="The words of the actors' names and aliases. Derived from actors.",
    )
    op.create_index(op.f("ix_actor_words_actor_id"), "actor_words", ["actor_id"], unique=False)


def _sqlite() -> None:
    # words come folded and separated by blanks; to this tokenizer all that is not ASCII is a letter
    op.execute(
        "CREATE VIEW search_content AS SELECT s.id AS id, t.words AS words FROM search s JOIN statements t"
        " USING (statement_id)"
    )
    op.execute(
        "CREATE VIRTUAL TABLE search_words USING fts5(words, content='search_content', content_rowid='id',"
        " tokenize='ascii')"
    )
    op.execute("CREATE VIRTUAL TABLE spellings USING fts5(word, tokenize='trigram')")
    op.execute(
        "CREATE TRIGGER vocabulary_spelling AFTER INSERT ON vocabulary "
        "BEGIN INSERT INTO spellings (word) VALUES ('  ' || NEW.word || ' '); END"
    )  # fmt: skip
    remove = (
        "INSERT INTO search_words (search_words, rowid, words) SELECT 'delete', id, OLD.words FROM search "
        "WHERE statement_id = OLD.statement_id AND OLD.words IS NOT NULL;"
    )
    add = (
        "INSERT INTO search_words (rowid, words) SELECT id, NEW.words FROM search "
        "WHERE statement_id = NEW.statement_id AND NEW.words IS NOT NULL;"
    )
    leave = f"{remove} DELETE FROM search WHERE statement_id = OLD.statement_id;"
    come = f"INSERT INTO search ({NAMES}) VALUES ({NEW}); {add}"
    for name, event, when, body in (
        ("come", "INSERT", "NEW.on_record", come),
        ("leave", "DELETE", "OLD.on_record", leave),
        ("return", "UPDATE", "NEW.on_record AND NOT OLD.on_record", come),
        ("retract", "UPDATE", "OLD.on_record AND NOT NEW.on_record", leave),
        (
            "change", "UPDATE", f"OLD.on_record AND NEW.on_record AND ({OLD}) IS NOT ({NEW})",
            f"UPDATE search SET {SET} WHERE statement_id = OLD.statement_id;",
        ),
        ("reword", "UPDATE", "OLD.on_record AND NEW.on_record AND OLD.words IS NOT NEW.words", f"{remove} {add}"),
    ):  # fmt: skip
        op.execute(f"CREATE TRIGGER search_{name} AFTER {event} ON statements WHEN {when} BEGIN {body} END")


def _postgresql() -> None:
    op.create_index(op.f("ix_search_vector"), "search", ["vector"], unique=False, postgresql_using="gin")
    op.execute(
        "CREATE OR REPLACE FUNCTION onrecord_vector(words text) RETURNS tsvector LANGUAGE sql IMMUTABLE STRICT PARALLEL"
        " SAFE AS $$ SELECT coalesce(string_agg('''' || word || '''\\:' || place, ' '), '')\\:\\:tsvector"
        " FROM unnest(string_to_array(words, ' ')) WITH ORDINALITY AS found (word, place) $$"
    )
    op.execute(f"""
        CREATE OR REPLACE FUNCTION onrecord_search() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
          IF TG_OP <> 'INSERT' AND OLD.on_record AND (TG_OP = 'DELETE' OR NOT NEW.on_record) THEN
            DELETE FROM search WHERE statement_id = OLD.statement_id;
          ELSIF TG_OP = 'UPDATE' AND OLD.on_record AND OLD.words IS NOT DISTINCT FROM NEW.words THEN
            IF ({OLD}) IS DISTINCT FROM ({NEW}) THEN
              UPDATE search SET {SET} WHERE statement_id = OLD.statement_id;
            END IF;
          ELSIF TG_OP = 'UPDATE' AND OLD.on_record THEN
            UPDATE search SET {SET}, vector = onrecord_vector(NEW.words) WHERE statement_id = OLD.statement_id;
          ELSIF TG_OP <> 'DELETE' AND NEW.on_record THEN
            INSERT INTO search ({NAMES}, vector) VALUES ({NEW}, onrecord_vector(NEW.words));
          END IF;
          RETURN NULL;
        END $$""")
    op.execute(
        "CREATE TRIGGER onrecord_search AFTER INSERT OR UPDATE OR DELETE ON statements FOR EACH ROW EXECUTE"
        " FUNCTION onrecord_search()"
    )
    _trigrams()


def _trigrams() -> None:
    """Without trigrams search works, but cannot say what a misspelt word may mean."""
    connection = op.get_bind()
    try:
        with connection.begin_nested():
            connection.exec_driver_sql("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            connection.exec_driver_sql(
                "CREATE INDEX ix_vocabulary_word ON vocabulary USING gin (word gin_trgm_ops)"
            )
    except sa.exc.DBAPIError as error:
        detail = error.orig.args[0] if error.orig is not None and error.orig.args else None
        logger.warning(
            "search will not suggest spellings: the extension pg_trgm cannot be made; install it (Debian:"
            " postgresql-contrib) and run CREATE EXTENSION pg_trgm; CREATE INDEX ON vocabulary USING gin"
            " (word gin_trgm_ops); as the database's owner",
            service="aggregate",
            error=str(detail.get("M")) if isinstance(detail, dict) else type(error).__name__,
        )
