"""Where the file lies: what is refused before SQLite touches it."""

from __future__ import annotations

import os
from pathlib import Path

from services.chassis.errors import LogUnreadable

ANOTHER = "or name another file (ONRECORD_LOG__PATH)"


def check(path: Path) -> None:
    """See that a log may be at ``path``, or be made there, and make its directory.

    Raises:
        LogUnreadable: something else is there, it may not be written, or a part of it is missing.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogUnreadable(f"{path}: its directory cannot be made ({error.strerror})") from error
    if path.is_dir():
        raise LogUnreadable(
            f"{path} is a directory, not an event log: name a file in it (ONRECORD_LOG__PATH)"
        )
    beside = path.with_name(path.name + "-wal")
    # in this order: whoever makes the file just now gives it its first page before there is a write-ahead log
    if _size(beside) and not _size(path):
        raise LogUnreadable(
            f"event log {path} is not there or empty, but its write-ahead log {beside} is: put the file back"
            f" beside it, or move that away too to begin a new log, {ANOTHER}"
        )
    if path.exists() and not os.access(path, os.R_OK | os.W_OK):
        raise LogUnreadable(f"event log {path} is read-only: make it and its directory writable, {ANOTHER}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise LogUnreadable(f"event log {path}: its directory is read-only: make it writable, {ANOTHER}")


def is_missing(path: Path) -> bool:
    """Whether there is no log yet: no file, or one in which nothing was ever written."""
    return not _size(path)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
