"""Connections to the record's database, tuned for a writer, and what its errors mean."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from services.chassis.errors import CommitFailed, LimitExceeded, OnrecordError, SettingsError, TransientError
from services.chassis.sqlite_errors import CURES, DAMAGE, cause_of, code_of

BUSY_MS = 5_000
"""How long a SQLite writer waits for another one: far above one batch, far below the poll interval."""
CACHE_KIB = 32_768
"""SQLite's page cache: holds the hot part of four indexes; the default 2 MB makes inserts read-bound past 100
000 statements."""
STATEMENT_TIMEOUT_S = 20
"""Longest statement on PostgreSQL, waits for locks included; a batch takes milliseconds."""
IDLE_TIMEOUT_S = 60
"""A transaction left open by a frozen process holds its locks no longer than this; above one publication with
its retries."""
SOCKET_TIMEOUT_S = 30
"""A server that does not answer at all; above the statement timeout, so that the server's own error comes
first."""
PATIENCE_S = 3600
"""Longest statement of a migration: an index over millions of articles takes minutes, and so does waiting for
the replica that makes it. Cut off, it would be begun anew for ever."""

READS = "onrecord_reads"
"""Execution option of a connection that only reads: on SQLite it then never waits for the writer, nor holds
it up."""

CURE = "give sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME"
CURE_PLACE = "name a file in a folder that can be written to"
CURE_DAMAGE = "restore it from a backup, or move it away: it is made anew from the event log"

NOT_WRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
"""Its codes for a wrong place, when they come at the start; later they may pass (a disk mounted anew, file
descriptors used up)."""

DATA_ERRORS = ("22", "23", "54")
"""SQLSTATE classes for which the data is to blame: data exception, integrity constraint, program limit
exceeded."""

TIMEOUTS = ("57014", "55P03", "25P03", "40P01")
"""SQLSTATEs of a statement that took too long, a lock not granted, a transaction left idle, a deadlock."""
CONNECTION_ERRORS = ("08", "57P", "28", "3D", "53")
"""SQLSTATE classes of a server that cannot be used: connection, shutdown, authorisation, no such database,
out of resources."""


def open_engine(address: str) -> sa.Engine:
    """An engine for ``sqlite:///FILE`` or ``postgresql+pg8000://USER:PASSWORD@HOST/NAME``.

    A file is tried at once; a server is connected to only when used, because it may come up later.

    Raises:
        SettingsError: the address is of another form, or the file cannot be made, written or is no database.
    """
    try:
        url = make_url(address)
    except ArgumentError as error:
        raise SettingsError([f"ONRECORD_STORE__URL: not a database address; {CURE}"]) from error
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    if url.drivername == "postgresql+pg8000":
        return _postgresql(url, STATEMENT_TIMEOUT_S, SOCKET_TIMEOUT_S)
    raise SettingsError([f"ONRECORD_STORE__URL: {url.drivername} is not supported; {CURE}"])


def _sqlite(url: URL) -> sa.Engine:
    if not url.database or url.database == ":memory:":
        raise SettingsError([f"ONRECORD_STORE__URL: an in-memory database would forget the record; {CURE}"])
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(url.database, f"its folder cannot be made ({error.strerror})", CURE_PLACE) from error
    engine = sa.create_engine(url, connect_args={"timeout": BUSY_MS / 1000}, hide_parameters=True)

    def connected(connection: Any, _: Any) -> None:
        # transactions are begun below: the driver's own would start as readers and fail to upgrade under a
        # second writer
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            f"cache_size=-{CACHE_KIB}",
            "temp_store=MEMORY",
        ):
            connection.execute(f"PRAGMA {pragma}").close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(
            "BEGIN" if connection.get_execution_options().get(READS) else "BEGIN IMMEDIATE"
        )

    sa.event.listen(engine, "connect", connected)
    sa.event.listen(engine, "begin", begun)
    _try(engine, url.database)
    return engine


def _try(engine: sa.Engine, path: str) -> None:
    """Write something and take it back; whatever may pass, such as another writer's lock, is left to the
    first use."""
    try:
        with engine.connect() as connection, connection.begin() as attempt:
            # on a file that may only be read, even BEGIN IMMEDIATE begins a reader
            connection.exec_driver_sql("CREATE TABLE onrecord_can_write (x)")
            attempt.rollback()
    except sa.exc.DBAPIError as error:
        code = sqlite_code(error)
        if code in DAMAGE:
            raise _unusable(
                path, f"is not a usable SQLite database ({describe(error)})", CURE_DAMAGE
            ) from error
        if code in NOT_WRITABLE:
            raise _unusable(path, f"cannot be written ({describe(error)})", CURE_PLACE) from error
    finally:
        engine.dispose()


def _unusable(path: str, problem: str, cure: str) -> SettingsError:
    return SettingsError([f"ONRECORD_STORE__URL: {path}: {problem}; {cure}"])


@contextmanager
def patient(engine: sa.Engine) -> Iterator[sa.Engine]:
    """The same database, for statements that may take up to :data:`PATIENCE_S`."""
    if engine.dialect.name == "sqlite":
        yield engine
        return
    other = _postgresql(engine.url, PATIENCE_S, PATIENCE_S + SOCKET_TIMEOUT_S - STATEMENT_TIMEOUT_S)
    try:
        yield other
    finally:
        other.dispose()


def _postgresql(url: URL, statement_timeout_s: int, socket_timeout_s: int) -> sa.Engine:
    engine = sa.create_engine(
        url,
        client_encoding="utf8",
        pool_pre_ping=True,
        pool_size=2,
        hide_parameters=True,
        isolation_level="READ COMMITTED",
        connect_args={
            "timeout": socket_timeout_s,
            "tcp_keepalive": True,
            "application_name": "onrecord-aggregate",
        },
    )

    def connected(connection: Any, _: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = '{statement_timeout_s}s'")
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
        OnrecordError: SQLite's file is damaged; trying again cannot help.
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
        raise LimitExceeded(
            f"a number does not fit the database: {error}", stage="apply", reason="number_too_large"
        ) from error
    except DBAPIError as error:
        if is_data_error(error):
            raise LimitExceeded(
                f"the database refuses a row: {describe(error)}", stage="apply", reason="database_refuses"
            ) from error
        _check_damage(engine, error)
        raise CommitFailed(_explain(engine, error), cause="database") from error
    except OSError as error:
        raise CommitFailed(f"database cannot be reached: {error}", cause="database") from error


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection to read with, outside a batch.

    Raises:
        OnrecordError: SQLite's file is damaged; trying again cannot help.
        TransientError: the database cannot answer just now.
    """
    try:
        with engine.connect() as connection:
            yield connection.execution_options(**{READS: True})
    except (DBAPIError, OSError) as error:
        _check_damage(engine, error)
        raise TransientError(_explain(engine, error)) from error


