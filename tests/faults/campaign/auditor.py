"""Reads, from beside the pipeline and past every proxy, what was committed and how far the groups are; and
notes when."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Protocol

from kafka import KafkaConsumer
from kafka import TopicPartition as KafkaTopicPartition
from kafka.errors import KafkaError

from schemas.events import Article, Document
from services.chassis.errors import TransientError
from services.chassis.log.groups import AGGREGATE_GROUP, EXTRACT_GROUP
from services.chassis.log.kafka import config
from services.chassis.log.kafka.member import record
from services.chassis.log.topics import dlq_of
from services.chassis.log.types import EventLog, Record, TopicPartition
from services.chassis.settings import KafkaSettings
from services.chassis.stage.dead_letters import read_dead_letter
from tests.faults.campaign.articles import TOPICS

DEAD = dlq_of(Article.topic)
WATCHED = (Article.topic, *TOPICS, DEAD)
LOOK_S = 0.2
"""Between two looks at the groups' offsets, and at an embedded log."""


class Reader(Protocol):
    """Gives committed records once, in order, and the groups' committed offsets."""

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Read these from now on, where they were left, or from their beginning."""
        ...

    def records(self) -> list[Record]:
        """What is new; may wait a little for it."""
        ...

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """Where a group is. Called on a thread of its own."""
        ...

    def close(self) -> None:
        """Release the clients."""
        ...


class KafkaReader:
    """A reader of Kafka; ``isolation`` is ``read_committed`` unless aborted records are to be seen too."""

    def __init__(self, settings: KafkaSettings, isolation: str = "read_committed") -> None:
        base = {**config.reader(settings, "campaign-auditor"), "isolation_level": isolation}
        self._consumer = KafkaConsumer(**base)
        self._groups: dict[str, KafkaConsumer] = {}
        self._base = base

    def assign(self, partitions: list[TopicPartition]) -> None:
        """See :class:`Reader`."""
        self._consumer.assign([KafkaTopicPartition(*tp) for tp in partitions])

    def records(self) -> list[Record]:
        """See :class:`Reader`."""
        try:
            found = self._consumer.poll(timeout_ms=200, max_records=2000)
        except KafkaError:
            return []
        return [record(one) for records in found.values() for one in records]

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """See :class:`Reader`."""
        try:
            if group not in self._groups:
                self._groups[group] = KafkaConsumer(
                    **{**self._base, "group_id": group, "client_id": f"campaign-{group}"}
                )
            asked = list(self._consumer.assignment())
            found = self._groups[group]._coordinator.fetch_committed_offsets(asked, timeout_ms=2_000)
        except (KafkaError, RuntimeError):
            return {}
        return {TopicPartition(*tp): value.offset for tp, value in found.items() if value.offset >= 0}

    def all_of(self, partitions: list[TopicPartition]) -> Iterator[Record]:
        """What they hold now; then this reader is closed."""
        self.assign(partitions)
        ends = self._consumer.end_offsets(self._consumer.assignment())
        while any((self._consumer.position(tp) or 0) < end for tp, end in ends.items()):
            yield from self.records()
        self.close()

    def close(self) -> None:
        """See :class:`Reader`."""
        for consumer in (self._consumer, *self._groups.values()):
            consumer.close(autocommit=False)


class LogReader:
    """A reader of the embedded log."""

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._next: dict[TopicPartition, int] = {}

    def assign(self, partitions: list[TopicPartition]) -> None:
        """See :class:`Reader`."""
        self._next = {tp: self._next.get(tp, 0) for tp in partitions}

    def records(self) -> list[Record]:
        """See :class:`Reader`."""
        time.sleep(LOOK_S)
        found = [one for tp, start in self._next.items() for one in self._log.read(*tp, start)]
        self._next.update({one.tp: one.offset + 1 for one in found})
        return found

    def committed(self, group: str) -> dict[TopicPartition, int]:
        """See :class:`Reader`."""
        return self._log.committed(group)

    def close(self) -> None:
        """See :class:`Reader`."""


@dataclass
class Seen:
    """Everything that was read so far."""

    arrived: int = 0
    """Records of the articles' topic."""
    inputs: Counter[str] = field(default_factory=Counter)
    """Article events by id."""
    poison: Counter[bytes] = field(default_factory=Counter)
    """Records without an event's id, by key."""
    outputs: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Events of extract by topic and id."""
    letters: Counter[bytes] = field(default_factory=Counter)
    """Dead letters by key."""
    letter_values: dict[bytes, bytes | None] = field(default_factory=dict)
    origins: Counter[tuple[TopicPartition, int]] = field(default_factory=Counter)
    """Dead letters by the place of the record they hold."""
    moments: list[float] = field(default_factory=list)
    """When documents and dead letters came."""
    places: dict[TopicPartition, int] = field(default_factory=dict)
    """The last offset read of each partition; an earlier one after it is a fault of the log."""
    disorder: list[str] = field(default_factory=list)

    def take(self, one: Record) -> None:
        """Note a record."""
        if one.offset <= self.places.get(one.tp, -1):
            self.disorder.append(f"{one.tp}: offset {one.offset} after {self.places[one.tp]}")
        self.places[one.tp] = one.offset
        event = (one.header("ce_id") or b"").decode()
        if one.topic == Article.topic:
            self.arrived += 1
            if event:
                self.inputs[event] += 1
            else:
                self.poison[one.key or b""] += 1
        elif one.topic == DEAD:
            letter = read_dead_letter(one)
            self.letters[letter.key or b""] += 1
            self.letter_values[letter.key or b""] = letter.value
            self.origins[letter.source, letter.offset] += 1
            self.moments.append(time.monotonic())
        else:
            self.outputs[one.topic, event] += 1
            if one.topic == Document.topic:
                self.moments.append(time.monotonic())


class Auditor:
    """Two threads: one reads the topics, one the groups' offsets."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.seen = Seen()
        self.rewinds: list[str] = []
        """Offsets that went back: the fault that hazard H1 does."""
        self.failure: BaseException | None = None
        self.offsets: dict[str, dict[TopicPartition, int]] = {EXTRACT_GROUP: {}, AGGREGATE_GROUP: {}}
        """The furthest that each group has been."""
        self.partitions: list[TopicPartition] = []
        """To be read; the reading thread takes it up."""
        self._assigned: list[TopicPartition] = []
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._guarded, args=(work,), daemon=True)
            for work in (self._read, self._watch)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def unread(self) -> int:
        """Offsets that extract has not committed yet; some are those of transaction markers, but the last one
        never is."""
        done = self.offsets[EXTRACT_GROUP]
        ends = {tp: last + 1 for tp, last in dict(self.seen.places).items() if tp.topic == Article.topic}
        return sum(max(0, end - done.get(tp, 0)) for tp, end in ends.items())

    def handled(self) -> int:
        """Articles and poison that are behind extract's committed offsets, whatever became of them."""
        return max(0, self.seen.arrived - self.unread())

    def close(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self.reader.close()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            while not self._stop.is_set():
                work()
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asks how it goes
            self.failure = error

    def _read(self) -> None:
        if self.partitions != self._assigned:
            self._assigned = self.partitions
            self.reader.assign(self._assigned)
        try:
            found = self.reader.records()
        except TransientError:
            return
        for one in found:
            self.seen.take(one)

    def _watch(self) -> None:
        for group in self.offsets:
            try:
                found = self.reader.committed(group)
            except TransientError:
                continue
            known = self.offsets[group]
            # the aggregator's offsets are only told to the log, by whoever owned a partition last; they may
            # be told late
            back = [f"{tp}: {known[tp]} → {at}" for tp, at in found.items() if at < known.get(tp, 0)]
            if group == EXTRACT_GROUP:
                self.rewinds += [rewind for rewind in back if rewind not in self.rewinds]
            known.update({tp: max(at, known.get(tp, 0)) for tp, at in found.items()})
        self._stop.wait(LOOK_S)


def gaps(moments: list[float]) -> Iterator[tuple[float, float]]:
    """``(seconds, began)`` of the time between each two moments."""
    for before, after in pairwise(moments):
        yield after - before, before
