"""The record's database, read-only: nothing this service does can change it."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, select
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from schemas import relational
from services.chassis.errors import SettingsError
from services.query.problems import unavailable

POOL = 8
"""Connections kept: the queries of one process on a few cores gain nothing from more."""
OVERFLOW = 32
"""Further connections for a burst: with the pool as many as FastAPI has worker threads, so that none waits
for a connection."""
QUERY_TIMEOUT_S = 10.0
"""A reader has left by then, and a query that long starves the others."""
GRACE_S = 2.0
"""How much longer than the query's own limit a silent server is waited for, so that its own error comes
first."""
BUSY_MS = 2_000
"""How long SQLite waits for a lock: longer than one batch of aggregate takes to commit."""
PROGRESS_STEPS = 10_000
"""SQLite instructions between two looks at the clock: about a millisecond."""

UNREACHABLE = "The database of the record cannot be reached just now. Try again in a moment."
NOT_MIGRATED = (
    "The database of the record holds no tables yet, or not all: the aggregate service makes them when it"
    " starts."
)
OUTDATED = (
    "The record's tables are of an older release: the aggregate service brings them up to date when it"
    " starts."
)
REFUSED = (
    "The database refuses this service's login: check ONRECORD_STORE__URL, and that its role exists"
    " (deploy/postgres/reader.sql)."
)
NOT_ALLOWED = (
    "This service's role may not read the record's tables: its owner must grant that"
    " (deploy/postgres/reader.sql)."
)
TOO_SLOW = (
    f"The query took longer than {QUERY_TIMEOUT_S:g} seconds. Narrow it, for example by a period or an"
    " outlet."
)

READ = (
    relational.documents, relational.statements, relational.search, relational.vocabulary, relational.actor_words, relational.retired,
    relational.shingles, relational.actors, relational.tallies, relational.identities, relational.candidates, relational.decisions,
    relational.trail, relational.source_hours, relational.changes,
)  # fmt: skip
"""The tables that answers are made of."""

_MISSING_TABLE = "42P01"
_MISSING_COLUMN = "42703"
_CANCELLED = "57014"
_DENIED = "42501"
_REFUSED = "28"

_log = structlog.get_logger("onrecord.query")


class Database:
    """A pool of read-only connections to the record."""

    def __init__(self, address: str) -> None:
        """``address`` as in the setting ``store.url``. Nothing is opened yet.

        Raises:
            SettingsError: the address is not one of a SQLite file or a PostgreSQL database.
        """
        try:
            url = make_url(address)
        except ArgumentError:
            url = None
        if url is None or url.get_backend_name() not in ("sqlite", "postgresql") or not url.database:
            raise SettingsError(
                ["ONRECORD_STORE__URL: give sqlite:///FILE or postgresql+pg8000://USER:PASSWORD@HOST/NAME"]
            )
        self.engine = _sqlite(Path(url.database)) if url.get_backend_name() == "sqlite" else _postgres(url)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one consistent state of the record until the block ends.

        Raises:
            Trouble: 503 when the database cannot be reached, is not migrated, or a query takes too long.
        """
        try:
            with self.engine.connect() as connection:
                self.more_time(connection)
                try:
                    yield connection
                except OSError:
                    # pg8000's socket: an answer may still be under way, so nobody may use this connection
                    # again
                    connection.invalidate()
                    raise
        except (SQLAlchemyError, OSError) as error:
            detail = _explain(error)
            if detail is None:
                raise
            _log.warning(
                "record_unavailable",
                detail=detail,
                error=type(getattr(error, "orig", None) or error).__name__,
            )
            raise unavailable(detail) from error

    @staticmethod
    def more_time(connection: Connection) -> None:
        """Give a connection of :meth:`reading` the time of one query again, for work of many queries.
        PostgreSQL counts by query anyway."""
        if connection.dialect.name == "sqlite":
            connection.info["deadline"][0] = time.monotonic() + QUERY_TIMEOUT_S

    def check(self) -> list[str]:
        """Why the record cannot be read just now; empty when it can."""
        try:
            with self.engine.connect() as connection:
                for table in READ:
                    connection.execute(select(table).limit(0))
        except (SQLAlchemyError, OSError) as error:
            return [
                _explain(error)
                or f"the database of the record answers with an error ({type(error).__name__})"
            ]
        return []

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _sqlite(path: Path) -> Engine:
    def connect() -> sqlite3.Connection:
        # autocommit mode: SQLAlchemy's own BEGIN (below) starts the snapshot; sqlite3 would start none for a
        # SELECT
        uri = f"file:{quote(str(path.absolute()))}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False)

    engine = create_engine(
        "sqlite://",
        creator=connect,
        poolclass=QueuePool,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: sqlite3.Connection, record: object) -> None:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        connection.execute("PRAGMA query_only = ON")
        deadline = [float("inf")]
        record.info["deadline"] = deadline  # type: ignore[attr-defined]
        connection.set_progress_handler(lambda: time.monotonic() > deadline[0], PROGRESS_STEPS)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    return engine


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url,
        pool_size=POOL,
        max_overflow=OVERFLOW,
        pool_pre_ping=True,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
        connect_args={"timeout": QUERY_TIMEOUT_S + GRACE_S},
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: object, record: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        cursor.execute("SET SESSION default_transaction_read_only = on")
        cursor.execute(f"SET SESSION statement_timeout = {int(QUERY_TIMEOUT_S * 1000)}")
        connection.commit()  # type: ignore[attr-defined]

    return engine


def _explain(error: SQLAlchemyError | OSError) -> str | None:
    """What a person should read, or None when the error is this program's fault."""
    if isinstance(error, OSError):
        return UNREACHABLE
    if not isinstance(error, DBAPIError):
        # only the pool raises others here: no connection came free in time
        return UNREACHABLE if type(error).__name__ == "TimeoutError" else None
    message, state = str(error.orig), _state(error)
    if "no such table" in message or state == _MISSING_TABLE:
        return NOT_MIGRATED
    if "no such column" in message or state == _MISSING_COLUMN:
        return OUTDATED
    if state == _DENIED:
        return NOT_ALLOWED
    if state.startswith(_REFUSED):
        return REFUSED
    if message == "interrupted" or state == _CANCELLED:
        return TOO_SLOW
    if (
        error.connection_invalidated
        or any(sign in message for sign in _SQLITE_AWAY)
        or not _has_sqlstate(error)
    ):
        return UNREACHABLE
    return None


_SQLITE_AWAY = (
    "unable to open database file",
    "database is locked",
    "disk I/O error",
    "file is not a database",
    "readonly database",
)


def _has_sqlstate(error: DBAPIError) -> bool:
    """Whether the database itself reported the error (a fault in a query), rather than the connection to
    it."""
    if isinstance(error.orig, sqlite3.Error):
        return True
    state = _state(error)
    # 08 connection exception, 53 out of resources, 57P shutting down, 3D no such database
    return bool(state) and not state.startswith(("08", "53", "57P", "3D"))


def _state(error: DBAPIError) -> str:
    """PostgreSQL's SQLSTATE; empty where the error is not its."""
    first = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return str(first.get("C", "")) if isinstance(first, dict) else ""
