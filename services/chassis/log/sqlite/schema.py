"""The file: its tables, its version, and how it is made or refused."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from typing import Final

from services.chassis.errors import LogUnreadable

APPLICATION_ID: Final = 0x6F6E7265
"""``onre``: tells the log from any other SQLite file, the record's database among them."""
VERSION: Final = 2
"""``PRAGMA user_version``. A change of the tables raises it and brings the step from the version before."""

PARTITION_BITS: Final = 40
"""A record's id is its partition's id shifted by this, plus its offset: one integer key keeps each partition
together and in order, without a second index beside the large rows. 2**40 offsets and 2**23 partitions fit
SQLite's signed 64 bits."""

TABLES: Final = f"""
CREATE TABLE topic (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    partitions INTEGER NOT NULL CHECK (partitions > 0),
    retention_ms INTEGER,
    compact INTEGER NOT NULL,
    max_message_bytes INTEGER NOT NULL,
    identity TEXT NOT NULL DEFAULT ''  -- of this topic in this file alone; a copy of the file keeps it
) STRICT;
CREATE TABLE partition (
    id INTEGER PRIMARY KEY,
    topic_id INTEGER NOT NULL REFERENCES topic,
    number INTEGER NOT NULL,
    first_offset INTEGER NOT NULL DEFAULT 0,  -- the earliest kept; everything before it has expired
    next_offset INTEGER NOT NULL DEFAULT 0,
    compacted_to INTEGER NOT NULL DEFAULT 0,  -- offsets before this one have been compacted once
    compacted_rows INTEGER NOT NULL DEFAULT 0,  -- records left by the last compaction
    tombstone_due_ms INTEGER,  -- when the oldest tombstone it left may go
    UNIQUE (topic_id, number)
) STRICT;
CREATE TABLE record (
    id INTEGER PRIMARY KEY,  -- partition.id << {PARTITION_BITS} | offset
    timestamp_ms INTEGER NOT NULL,
    appended_ms INTEGER NOT NULL,
    key BLOB,
    headers BLOB,
    value BLOB
) STRICT;
CREATE TABLE group_offset (
    group_name TEXT NOT NULL,
    partition_id INTEGER NOT NULL REFERENCES partition,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (group_name, partition_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE lease (
    group_name TEXT PRIMARY KEY,
    token TEXT NOT NULL,
    slot TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    process_started INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE upkeep (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), due_ms INTEGER NOT NULL) STRICT;
INSERT INTO upkeep VALUES (1, 0);
CREATE VIEW readable_record AS  -- for people with a sqlite3 shell
    SELECT topic.name AS topic, partition.number AS partition, record.id & {(1 << PARTITION_BITS) - 1} AS "offset",
           record.timestamp_ms, record.key, record.headers, record.value
    FROM record JOIN partition ON partition.id = record.id >> {PARTITION_BITS} JOIN topic ON topic.id = partition.topic_id;
"""  # noqa: S608  made of this module's own numbers


_STEPS: Final = {
    1: (
        "ALTER TABLE topic ADD COLUMN identity TEXT NOT NULL DEFAULT ''",
        "UPDATE topic SET identity = lower(hex(randomblob(16)))",
    ),
}
"""What brings a file from a version to the next one."""


def prepare(connection: sqlite3.Connection, path: Path, patience_s: float) -> None:
    """Make the tables in a new file, or bring those of an existing log to this version.

    Raises:
        LogUnreadable: it is something else.
        sqlite3.Error: the file is damaged or locked.
    """
    if not _is_new(connection):
        _upgrade(connection)
        _check(connection, path)
        return
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _use_wal(connection, patience_s)
    connection.execute("BEGIN IMMEDIATE")
    try:
        if _is_new(connection):
            for statement in TABLES.split(";\n"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise
    _check(connection, path)


def _is_new(connection: sqlite3.Connection) -> bool:
    empty = connection.execute("SELECT count(*) FROM sqlite_schema").fetchone() == (0,)
    return empty and _pragma(connection, "application_id") == 0 and _pragma(connection, "user_version") == 0


def _upgrade(connection: sqlite3.Connection) -> None:
    """Take the steps from an older version to this one; anything else is left to :func:`_check`."""
    if (
        _pragma(connection, "application_id") != APPLICATION_ID
        or _pragma(connection, "user_version") not in _STEPS
    ):
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # read again under the lock: another process may have been first
        for version in range(_pragma(connection, "user_version"), VERSION):
            for statement in _STEPS[version]:
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    except BaseException:
        connection.rollback()
        raise


def _check(connection: sqlite3.Connection, path: Path) -> None:
    if _pragma(connection, "application_id") != APPLICATION_ID:
        raise LogUnreadable(
            f"{path} is a database, but not an event log: name another file (ONRECORD_LOG__PATH)"
        )
    version = _pragma(connection, "user_version")
    if version != VERSION:
        raise LogUnreadable(
            f"{path} is an event log of version {version} and this onrecord reads version {VERSION}: "
            "use the onrecord that wrote it, or name another file (ONRECORD_LOG__PATH)"
        )


def _pragma(connection: sqlite3.Connection, name: str) -> int:
    return int(connection.execute(f"PRAGMA {name}").fetchone()[0])


def _use_wal(connection: sqlite3.Connection, patience_s: float) -> None:
    """Readers and the writer do not block each other under WAL. The file remembers it."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            # SQLite does not call its busy handler here: two processes that make the file at the same moment
            # meet
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
