"""A stage's side of the log: where records come from and how results are made to stick.

:class:`LogSession` commits outputs, dead letters and offsets in the log's own transaction (extract).
:class:`SinkSession` commits state and offsets in a database's transaction (aggregate).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import structlog

from services.chassis.errors import TransientError
from services.chassis.failpoints import failpoint
from services.chassis.log.identity import marks
from services.chassis.log.types import (
    Batch,
    Message,
    Offsets,
    Producer,
    SinkConsumer,
    StageConsumer,
    TopicPartition,
)
from services.chassis.stage.dead_letters import contract_of

Out = TypeVar("Out")
OutC = TypeVar("OutC", contravariant=True)

logger = structlog.get_logger()


class Session(Protocol[OutC]):
    """What the loop needs. Errors as :class:`services.chassis.log.types.StageConsumer` documents them."""

    def poll(self, timeout_s: float, max_records: int) -> Batch:
        """Wait for records; an empty batch is normal."""
        ...

    def commit(
        self, batch: Batch, offsets: Offsets, outputs: Sequence[OutC], dead_letters: Sequence[Message]
    ) -> None:
        """Make outputs, dead letters and offsets stick, together."""
        ...

    def recover(self, batch: Batch) -> Offsets:
        """After a failed commit: back to a state in which all of the batch that is not committed is read
        again.

        Returns where each of its partitions goes on; one that is read by another member now is left out.
        """
        ...

    def keep_alive(self) -> None:
        """Keep the membership through a long wait."""
        ...

    def lag(self) -> dict[TopicPartition, int]:
        """Records not read yet, per assigned partition."""
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions read."""
        ...

    def close(self) -> None:
        """Leave the group."""
        ...


class LogSession:
    """From topics to topics: one transaction of the log per batch."""

    def __init__(self, consumer: StageConsumer) -> None:
        self._consumer = consumer
        self.poll = consumer.poll
        self.recover = consumer.recover
        self.keep_alive = consumer.keep_alive
        self.lag = consumer.lag
        self.assignment = consumer.assignment
        self.close = consumer.close

    def commit(
        self, batch: Batch, offsets: Offsets, outputs: Sequence[Message], dead_letters: Sequence[Message]
    ) -> None:
        """Publish everything and commit the offsets in one transaction."""
        self._consumer.commit(batch, offsets, [*outputs, *dead_letters])


class Sink(Protocol[OutC]):
    """State that keeps its own offsets."""

    def positions(self, partitions: frozenset[TopicPartition]) -> Offsets:
        """The next offset to read of each partition, if it is of this log; one never read is left out."""
        ...

    def apply(
        self,
        changes: Sequence[OutC],
        expected: Offsets,
        offsets: Offsets,
        marks: Mapping[TopicPartition, str],
    ) -> None:
        """Apply the changes and move the offsets from ``expected`` to ``offsets`` in one transaction.

        A partition missing from ``expected`` must have no stored offset yet. ``marks`` are those of the
        records before ``offsets`` (:mod:`services.chassis.log.identity`), to be kept with them.

        Raises:
            CommitFailed: nothing was changed; with cause ``stale`` the stored offsets are not ``expected``:
                another process has moved on, and this one must read its positions again.
        """
        ...

    def after_commit(self, *, idle: bool) -> bool:
        """Do what may happen at least once after the commit, such as draining an outbox; returns whether all
        of it is done.

        Otherwise it is called again before the next poll. ``idle`` says that there is nothing to read just
        now, and so no reason to put anything off.
        """
        ...


class SinkSession(Generic[Out]):
    """From topics to a database: one transaction of the database per batch.

    Dead letters are published first, so a crash in between repeats them and never loses one: they are
    at-least-once here, and their coordinates (original topic, partition, offset) tell repeats apart.
    """

    def __init__(self, open_consumer: Callable[[Callable[[frozenset[TopicPartition]], Offsets]], SinkConsumer],
                 sink: Sink[Out], producer: Producer) -> None:  # fmt: skip
        """``open_consumer`` joins the group and is given the function that says where each partition
        starts."""
        self._sink: Sink[Out] = sink
        self._producer = producer
        self._stored: dict[TopicPartition, int] = {}
        self._lettered: set[tuple[str, ...]] = set()
        self._owed = True
        self._consumer = open_consumer(self._positions)
        self.keep_alive = self._consumer.keep_alive
        self.lag = self._consumer.lag
        self.assignment = self._consumer.assignment

    def _positions(self, partitions: frozenset[TopicPartition]) -> Offsets:
        found = self._sink.positions(partitions)
        for partition in partitions:
            self._stored.pop(partition, None)
        self._stored.update(found)
        # a commit whose answer was lost, or a member that died after one, leaves work that follows a commit
        self._owed = True
        return found

    def commit(
        self, batch: Batch, offsets: Offsets, outputs: Sequence[Out], dead_letters: Sequence[Message]
    ) -> None:
        """Publish the dead letters, then apply the changes and move the offsets in one transaction."""
        # a database that refuses the batch again and again must not repeat its letters each time
        fresh = [letter for letter in dead_letters if _origin(letter) not in self._lettered]
        if fresh:
            failpoint("dead_letter_write")
            self._producer.append(fresh)
            self._lettered.update(map(_origin, fresh))
        failpoint("before_commit")
        expected = {tp: self._stored[tp] for tp in offsets if tp in self._stored}
        self._sink.apply(outputs, expected, offsets, marks(batch, offsets))
        failpoint("after_commit")
        self._lettered.clear()
        self._stored.update(offsets)
        self._owed = True
        self._settle()

    def poll(self, timeout_s: float, max_records: int) -> Batch:
        """Wait for records, after doing what an earlier commit still owes."""
        self._settle()
        return self._consumer.poll(timeout_s, max_records)

    def _settle(self) -> None:
        """What follows a commit and may happen again: a failure here must not look like a failed commit.

        All stored offsets are reported, and only when nothing is owed any more: what is reported is settled,
        even when an earlier report was lost to a crash.
        """
        if not self._owed:
            return
        try:
            if not self._sink.after_commit(idle=not any(self._consumer.lag().values())):
                return
            assigned = self._consumer.assignment()
            settled = {tp: offset for tp, offset in self._stored.items() if tp in assigned}
            if settled:
                self._consumer.report(settled)
            self._owed = False
        except TransientError as error:
            logger.warning("after-commit work is put off", error=str(error))

    def recover(self, batch: Batch) -> Offsets:
        """Read the stored positions again and go back to them."""
        partitions = frozenset(batch.first_offsets) & self._consumer.assignment()
        found = self._positions(partitions)
        resumed = {tp: found.get(tp, 0) for tp in partitions}
        self._consumer.seek(resumed)
        return resumed

    def close(self) -> None:
        """Leave the group and release the producer."""
        self._consumer.close()
        self._producer.close()


def _origin(letter: Message) -> tuple[str, ...]:
    """The coordinates of the record a dead letter holds."""
    contract = contract_of(letter.headers)
    return tuple(
        contract.get(name, "") for name in ("original-topic", "original-partition", "original-offset")
    )
