"""The event log's vocabulary and its port.

Two adapters implement :class:`EventLog`: :mod:`services.chassis.log.sqlite` (embedded) and
:mod:`services.chassis.log.kafka`. One contract suite runs on both (``tests/contract/test_log.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Literal, NamedTuple, Protocol, Self

from services.chassis.reach import Reach

Headers = tuple[tuple[str, bytes], ...]


class TopicPartition(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int


Offsets = Mapping[TopicPartition, int]
"""Next offset to read, per partition: last processed + 1."""


class Origin(NamedTuple):
    """What a position was made from; see :mod:`services.chassis.log.identity`. Empty where it is not
    known."""

    topic_id: str = ""
    mark: str = ""


class Position(NamedTuple):
    """How far a reader is in a partition, and of which log."""

    offset: int
    origin: Origin = Origin()


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it was read. Bytes stay raw, so that poison can be kept byte for byte."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    @property
    def tp(self) -> TopicPartition:
        """The partition the record came from."""
        return TopicPartition(self.topic, self.partition)

    def header(self, name: str) -> bytes | None:
        """The last header of that name, or None."""
        return next((value for key, value in reversed(self.headers) if key == name), None)


@dataclass(frozen=True, slots=True)
class Message:
    """A record to be written. Without ``partition`` the key decides (murmur2, as Kafka's default
    partitioner)."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None
    timestamp_ms: int | None = None


@dataclass(frozen=True, slots=True)
class TopicSpec:
    """How a topic is declared: the one source for both engines, the AsyncAPI document and ``topics create``.

    ``retention_ms`` None keeps records for ever; ``compact`` keeps the latest record per key instead.
    """

    name: str
    partitions: int
    retention_ms: int | None
    compact: bool = False
    max_message_bytes: int = 1_048_576


@dataclass(frozen=True, slots=True)
class Batch:
    """What one poll returned: records in offset order per partition, and the membership they were read under.

    ``membership`` is the adapter's own snapshot, taken right after the poll (hazard H4) and handed back at
    commit.
    """

    records: tuple[Record, ...]
    membership: object = None

    @property
    def first_offsets(self) -> dict[TopicPartition, int]:
        """First offset read per partition: where to go back to when the batch fails."""
        first: dict[TopicPartition, int] = {}
        for record in self.records:
            first.setdefault(record.tp, record.offset)
        return first

    @property
    def next_offsets(self) -> dict[TopicPartition, int]:
        """Offset after the last one read per partition: what to commit when the batch succeeds."""
        return {record.tp: record.offset + 1 for record in self.records}