def _explain(engine: sa.Engine, error: BaseException) -> str:
    original = error.orig if isinstance(error, DBAPIError) else None
    cause = cause_of(original) if isinstance(original, sqlite3.Error) else None
    if cause is None:
        return f"database: {describe(error)}"
    return f"database {engine.url.database}: {describe(error)}: {CURES[cause]}"


def _check_damage(engine: sa.Engine, error: BaseException) -> None:
    if sqlite_code(error) in DAMAGE:
        raise OnrecordError(
            f"the record's database {engine.url.database} is damaged ({describe(error)}); {CURE_DAMAGE}"
        ) from error


def sqlite_code(error: BaseException) -> int | None:
    """SQLite's primary result code; None when the error is not one of SQLite's."""
    original = error.orig if isinstance(error, DBAPIError) else None
    return code_of(original) if isinstance(original, sqlite3.Error) else None


def sqlstate(error: BaseException) -> str:
    """PostgreSQL's five-character error code, or nothing."""
    original = error.orig if isinstance(error, DBAPIError) else error
    detail = original.args[0] if original is not None and original.args else None
    return str(detail.get("C", "")) if isinstance(detail, dict) else ""


def failure_kind(error: BaseException | None) -> str | None:
    """What a failed transaction is counted under: ``connection``, ``timeout``, ``integrity`` or ``other``;
    None when the database is not to blame (the log may fail inside a transaction, too)."""
    if isinstance(error, DBAPIError):
        state, code = sqlstate(error), sqlite_code(error)
        if is_data_error(error):
            return "integrity"
        if state in TIMEOUTS or code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return "timeout"
        lost = state.startswith(CONNECTION_ERRORS) or code in NOT_WRITABLE
        # the driver's own errors carry no code: it lost the server
        return "connection" if lost or (not state and code is None) else "other"
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, OSError):
        return "connection"
    return "integrity" if isinstance(error, OverflowError) else None


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
