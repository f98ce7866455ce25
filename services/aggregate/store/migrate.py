"""Bring the database to this release's tables."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
import structlog
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from services.aggregate.store.engine import patient, transaction
from services.aggregate.store.locks import Kind

SCRIPTS = Path(__file__).parent / "migrations"

logger = structlog.get_logger()


def migrate(engine: sa.Engine) -> None:
    """Run the migrations that are missing, in one transaction. Of two processes that start at once, one waits
    for the other.

    Tables of a newer release stay as they are: migrations only add what an older release can leave out, so
    that one can go back to it.

    Raises:
        CommitFailed: the database cannot be reached or migrated just now; nothing was changed.
    """
    with patient(engine) as unhurried, transaction(unhurried) as connection:
        # SQLite's transaction is exclusive from its begin
        if connection.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(Kind.MIGRATION.value, 0)))
        config = configuration()
        found = MigrationContext.configure(connection).get_current_revision()
        if found is not None and found not in {
            script.revision for script in ScriptDirectory.from_config(config).walk_revisions()
        }:
            logger.warning(
                "the record's tables are of a newer release", service="aggregate", found=found, known=head()
            )
            return
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def configuration() -> Config:
    """Alembic's configuration; there is no alembic.ini, because migrations run inside the service."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "os")
    return config


def head() -> str | None:
    """The newest migration of this release."""
    return ScriptDirectory.from_config(configuration()).get_current_head()
