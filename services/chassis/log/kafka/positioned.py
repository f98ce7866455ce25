"""A group member that says itself where each partition starts, and notices when a topic was made anew under
it.

The client alone would go on at the number it holds. Where that lies beyond the end of a new topic it goes to
the earliest record (``auto_offset_reset``); where the new topic has grown past it, it skips what stands
before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from kafka import KafkaConsumer, OffsetAndMetadata
from kafka import TopicPartition as KafkaTopicPartition

from services.chassis.log.kafka import config
from services.chassis.log.kafka.member import Listener, Member
from services.chassis.log.kafka.opening import Answered
from services.chassis.log.kafka.topics import known_id
from services.chassis.log.types import Offsets, Origin, Position, TopicPartition
from services.chassis.settings import KafkaSettings


class _Holding(Listener):
    """Pauses new partitions, because where they start is asked for later, on the caller's thread."""

    def __init__(
        self, on_rebalance: config.Rebalanced, consumer: KafkaConsumer, waiting: set[KafkaTopicPartition]
    ) -> None:
        super().__init__(on_rebalance)
        self._consumer = consumer
        self._waiting = waiting

    def on_partitions_assigned(self, assigned: Collection[KafkaTopicPartition]) -> None:
        """Hold all of them: with the eager protocol, every partition may have been elsewhere in between."""
        self._waiting.clear()
        self._waiting.update(assigned)
        self._consumer.pause(*assigned)
        super().on_partitions_assigned(assigned)

    def on_partitions_lost(self, lost: Collection[KafkaTopicPartition]) -> None:
        """Nothing waits any more."""
        self._waiting.clear()
        super().on_partitions_lost(lost)


class PositionedMember(Member):
    """Shared by stage and sink consumers: :meth:`starts` is all they differ in."""

    def __init__(
        self,
        settings: KafkaSettings,
        group: str,
        slot: str,
        topics: Sequence[str],
        on_rebalance: config.Rebalanced,
        answered: Answered,
    ) -> None:
        super().__init__(settings, group, slot, answered)
        self._waiting: set[KafkaTopicPartition] = set()
        self._topic_ids: dict[str, str] = {}
        self.subscribe(topics, _Holding(on_rebalance, self._consumer, self._waiting))

    def starts(self, partitions: frozenset[TopicPartition]) -> Offsets:
        """Where these newly assigned partitions start; one left out starts at its beginning."""
        raise NotImplementedError

    def fetch_positioned(
        self, timeout_s: float, max_records: int | None
    ) -> dict[KafkaTopicPartition, list[Any]]:
        """The client's poll, of partitions whose position is known. Newly assigned ones deliver from the next
        poll on."""
        self._hold_topics_made_anew()
        self._position()
        found = self.fetch(timeout_s, max_records)
        # read before their position was known: they will be read again from it
        return {tp: records for tp, records in found.items() if tp not in self._waiting}

    def named(
        self, offsets: Offsets, marks: Mapping[TopicPartition, str]
    ) -> dict[KafkaTopicPartition, OffsetAndMetadata]:
        """Offsets as the client commits them, each with its origin."""
        return {
            KafkaTopicPartition(*tp): OffsetAndMetadata(
                offset, written(Origin(self._topic_ids.get(tp.topic, ""), marks.get(tp, ""))), -1
            )
            for tp, offset in offsets.items()
        }

    def _hold_topics_made_anew(self) -> None:
        """Ask anew where partitions start whose topic has another id in the client's metadata than when they
        were positioned."""
        assigned = self._consumer.assignment()
        for topic, known in tuple(self._topic_ids.items()):
            current = self._current_id(topic)
            if current and current != known:
                stale = {tp for tp in assigned if tp.topic == topic}
                del self._topic_ids[topic]
                self._waiting.update(stale)
                self._consumer.pause(*stale)

    def _position(self) -> None:
        """Ask where the newly assigned partitions start, and go there."""
        if not self._waiting:
            return
        waiting = frozenset(self._waiting)
        # the ids first: what is made anew while positions are looked up has another one at the next poll
        ids = {topic: self._current_id(topic) for topic in {tp.topic for tp in waiting}}
        positions = self.starts(frozenset(TopicPartition(*tp) for tp in waiting))
        for tp in waiting & self._consumer.assignment():
            offset = positions.get(TopicPartition(*tp))
            if offset is None:
                self._consumer.seek_to_beginning(tp)
            else:
                self._consumer.seek(tp, offset)
        self._topic_ids.update((topic, topic_id) for topic, topic_id in ids.items() if topic_id)
        self._waiting -= waiting
        self._consumer.resume(*(waiting & self._consumer.assignment()))

    def _current_id(self, topic: str) -> str:
        return known_id(self._consumer._client.cluster.topic_id(topic))

    def _held(self) -> frozenset[KafkaTopicPartition]:
        return frozenset(self._waiting)


def written(origin: Origin) -> str:
    """An origin as the metadata of a committed offset."""
    return f"{origin.topic_id}/{origin.mark}"


def position_of(committed: OffsetAndMetadata) -> Position:
    """A committed offset with its origin; one that another program or release committed has none."""
    topic_id, parted, mark = (committed.metadata or "").partition("/")
    return Position(committed.offset, Origin(topic_id, mark) if parted else Origin())
