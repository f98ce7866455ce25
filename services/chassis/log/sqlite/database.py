"""Connections to the file, transactions on them, and what SQLite's errors mean here."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NoReturn

from services.chassis.errors import CommitFailed, LogUnreadable, TransientError
from services.chassis.log.sqlite import place, schema
from services.chassis.reach import OpenedFile
from services.chassis.sqlite_errors import CURES, cause_of, is_damage

CACHE_KIB: Final = 8192
"""Page cache of a connection: a batch of articles and the tips of all partitions."""
WAL_BYTES: Final = 64 * 1_048_576
"""The write-ahead log is cut back to this after a checkpoint; larger than any batch, small beside the log."""
STATEMENTS: Final = 64
"""Prepared statements kept per connection: more than this package has."""


class File:
    """One log file as this process sees it: what all its connections share."""

    def __init__(self, path: Path, busy_timeout_s: float) -> None:
        """Open the file, or make it.

        Raises:
            LogUnreadable: not a file this version can read and write.
            TransientError: locked by somebody for longer than ``busy_timeout_s``.
        """
        self.path = path
        self.busy_timeout_s = busy_timeout_s
        self.turn = threading.Lock()
        """Writers of one process queue here: SQLite's own waiting polls, with growing pauses."""
        place.check(path)
        # this file, wherever the process goes
        self._where = path.absolute()
        self._opened: OpenedFile | None = None
        try:
            connection = self.connect()
            try:
                schema.prepare(connection, path, busy_timeout_s)
                self._opened = OpenedFile(self._where)
            finally:
                connection.close()
        except sqlite3.Error as error:
            self.fail(error)

    def connect(self) -> sqlite3.Connection:
        """A new connection, in autocommit mode: transactions are begun by hand. May be used by any one thread
        at a time.

        Raises:
            TransientError: the file is no longer where it was opened.
        """
        self.require()
        # only the first one may make the file
        mode = "rwc" if self._opened is None else "rw"
        connection = sqlite3.connect(
            f"{self._where.as_uri()}?mode={mode}", uri=True, timeout=self.busy_timeout_s, isolation_level=None,
            check_same_thread=False, cached_statements=STATEMENTS,
        )  # fmt: skip
        try:
            # FULL: a commit has reached the disk when it returns, through a power cut too
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute(f"PRAGMA journal_size_limit = {WAL_BYTES}")
            # some builds overwrite what is deleted, which doubles the writing when articles expire
            connection.execute("PRAGMA secure_delete = FAST")
        except sqlite3.Error:
            connection.close()
            raise
        return connection

    def require(self, *, writing: bool = False) -> None:
        """See that the file is where it was opened; costs microseconds.

        An open connection goes on with a file that was moved or deleted: what is appended would be where
        nobody looks for it.

        Raises:
            TransientError: it was moved away, deleted or replaced; it may be put back. ``writing``:
                :class:`CommitFailed`.
        """
        if self._opened is None:
            return
        try:
            self._opened.check()
        except TransientError as error:
            raise (CommitFailed(str(error), cause="io") if writing else error) from error

    def fail(self, error: sqlite3.Error, *, writing: bool = False) -> NoReturn:
        """Raise what a SQLite error means to a caller; one that only a mistake in this package can cause
        stays as it is."""
        if is_damage(error):
            raise LogUnreadable(
                f"{self.path} is damaged or not an event log ({error}): restore it from a copy, or move it"
                " away to begin a new log"
            ) from error
        cause = cause_of(error)
        if cause is None:
            raise error
        message = f"event log {self.path}: {error}: {CURES[cause]}"
        raise (CommitFailed(message, cause=cause) if writing else TransientError(message)) from error


class Database:
    """One connection and its transactions. One thread at a time; a lock makes others wait."""

    def __init__(self, file: File) -> None:
        self.file = file
        self._lock = threading.RLock()
        try:
            self._connection = file.connect()
        except sqlite3.Error as error:
            file.fail(error)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """One consistent view of the log.

        Raises:
            TransientError: the file cannot be read just now, or is not where it was opened.
            LogUnreadable: it is damaged.
        """
        with self._lock, self._explaining(writing=False):
            try:
                self._connection.execute("BEGIN")
                yield self._connection
            finally:
                self._end()

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction, on disk when the block has ended, undone when it raises.

        Raises:
            CommitFailed: somebody else holds the write lock, the disk is full, the file is gone, …: nothing
                is visible.
            LogUnreadable: the file is damaged.
        """
        with self._lock:
            if not self.file.turn.acquire(timeout=self.file.busy_timeout_s):
                raise CommitFailed(
                    f"event log {self.file.path}: another thread holds the write lock; it is tried again",
                    cause="busy",
                )
            try:
                with self._explaining(writing=True):
                    try:
                        self._connection.execute("BEGIN IMMEDIATE")
                        yield self._connection
                        self._connection.execute("COMMIT")
                    finally:
                        self._end()
            finally:
                self.file.turn.release()

    def version(self) -> int:
        """Changes when another connection has committed; asking costs microseconds.

        Raises:
            TransientError: the file cannot be read just now.
        """
        with self._lock, self._explaining(writing=False):
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection; safe to call twice."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _explaining(self, *, writing: bool) -> Iterator[None]:
        self.file.require(writing=writing)
        try:
            yield
        except sqlite3.Error as error:
            self.file.fail(error, writing=writing)

    def _end(self) -> None:
        # SQLite itself ends a transaction that fails for want of space
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
