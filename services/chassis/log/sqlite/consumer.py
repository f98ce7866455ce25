"""The live member of a group."""

from __future__ import annotations

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

import structlog

from services.chassis.errors import FencedError, OnrecordError
from services.chassis.failpoints import failpoint
from services.chassis.log.publishing import reporting
from services.chassis.log.sqlite import offsets as stored
from services.chassis.log.sqlite import records
from services.chassis.log.sqlite.cursors import Cursors
from services.chassis.log.sqlite.database import Database
from services.chassis.log.sqlite.leases import Lease
from services.chassis.log.sqlite.shared import Shared
from services.chassis.log.types import Assigned, Batch, Message, Offsets, TopicPartition

MAX_RECORDS: Final = 500
"""Records per batch when the caller does not say: Kafka's default."""
LOOK_EVERY_S: Final = 0.05
"""How often a waiting consumer asks whether another process has committed: wakes within a tenth of a second
and costs about a thousandth of a core. Writers of the same process ring the bell instead."""

_logger = structlog.get_logger(__name__)


class SqliteConsumer:
    """Reads all partitions of its topics under the group's lease. Implements
    :class:`services.chassis.log.types.Consumer`."""

    def __init__(self, shared: Shared, group: str, topics: Sequence[str], slot: str) -> None:
        """Take the lease and start where the group has committed.

        Raises:
            TopicMissing: a topic was never created.
            GroupInUse: a live process holds the group.
        """
        self._shared = shared
        self._group = group
        self._database = Database(shared.file)
        try:
            with self._database.writing() as connection:
                partition_ids = shared.catalog.partition_ids(connection, topics)
                self._lease = Lease.take(
                    connection, shared.file.path, group, slot, shared.lease_ms, shared.clock_ms()
                )
                self._cursors = Cursors(partition_ids, stored.read(connection, group))
        except BaseException:
            self._database.close()
            raise
        self._closed = False

    def poll(self, timeout_s: float, max_records: int | None = None) -> Batch:
        """See :meth:`services.chassis.log.types.Consumer.poll`."""
        deadline = time.monotonic() + timeout_s
        while True:
            self.keep_alive()
            heard = self._shared.bell.strokes
            version = self._database.version()
            with self._database.reading() as connection:
                self._lease.require(connection)
                found = self._cursors.take(connection, max_records or MAX_RECORDS)
            if found or not self._wait(deadline, heard, version):
                return Batch(found, self._lease.token)

    def _wait(self, deadline: float, heard: int, version: int) -> bool:
        """Wait until something was committed; False when the time is up first."""
        self._shared.upkeep.in_passing(self._database)
        while (left_s := deadline - time.monotonic()) > 0:
            if (
                self._shared.bell.wait(heard, min(left_s, LOOK_EVERY_S))
                or self._database.version() != version
            ):
                return True
            if self._lease.due(self._shared.clock_ms()):
                return True
        return False

    def keep_alive(self) -> None:
        """See :meth:`services.chassis.log.types.Consumer.keep_alive`.

        Raises:
            FencedError: somebody else owns the group.
        """
        now_ms = self._shared.clock_ms()
        if self._lease.due(now_ms):
            with self._database.writing() as connection:
                expires_ms = self._lease.renew(connection, now_ms)
            self._lease.expires_ms = expires_ms

    def assignment(self) -> frozenset[TopicPartition]:
        """All partitions of the topics: the member is alone."""
        return frozenset(self._cursors.partition_ids)

    def seek(self, positions: Offsets) -> None:
        """See :meth:`services.chassis.log.types.Consumer.seek`."""
        self._cursors.seek(positions)

    def lag(self) -> dict[TopicPartition, int]:
        """See :meth:`services.chassis.log.types.Consumer.lag`."""
        with self._database.reading() as connection:
            return self._cursors.lag(connection)

    def close(self) -> None:
        """Give the lease back; safe to call twice."""
        if self._closed:
            return
        self._closed = True
        try:
            with self._database.writing() as connection:
                self._lease.release(connection)
        except OnrecordError as error:
            _logger.warning("lease not given back", group=self._group, error=str(error))
        finally:
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _write(self, offsets: Offsets, messages: Sequence[Message]) -> None:
        now_ms = self._shared.clock_ms()
        with reporting(self._shared.failed, messages), self._database.writing() as connection:
            expires_ms = self._lease.renew(connection, now_ms)
            records.append(connection, self._shared.catalog, messages, now_ms)
            stored.write(connection, self._group, offsets, self._cursors.partition_ids)
            failpoint("after_offsets")
            failpoint("before_commit")
        failpoint("after_commit")
        self._lease.expires_ms = expires_ms
        if messages:
            self._shared.bell.ring()
        self._shared.upkeep.in_passing(self._database)


class SqliteStageConsumer(SqliteConsumer):
    """Implements :class:`services.chassis.log.types.StageConsumer`."""

    def commit(self, batch: Batch, offsets: Offsets, messages: Sequence[Message]) -> None:
        """See :meth:`services.chassis.log.types.StageConsumer.commit`; here a failed commit never
        happened."""
        self._own(batch)
        self._write(offsets, messages)

    def recover(self, batch: Batch) -> Offsets:
        """See :meth:`services.chassis.log.types.StageConsumer.recover`; a failed transaction is undone
        already.

        Raises:
            FencedError: somebody else owns the group.
        """
        self._own(batch)
        with self._database.reading() as connection:
            self._lease.require(connection)
        self.seek(batch.first_offsets)
        return batch.first_offsets

    def _own(self, batch: Batch) -> None:
        if batch.membership != self._lease.token:
            raise FencedError(
                f"the batch was read under another membership of group {self._group}; poll again"
            )


class SqliteSinkConsumer(SqliteConsumer):
    """Implements :class:`services.chassis.log.types.SinkConsumer`."""

    def __init__(
        self, shared: Shared, group: str, topics: Sequence[str], slot: str, assigned: Assigned
    ) -> None:
        """Take the lease and start where ``assigned`` says; raises what it raises, with the lease given
        back."""
        super().__init__(shared, group, topics, slot)
        try:
            positions = assigned(self.assignment())
        except BaseException:
            self.close()
            raise
        self._cursors = Cursors(self._cursors.partition_ids, positions)

    def report(self, offsets: Offsets) -> None:
        """See :meth:`services.chassis.log.types.SinkConsumer.report`."""
        self._write(offsets, ())
