"""The ingest index's file: its transactions, and what SQLite's errors mean to who offers articles."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.chassis.errors import OnrecordError, TransientError
from services.chassis.sqlite_errors import CURES, cause_of, is_damage


@contextmanager
def explaining(path: Path) -> Iterator[None]:
    """Raise what SQLite's errors in the block mean.

    Raises:
        TransientError: the file cannot be read or written just now: it is locked, the disk is full, ….
        OnrecordError: it is damaged.
    """
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise OnrecordError(
                f"the ingest index {path} is damaged ({error}): stop ingest and delete it, it is made anew"
            ) from error
        cause = cause_of(error)
        if cause is None:
            raise
        raise TransientError(
            f"the ingest index {path} cannot be used just now: {error}: {CURES[cause]}"
        ) from error


@contextmanager
def transaction(db: sqlite3.Connection, path: Path) -> Iterator[None]:
    """Everything in the block happens to the file, or nothing; excludes other processes. Raises as
    :func:`explaining`."""
    with explaining(path):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        finally:
            # SQLite itself ends a transaction that fails for want of space; asked to end it again, it would
            # raise that instead
            if db.in_transaction:
                db.execute("ROLLBACK")
