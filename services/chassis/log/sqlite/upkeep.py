"""When the log cleans itself: live members do a little of it in passing, or ``maintain`` does all of it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from itertools import chain, islice
from typing import Final

from services.chassis.errors import TransientError
from services.chassis.log.sqlite import cleaning
from services.chassis.log.sqlite.database import Database

EVERY_MS: Final = 60_000
"""One look a minute, by one member of all processes: retention counts in days."""
STEPS_AT_A_TIME: Final = 5
"""Steps of :data:`services.chassis.log.sqlite.cleaning.STEP_RECORDS` in passing: about a tenth of a second at
most."""
AGAIN_MS: Final = 1_000
"""Pause before going on when more was left: a thousand records a second outpaces any embedded ingest."""
_FREE_SHARE: Final = 4
"""``maintain`` gives disk space back when more than a quarter of the file is free; less is used again
soon."""
_VACUUM_PAGES: Final = 2_000
"""Pages moved in one transaction while giving space back: 8 MB."""


class Upkeep:
    """Decides, for all members of one process, whether it is time to clean."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._turn = threading.Lock()
        self._look_at = time.monotonic()

    def in_passing(self, database: Database) -> None:
        """Clean a little when it is due and nobody else does it; mostly this is one comparison.

        A log that is busy just now is left alone until the next time.
        """
        if time.monotonic() < self._look_at or not self._turn.acquire(blocking=False):
            return
        try:
            self._look_at = time.monotonic() + EVERY_MS / 1000
            now_ms = self._clock_ms()
            if self._claim(database, now_ms):
                steps = chain(
                    cleaning.expire(database, now_ms), cleaning.compact(database, now_ms, eager=False)
                )
                if len(list(islice(steps, STEPS_AT_A_TIME))) == STEPS_AT_A_TIME:
                    self._look_at = time.monotonic() + AGAIN_MS / 1000
                    with database.writing() as connection:
                        connection.execute("UPDATE upkeep SET due_ms = ?", (now_ms + AGAIN_MS // 2,))
        except TransientError:
            return
        finally:
            self._turn.release()

    @staticmethod
    def _claim(database: Database, now_ms: int) -> bool:
        with database.reading() as connection:
            (due_ms,) = connection.execute("SELECT due_ms FROM upkeep").fetchone()
        if now_ms < due_ms <= now_ms + EVERY_MS:  # one further ahead was written by a clock that was wrong
            return False
        with database.writing() as connection:
            done = connection.execute(
                "UPDATE upkeep SET due_ms = ? WHERE due_ms = ?", (now_ms + EVERY_MS, due_ms)
            )
            return done.rowcount == 1


def maintain(database: Database, now_ms: int) -> int:
    """Apply retention and compaction completely and give free space back; returns how many records were
    removed."""
    removed = sum(chain(cleaning.expire(database, now_ms), cleaning.compact(database, now_ms, eager=True)))
    while _shrink(database):
        pass
    return removed


def _shrink(database: Database) -> bool:
    with database.writing() as connection:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if free * _FREE_SHARE <= pages:
            return False
        # each row it returns is a page moved
        connection.execute(f"PRAGMA incremental_vacuum({_VACUUM_PAGES})").fetchall()
        return True
