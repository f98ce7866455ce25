"""The embedded event log as a whole."""

from __future__ import annotations

import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Literal, Protocol, Self, TypeVar

from services.chassis.log.publishing import Failed
from services.chassis.log.sqlite import offsets, records, topics, upkeep
from services.chassis.log.sqlite.bell import Bell
from services.chassis.log.sqlite.consumer import SqliteSinkConsumer, SqliteStageConsumer
from services.chassis.log.sqlite.database import Database, File
from services.chassis.log.sqlite.leases import LEASE_MS
from services.chassis.log.sqlite.producer import SqliteProducer
from services.chassis.log.sqlite.reach import FileReach
from services.chassis.log.sqlite.shared import Shared
from services.chassis.log.types import Assigned, Offsets, Record, TopicPartition, TopicSpec, TopicState

BUSY_TIMEOUT_S: Final = 10.0
"""How long a writer waits for the others: transactions take milliseconds, a checkpoint on a slow disk a
second."""
PAGE_RECORDS: Final = 100
PAGE_BYTES: Final = 4 * 1_048_576
"""What :meth:`SqliteLog.read` reads at a time, whichever is reached first: a hundred usual articles, or one
of the largest. No view of the file is kept open between pages: it would keep the write-ahead log from being
taken up."""


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Member(Protocol):
    def close(self) -> None: ...


_M = TypeVar("_M", bound=_Member)


class SqliteLog:
    """Implements :class:`services.chassis.log.types.EventLog` on one SQLite file.

    Safe for threads and processes; every producer and consumer made from it has its own connection and
    belongs to one thread at a time.
    """

    engine: Literal["sqlite", "kafka"] = "sqlite"

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float = BUSY_TIMEOUT_S,
        lease_ms: int = LEASE_MS,
        clock_ms: Callable[[], int] = _now_ms,
        on_failure: Failed = lambda _error: None,
    ) -> None:
        """Open the log at ``path``, or make it. Times are in milliseconds since 1970; ``on_failure`` hears of
        failed publications.

        Raises:
            LogUnreadable: the file is damaged, something else, or of another version.
            TransientError: somebody holds it locked for longer than ``busy_timeout_s``.
        """
        file = File(Path(path), busy_timeout_s)
        self._shared = Shared(
            file, topics.Catalog(file.path), Bell(), upkeep.Upkeep(clock_ms), clock_ms, lease_ms, on_failure
        )
        self._database = Database(file)
        self.reach = FileReach(self._database)
        self._members: weakref.WeakSet[_Member] = weakref.WeakSet()

    def create_topics(self, specs: Sequence[TopicSpec]) -> list[str]:
        """See :meth:`services.chassis.log.types.EventLog.create_topics`."""
        with self._database.writing() as connection:
            return topics.create(connection, specs)

    def topics(self) -> dict[str, TopicState]:
        """See :meth:`services.chassis.log.types.EventLog.topics`."""
        with self._database.reading() as connection:
            return topics.states(connection)

    def producer(self, client_id: str) -> SqliteProducer:
        """See :meth:`services.chassis.log.types.EventLog.producer`; here an append is one transaction, so
        nobody needs fencing."""
        return self._kept(SqliteProducer(self._shared))

    def stage_consumer(self, group: str, topics: Sequence[str], slot: str) -> SqliteStageConsumer:
        """See :meth:`services.chassis.log.types.EventLog.stage_consumer`."""
        return self._kept(SqliteStageConsumer(self._shared, group, topics, slot))

    def sink_consumer(
        self, group: str, topics: Sequence[str], slot: str, assigned: Assigned
    ) -> SqliteSinkConsumer:
        """See :meth:`services.chassis.log.types.EventLog.sink_consumer`; ``assigned`` is called before this
        returns."""
        return self._kept(SqliteSinkConsumer(self._shared, group, topics, slot, assigned))

    def read(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """See :meth:`services.chassis.log.types.EventLog.read`.

        Raises:
            TopicMissing: the topic was never created, or has no such partition.
        """
        with self._database.reading() as connection:
            partition_id = self._shared.catalog.topic(connection, topic).partition_id(partition)
            (end,) = connection.execute(
                "SELECT next_offset FROM partition WHERE id = ?", (partition_id,)
            ).fetchone()
        return self._pages(
            TopicPartition(topic, partition), partition_id, start, end if stop is None else min(stop, end)
        )

    def _pages(self, tp: TopicPartition, partition_id: int, start: int, stop: int) -> Iterator[Record]:
        while start < stop:
            with self._database.reading() as connection:
                page, _ = records.page(connection, tp, partition_id, start, stop, PAGE_RECORDS, PAGE_BYTES)
            if not page:
                return
            start = page[-1].offset + 1
            # let go of each record before the next is asked for, and of all before the next page is read
            page.reverse()
            while page:
                yield page.pop()

    def holds_records(self, positions: Offsets) -> bool:
        """See :meth:`services.chassis.log.types.EventLog.holds_records`."""
        return any(self._first(tp, start) is not None for tp, start in positions.items())

    def first_records(self, positions: Offsets) -> dict[TopicPartition, Record]:
        """See :meth:`services.chassis.log.types.EventLog.first_records`."""
        found = {tp: self._first(tp, start) for tp, start in positions.items()}
        return {tp: record for tp, record in found.items() if record is not None}

    def _first(self, tp: TopicPartition, start: int) -> Record | None:
        with self._database.reading() as connection:
            partition_id = self._shared.catalog.topic(connection, tp.topic).partition_id(tp.partition)
            (end,) = connection.execute(
                "SELECT next_offset FROM partition WHERE id = ?", (partition_id,)
            ).fetchone()
            return next(records.select(connection, tp, partition_id, start, end, 1), None)

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """See :meth:`services.chassis.log.types.EventLog.committed`."""
        with self._database.reading() as connection:
            return offsets.read(connection, group)

    def maintain(self, now_ms: int) -> int:
        """Apply retention and compaction as of ``now_ms``, and give space back; returns how many records were
        removed.

        Live consumers and producers do a little of this in passing, about once a minute between all of them,
        so nobody has to call it; an operator may, to have it done at once.

        Raises:
            CommitFailed: the log is busy for too long; what was cleaned stays cleaned.
        """
        return upkeep.maintain(self._database, now_ms)

    def close(self) -> None:
        """Close every producer and consumer made from this log, and the log; safe to call twice."""
        for member in list(self._members):
            member.close()
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _kept(self, member: _M) -> _M:
        self._members.add(member)
        return member
