"""Whether the file can be read: nothing tells but looking, which takes a local read and so is done whenever
it is asked for."""

from __future__ import annotations

import sqlite3

from services.chassis.errors import OnrecordError
from services.chassis.log.sqlite.database import Database
from services.chassis.reach import Reach, unreachable


class FileReach(Reach):
    """The embedded log's."""

    def __init__(self, database: Database) -> None:
        super().__init__("log")
        self._database = database
        self._broken = False

    @property
    def at(self) -> float:
        """When it was last readable, in seconds since 1970: now, if it is."""
        self.problem()
        return super().at

    def problem(self) -> str:
        """See :meth:`Reach.problem`, without its patience: a file is there or not."""
        why = self._look()
        if not why or not self._broken:
            self.answered()
        self._broken = bool(why)
        return unreachable(self.name, self.silent_s, why) if why else ""

    def _look(self) -> str:
        try:
            with self._database.reading() as connection:
                connection.execute("SELECT 1 FROM topic LIMIT 1").fetchone()
        except (OnrecordError, sqlite3.Error) as error:
            return str(error)
        return ""
