"""What the reader's role of the record's database must not be able to do."""

from __future__ import annotations

from collections.abc import Iterator

import sqlalchemy as sa
from sqlalchemy.exc import ProgrammingError

from schemas import relational

DENIED = "42501"
"""SQLSTATE of a missing privilege."""

OTHER_CHANGES = (
    "CREATE TABLE mine (x int)",
    "CREATE TEMPORARY TABLE mine (x int)",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "DROP TABLE statements",
    "SET ROLE onrecord",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY (SELECT 1) TO PROGRAM 'true'",
)


def changes() -> Iterator[str]:
    """Statements that change or reach more than the record's rows."""
    for table in relational.metadata.sorted_tables:
        column = next(iter(table.columns)).name
        yield f"INSERT INTO {table.name} DEFAULT VALUES"
        yield f"UPDATE {table.name} SET {column} = {column}"
        yield f"DELETE FROM {table.name}"
        yield f"TRUNCATE {table.name}"
    yield from OTHER_CHANGES


def not_denied(engine: sa.Engine) -> list[str]:
    """Those of :func:`changes` that privileges do not forbid, though the session asks to write."""
    found = []
    for statement in changes():
        with engine.connect() as connection:
            connection.exec_driver_sql("SET TRANSACTION READ WRITE")
            try:
                connection.exec_driver_sql(statement)
            except ProgrammingError as error:
                if error.orig is None or error.orig.args[0]["C"] != DENIED:
                    found.append(f"{statement}: {error.orig}")
            else:
                found.append(statement)
    return found
