"""What SQLite's errors mean to whoever runs the program: one list for every file of ours."""

from __future__ import annotations

import sqlite3
from typing import Final

DAMAGE: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""Codes of a file that no waiting mends."""
_CAUSES: Final = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "disk_full",
    sqlite3.SQLITE_IOERR: "io",
    sqlite3.SQLITE_CANTOPEN: "io",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_PROTOCOL: "busy",
    sqlite3.SQLITE_NOMEM: "memory",
}
CURES: Final = {
    "busy": "another process holds the write lock; it is tried again",
    "disk_full": "the disk is full: make room",
    "io": (
        "the file or its directory cannot be read or written: see that both are there and that the disk has"
        " room"
    ),
    "read_only": "the file or its directory is read-only: make it writable",
    "memory": "out of memory",
}


def code_of(error: BaseException) -> int:
    """The primary result code; 0 for an error of Python's module itself."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file is damaged, or no database."""
    return code_of(error) in DAMAGE


def cause_of(error: sqlite3.Error) -> str | None:
    """A bounded label of what may pass by itself or once somebody has acted, one of :data:`CURES`; None for a
    mistake in the program."""
    return _CAUSES.get(code_of(error))
