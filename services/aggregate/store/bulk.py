"""Many rows in one statement, the fast way of each engine.

SQLite takes an ``executemany`` of a prepared statement; PostgreSQL takes all rows as one JSON parameter,
because its driver makes one round trip per row otherwise. Rows are plain values: instants as microseconds,
JSON columns as Python values.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

Row = Mapping[str, Any]
T = TypeVar("T")

CHUNK = 500
"""Values per ``IN`` list: far below SQLite's 32 766 parameters, and few enough different statements to stay
in its cache."""


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """The values in lists of at most ``size``."""
    chunk: list[T] = []
    for value in values:
        chunk.append(value)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def upsert(
    connection: sa.Connection,
    table: sa.Table,
    rows: Sequence[Row],
    *,
    add: tuple[str, ...] = (),
    most: tuple[str, ...] = (),
) -> None:
    """Insert the rows; where the primary key exists, replace the other columns, add to those named in
    ``add``, keep the greater of those named in ``most``.

    Rows must have distinct primary keys and every column of the table. They are written in the order given:
    sort them where several writers may meet.
    """
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        columns = [(column.name, isinstance(column.type, sa.JSON)) for column in table.columns]
        values = [
            tuple(_json(row[name]) if packed else row[name] for name, packed in columns) for row in rows
        ]
        connection.exec_driver_sql(_sqlite_upsert(table, add, most), values)
    else:
        connection.execute(
            _postgresql_upsert(table, add, most),
            {"rows": json.dumps(rows, ensure_ascii=False, separators=(",", ":"))},
        )


def _json(value: Any) -> str | None:
    return None if value is None else json.dumps(value, ensure_ascii=False, separators=(",", ":"))


@lru_cache
def _sqlite_upsert(table: sa.Table, add: tuple[str, ...], most: tuple[str, ...]) -> str:
    names = [column.name for column in table.columns]
    marks = ", ".join("?" for _ in names)
    return (
        f"INSERT INTO {table.name} ({_list(names)}) VALUES ({marks}) {_on_conflict(table, add, most, 'max')}"  # noqa: S608 - our own names
    )


@lru_cache
def _postgresql_upsert(table: sa.Table, add: tuple[str, ...], most: tuple[str, ...]) -> sa.TextClause:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    names = _list(column.name for column in table.columns)
    # a collation belongs to the column, not to the type of a record
    types = ", ".join(
        f'"{c.name}" {c.type.compile(dialect=dialect).partition(" COLLATE ")[0]}' for c in table.columns
    )
    return sa.text(
        f"INSERT INTO {table.name} ({names}) SELECT {names} FROM json_to_recordset(CAST(:rows AS json)) AS incoming({types}) "  # noqa: S608
        + _on_conflict(table, add, most, "greatest")
    )


def _on_conflict(table: sa.Table, add: tuple[str, ...], most: tuple[str, ...], greater: str) -> str:
    key = [column.name for column in table.primary_key]

    def value(name: str) -> str:
        old, new = f'{table.name}."{name}"', f'excluded."{name}"'
        return f"{old} + {new}" if name in add else f"{greater}({old}, {new})" if name in most else new

    sets = ", ".join(
        f'"{column.name}" = {value(column.name)}' for column in table.columns if column.name not in key
    )
    return (
        f"ON CONFLICT ({_list(key)}) DO UPDATE SET {sets}"
        if sets
        else f"ON CONFLICT ({_list(key)}) DO NOTHING"
    )


def _list(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def change(connection: sa.Connection, column: sa.Column[Any], values: Mapping[str, str]) -> None:
    """Set a text column of the rows with these primary keys."""
    table, (key,) = column.table.name, column.table.primary_key.columns
    if connection.dialect.name == "sqlite":
        rows = [(value, name) for name, value in values.items()]
        connection.exec_driver_sql(f'UPDATE {table} SET "{column.name}" = ? WHERE "{key.name}" = ?', rows)  # noqa: S608 - our own names
    else:
        incoming = "json_each_text(CAST(:values AS json)) AS incoming (name, value)"
        where = f'{table}."{key.name}" = incoming.name'
        setting = f'UPDATE {table} SET "{column.name}" = incoming.value'  # noqa: S608 - our own names
        statement = sa.text(f"{setting} FROM {incoming} WHERE {where}")
        connection.execute(statement, {"values": json.dumps(values, ensure_ascii=False)})


def delete(connection: sa.Connection, column: sa.Column[Any], values: Iterable[str]) -> None:
    """Delete the rows whose ``column`` is among the values."""
    for chunk in chunks(values):
        connection.execute(sa.delete(column.table).where(column.in_(chunk)))