class _Closing(Protocol):
    def close(self) -> None:
        """Release everything; safe to call twice."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Producer(_Closing, Protocol):
    """Appends records outside any consumer group (ingest, replay)."""

    def append(self, messages: Sequence[Message]) -> list[tuple[TopicPartition, int]]:
        """Append all messages atomically and durably; returns where each went.

        Raises:
            TopicMissing: a topic was never created.
            LimitExceeded: a message is larger than its topic allows; nothing was appended.
            CommitFailed: the append failed or its outcome is unknown; appending again may duplicate.
        """
        ...


class Consumer(_Closing, Protocol):
    """A live member of a consumer group."""

    def poll(self, timeout_s: float, max_records: int | None = None) -> Batch:
        """Wait up to ``timeout_s`` for records. An empty batch is normal. Keeps the membership alive.

        Raises:
            FencedError: somebody else owns this membership.
            TransientError: the log cannot be reached just now.
        """
        ...

    def keep_alive(self) -> None:
        """Keep the membership without reading: for long waits between polls."""
        ...

    def assignment(self) -> frozenset[TopicPartition]:
        """The partitions this member reads."""
        ...

    def seek(self, positions: Offsets) -> None:
        """Read on from these offsets; partitions no longer assigned are skipped silently."""
        ...

    def lag(self) -> dict[TopicPartition, int]:
        """Records between the read position and the end, per assigned partition."""
        ...


class StageConsumer(Consumer, Protocol):
    """A group member whose outputs and committed offsets change together or not at all.

    Offsets that the log contradicts (:mod:`services.chassis.log.identity`) are not resumed from: their
    partition starts at its beginning.
    """

    def commit(self, batch: Batch, offsets: Offsets, messages: Sequence[Message]) -> None:
        """Publish the messages and commit the offsets in one transaction.

        ``offsets`` may cover a part of the batch (when it is replayed record by record).

        Raises:
            CommitFailed: nothing is visible, or the outcome is unknown; call :meth:`recover`, then poll
                again.
            LimitExceeded: a message is larger than its topic allows; nothing was published.
            TopicMissing: a message's topic was never created; nothing was published.
            FencedError: another owner exists; stop.
        """
        ...

    def recover(self, batch: Batch) -> Offsets:
        """After a failed commit: abort what is left, discard the producer, build a new one, and go back.

        Each partition of the batch that is still assigned goes on at its first offset in the batch, or behind
        what turned out to be committed after all. Returns these offsets.

        Raises:
            TransientError: the log cannot be reached; call again.
        """
        ...


class SinkConsumer(Consumer, Protocol):
    """A group member whose offsets live elsewhere (in the database, with the state they produced)."""

    def report(self, offsets: Offsets) -> None:
        """Tell the log, for lag dashboards only, how far this group is. Never used to resume."""
        ...


Assigned = Callable[[frozenset[TopicPartition]], Offsets]
"""Asked for the positions of newly assigned partitions; a partition it leaves out starts at its beginning."""


@dataclass(frozen=True, slots=True)
class TopicState:
    """A topic as it exists, and the range of offsets each partition holds: ``(first, next)``.

    ``topic_id`` is given to a topic when it is made, and to no other: one made anew under the same name has
    another. Empty where the brokers give none (before Kafka 2.8).
    """

    spec: TopicSpec
    ranges: Mapping[int, tuple[int, int]] = field(default_factory=dict)
    topic_id: str = ""


class EventLog(_Closing, Protocol):
    """Topics, partitions, offsets, groups and transactions, on SQLite or Kafka."""

    engine: Literal["sqlite", "kafka"]

    @property
    def reach(self) -> Reach:
        """Whether the log answers."""
        ...

    def create_topics(self, specs: Sequence[TopicSpec]) -> list[str]:
        """Create the topics that do not exist; returns the names created. Existing ones are left as they are:
        their partition count fixes per-key order, and an operator may have tuned the rest."""
        ...

    def topics(self) -> dict[str, TopicState]:
        """All topics of this log."""
        ...

    def producer(self, client_id: str) -> Producer:
        """A producer for appends outside a group. ``client_id`` is stable per process role; on Kafka it
        fences an older producer of the same id."""
        ...

    def stage_consumer(self, group: str, topics: Sequence[str], slot: str) -> StageConsumer:
        """Join a group as slot ``slot``, with a transactional producer of the same slot.

        Raises:
            TopicMissing: a topic was never created.
            GroupInUse: (SQLite) the group has a live consumer already.
        """
        ...

    def sink_consumer(self, group: str, topics: Sequence[str], slot: str, assigned: Assigned) -> SinkConsumer:
        """Join a group whose offsets live elsewhere; ``assigned`` is asked where to start each partition."""
        ...

    def read(self, topic: str, partition: int, start: int = 0, stop: int | None = None) -> Iterator[Record]:
        """Committed records from ``start`` (or the earliest kept) up to ``stop`` (or the end as of now):
        replay. Records before a given ``stop`` that belong to a transaction still open are waited for."""
        ...

    def holds_records(self, positions: Offsets) -> bool:
        """Whether any committed record stands at or behind these positions. On Kafka offsets alone do not
        tell: transaction markers and aborted records have offsets too."""
        ...

    def first_records(self, positions: Offsets) -> dict[TopicPartition, Record]:
        """The first committed record at or behind each of these positions; a partition that holds none is
        left out."""
        ...

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """Committed (or reported) next offsets of a group; those of a topic that was made anew since are left
        out."""
        ...
