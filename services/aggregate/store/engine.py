"""Connections to the record's database, tuned for a writer, and what its errors mean."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from services.chassis.errors import CommitFailed, LimitExceeded, SettingsError, TransientError

BUSY_MS = 5_000
"""How long a SQLite writer waits for another one: far above one batch, far below the poll interval."""
CACHE_KIB = 32_768
"""SQLite's page cache: holds the hot part of four indexes; the default 2 MB makes inserts read-bound past 100 000 statements."""
STATEMENT_TIMEOUT_S = 20
"""Longest statement on PostgreSQL, waits for locks included; a batch takes milliseconds."""
IDLE_TIMEOUT_S = 60
"""A transaction left open by a frozen process holds its locks no longer than this; above one publication with its retries."""
SOCKET_TIMEOUT_S = 30
"""A server that does not answer at all; above the statement timeout, so that the server's own error comes first."""

CURE = "give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"

DATA_ERRORS = ("22", "23", "54")
"""SQLSTATE classes for which the data is to blame: data exception, integrity constraint, program limit exceeded."""


def open_engine(address: str) -> sa.Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql+pg8000://USER:PASSWORD@HOST/NAME``. Connects only when used.

    Raises:
        SettingsError: the address is of another form.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SettingsError([f"ONRECORD_STORE__URL: not a database address; {CURE}"]) from error
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.drivername == "postgresql+pg8000":
        return _postgresql(url)
    raise SettingsError([f"ONRECORD_STORE__URL: {url.drivername} is not supported; {CURE}"])


def _sqlite(url: URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError([f"ONRECORD_STORE__URL: an in-memory database would forget the record; {CURE}"])
    Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_MS / 1000})

    def connected(connection: Any, _: Any) -> None:
        # transactions are begun below: the driver's own would start as readers and fail to upgrade under a second writer
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", f"cache_size=-{CACHE_KIB}", "temp_store=MEMORY"):
            connection.execute(f"PRAGMA {pragma}").close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    return engine


def _postgresql(url: URL) -> sa.Engine:
    engine = sa.create_engine(
        url,
        client_encoding="utf8",
        pool_pre_ping=True,
        pool_size=2,
        isolation_level="READ COMMITTED",
        connect_args={"timeout": SOCKET_TIMEOUT_S, "tcp_keepalive": True, "application_name": "onrecord-aggregate"},
    )

    def connected(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = '{STATEMENT_TIMEOUT_S}s'")
        cursor.execute(f"SET idle_in_transaction_session_timeout = '{IDLE_TIMEOUT_S}s'")
        cursor.execute("SET synchronous_commit = on")
        cursor.close()
        connection.commit()

    sa.event.listen(engine, "connect", connected)
    return engine


@contextmanager
def transaction(engine: sa.Engine) -> Iterator[sa.Connection]:
    """One transaction; errors come out as what they mean to a stage.

    Raises:
        LimitExceeded: the database can never take these rows.
        CommitFailed: anything else went wrong, or the outcome of the commit is unknown.
    """
    try:
        with engine.connect() as connection:
            try:
                with connection.begin():
                    yield connection
            except (DBAPIError, OSError):
                # its state is unknown (a reply may still be on its way): never hand it out again
                connection.invalidate()
                raise
    except OverflowError as error:
        raise LimitExceeded(f"a number does not fit the database: {error}", stage="apply", reason="number_too_large") from error
    except DBAPIError as error:
        if is_data_error(error):
            raise LimitExceeded(f"the database refuses a row: {describe(error)}", stage="apply", reason="database_refuses") from error
        raise CommitFailed(f"database: {describe(error)}", cause="database") from error
    except OSError as error:
        raise CommitFailed(f"database cannot be reached: {error}", cause="database") from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with, outside a batch.

    Raises:
        TransientError: the database cannot answer just now.
    """
    try:
        with engine.connect() as connection:
            yield connection
    except (DBAPIError, OSError) as error:
        raise TransientError(f"database: {describe(error)}") from error


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character error code, or nothing."""
    original = error.orig if isinstance(error, DBAPIError) else error
    detail = original.args[0] if original is not None and original.args else None
    return str(detail.get("C", "")) if isinstance(detail, dict) else ""


def is_data_error(error: DBAPIError) -> bool:
    """Whether the rows are to blame, so that trying again cannot help."""
    state = sqlstate(error)
    if state:
        return state[:2] in DATA_ERRORS
    return isinstance(error, (sa.exc.DataError, sa.exc.IntegrityError))


def describe(error: BaseException) -> str:
    """The database's message without the statement and its parameters: those may hold an article's text."""
    original = error.orig if isinstance(error, DBAPIError) else error
    detail = original.args[0] if original is not None and original.args else None
    if isinstance(detail, dict):
        return f"{detail.get('M', 'error')} ({detail.get('C', 'no code')})"
    return f"{type(original).__name__}: {detail or 'no detail'}"
