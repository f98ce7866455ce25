"""Appends outside any group."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from services.chassis.failpoints import failpoint
from services.chassis.log.publishing import reporting
from services.chassis.log.sqlite import records
from services.chassis.log.sqlite.database import Database
from services.chassis.log.sqlite.shared import Shared
from services.chassis.log.types import Message, TopicPartition


class SqliteProducer:
    """Implements :class:`services.chassis.log.types.Producer`."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._database = Database(shared.file)

    def append(self, messages: Sequence[Message]) -> list[tuple[TopicPartition, int]]:
        """See :meth:`services.chassis.log.types.Producer.append`; here a failed append never happened."""
        if not messages:
            return []
        with reporting(self._shared.failed, messages), self._database.writing() as connection:
            placed = records.append(connection, self._shared.catalog, messages, self._shared.clock_ms())
            failpoint("before_commit")
        failpoint("after_commit")
        self._shared.bell.ring()
        self._shared.upkeep.in_passing(self._database)
        return placed

    def close(self) -> None:
        """Release the connection; safe to call twice."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
