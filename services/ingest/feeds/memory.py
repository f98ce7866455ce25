"""What is remembered of feeds between polls, in the ingest index's file: validators, the next poll, entries
done."""

from __future__ import annotations

import sqlite3
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from services.ingest.feeds.entries import Entry
from services.ingest.index_file import explaining

MAX_TRIES = 5
"""An entry whose page cannot be had in five polls is given up."""
FORGET_AFTER_S = 90 * 86_400.0
"""Feeds list days or weeks; what has not been listed for a quarter is over."""
_BUSY_S = 30.0


class FeedState(BaseModel):
    """What one feed's last poll left. Times are Unix seconds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    etag: str | None = None
    last_modified: str | None = None
    next_poll_at: float = 0.0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Pending:
    """An entry to be taken, and how often that was tried in vain."""

    entry: Entry
    tries: int


class FeedMemory:
    """The tables ``feeds`` and ``entries``; made by :class:`services.ingest.index.ArticleIndex`. Safe to
    share between threads.

    Everything raises :class:`services.chassis.errors.TransientError` while the file cannot be read or
    written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def state(self, url: str) -> FeedState:
        """The feed's state; a new one when there is none that can be read."""
        with self._lock, explaining(self._path):
            row = self._db.execute("SELECT state FROM feeds WHERE url = ?", (url,)).fetchone()
        try:
            return FeedState.model_validate_json(row[0]) if row else FeedState()
        except ValidationError:
            return FeedState()

    def keep(self, url: str, state: FeedState) -> None:
        """Remember the feed's state."""
        with self._lock, explaining(self._path):
            self._db.execute("INSERT OR REPLACE INTO feeds VALUES (?, ?)", (url, state.model_dump_json()))

    def pending(self, feed: str, entries: list[Entry]) -> list[Pending]:
        """The entries that are new, changed, or not had yet; entries long gone from the feed are
        forgotten."""
        now = time.time()
        pending = []
        with self._lock, explaining(self._path):
            for entry in entries:
                row = self._db.execute(
                    "SELECT version, tries FROM entries WHERE feed = ? AND entry = ?", (feed, entry.key)
                ).fetchone()
                version, tries = row or ("", 0)
                if version != entry.version:
                    pending.append(Pending(entry, 0))
                elif 0 < tries < MAX_TRIES:
                    pending.append(Pending(entry, tries))
                else:
                    self._db.execute(
                        "UPDATE entries SET seen_at = ? WHERE feed = ? AND entry = ?", (now, feed, entry.key)
                    )
            self._db.execute(
                "DELETE FROM entries WHERE feed = ? AND seen_at < ?", (feed, now - FORGET_AFTER_S)
            )
        return pending

    def done(self, feed: str, entry: Entry) -> None:
        """The entry was taken, or will never be."""
        self._note(feed, entry, 0)

    def failed(self, feed: str, pending: Pending) -> bool:
        """The entry could not be had this time; whether it is given up."""
        self._note(feed, pending.entry, pending.tries + 1)
        return pending.tries + 1 >= MAX_TRIES

    def _note(self, feed: str, entry: Entry, tries: int) -> None:
        with self._lock, explaining(self._path):
            row = (feed, entry.key, entry.version, tries, time.time())
            self._db.execute("INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)", row)
